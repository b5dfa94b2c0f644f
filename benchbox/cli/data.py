"""`benchbox data`, `data get`, `data show`: which pictures are there, how to get them, what lies in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from rich.console import Console

from benchbox.data.download import get_coil20
from benchbox.data.known import known_sources
from benchbox.data.sources import COIL20, TURNTABLE
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec
from benchbox.records.events import Observer, ignore
from benchbox.records.pictures import InspectRequest, PictureReport
from benchbox.report.pictures import picture_report, sources_table

T = TypeVar("T")

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
    get: Callable[..., Path] = get_coil20,
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

    `data` brings the options that a run would have (image size, split seed); its source is `source`.
    """
    spec = msgspec.structs.replace(data or DataSpec(), source=source)
    request = InspectRequest(data=spec, root=str(root), sheet=str(sheet or ""))
    report = call(INSPECT, request, returns=PictureReport, observer=observer)
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        console.print(picture_report(report))
    return report
