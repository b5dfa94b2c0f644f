"""`benchbox data`, `data get`, `data show`: which pictures are there, how to get them, what lies in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

import msgspec
import typer
from rich.console import Console

from benchbox.cli import options
from benchbox.data.known import known_sources
from benchbox.data.sources import COIL20, TURNTABLE
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec
from benchbox.records.events import Observer, ignore
from benchbox.records.pictures import InspectRequest, PictureReport
from benchbox.report.pictures import picture_report, sources_table

T = TypeVar("T")

app = typer.Typer(invoke_without_command=True, help="The pictures: what is here, how to get them, what they are.")

INSPECT = "benchbox.data.inspection:inspect_pictures"


class Call(Protocol):
    """Calls a function by name in a child process, which may load torch."""

    def __call__(self, target: str, request: msgspec.Struct, *, returns: type[T], observer: Observer) -> T:
        """What the function returned. Its errors are raised here."""


def list_data(console: Console, *, root: Path, as_json: bool = False) -> None:
    """`benchbox data`: the data sets that have a name, and whether they are here."""
    known = known_sources(root=root)
    if as_json:
        print(msgspec.json.encode(known).decode())
    else:
        console.print(sources_table(known))


def get_data(
    name: str,
    console: Console,
    *,
    root: Path,
    from_file: Path | None = None,
    observer: Observer = ignore,
    get: Callable[..., Path],
) -> Path:
    """`benchbox data get coil20`: fetch the archive, or take it from a file, and say where it lies.

    Raises DataError for another name, and for all that `get_coil20` raises it for.
    """
    if name != COIL20:
        hint = "turntable is rendered when it is first used" if name == TURNTABLE else "give a folder with --data"
        raise DataError(f"{name!r} cannot be fetched", allowed=COIL20, hint=hint)
    path = get(root, from_file=from_file, observer=observer)
    console.print(f"COIL-20 is in {path}", highlight=False, soft_wrap=True)
    return path


def show_data(
    source: str,
    console: Console,
    *,
    call: Call,
    root: Path,
    sheet: Path | None = None,
    data: DataSpec | None = None,
    observer: Observer = ignore,
    as_json: bool = False,
) -> PictureReport:
    """`benchbox data show`: what lies in a data set; `sheet` is the contact sheet to write.

    `data` brings the options that a run would have (image size, split); its source is `source`.
    """
    spec = msgspec.structs.replace(data or DataSpec(), source=source)
    request = InspectRequest(data=spec, root=str(root), sheet=str(sheet or ""))
    report = call(INSPECT, request, returns=PictureReport, observer=observer)
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        console.print(picture_report(report))
    return report


@app.callback()
def data(context: typer.Context, json: options.Json = False) -> None:
    """Which data sets have a name here, and whether they are present."""
    if context.invoked_subcommand is None:
        list_data(Console(), root=options.DATASET, as_json=json)


@app.command("get")
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="coil20.")],
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Take the archive from this file and not from the network.", show_default=False
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Fetch a data set, or take it from a file."""
    from benchbox.data.download import get_coil20
    from benchbox.report.live import make_display

    with make_display(Console(stderr=True), quiet=quiet, total=0) as display:
        get_data(name, Console(), root=options.DATASET, from_file=from_file, observer=display, get=get_coil20)


@app.command("show")
def show(
    source: Annotated[
        str,
        typer.Argument(metavar="PICTURES", help="coil20, turntable, a folder or a zip; auto takes what is here."),
    ] = "auto",
    image_size: options.ImageSize = 128,
    channels: options.Channels = 1,
    fit_mode: options.FitModeOption = "stretch",
    split: options.Split = "random",
    val_fraction: options.ValFraction = 0.0,
    split_seed: options.SplitSeed = 0,
    sheet: Annotated[Path, typer.Option(help="Contact sheet to write.")] = options.REPORTS / "contact-sheet.png",
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Classes, counts, sizes, modes, duplicates, bad files, what a run would hold out; and a contact sheet."""
    from benchbox.report.live import make_display
    from benchbox.runner.child import call

    asked = DataSpec(
        image_size=image_size,
        channels=channels,
        fit_mode=fit_mode,
        split=split,
        val_fraction=val_fraction,
        split_seed=split_seed,
    )
    with make_display(Console(stderr=True), quiet=quiet, total=0) as display:
        show_data(
            source,
            Console(),
            call=call,
            root=options.DATASET,
            sheet=sheet,
            data=asked,
            observer=display,
            as_json=json,
        )
