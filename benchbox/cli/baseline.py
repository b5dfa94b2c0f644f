"""`benchbox baseline record`, `baseline show`: records that later runs are compared with."""

import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.console import Console

from benchbox.cli import gate_options as gate
from benchbox.cli import options
from benchbox.cli.conduct import was_typed
from benchbox.cli.gate_options import override, parse_today
from benchbox.cli.gate_rows import ROW_OPTIONS, All, RowBatch, RowTasks, as_option, choose_rows, resolve_rows
from benchbox.cli.output import Output, make_tell, say
from benchbox.errors import EXIT_OK, EXIT_UNASSERTED, RecordError, SpecError
from benchbox.gate.declared import Row
from benchbox.gate.settings import Settings, read_settings
from benchbox.gate.verdict import Verdict
from benchbox.plan.spec import RunSpec
from benchbox.records.files import write_whole
from benchbox.records.journal import find_journal, read_journal, storing
from benchbox.records.record import Record, encode

FILE = options.REPORTS / "baseline.jsonl"

app = typer.Typer(no_args_is_help=True, help="Records that later runs are compared with.")

File = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="Where it is stored.", rich_help_panel=options.OUTPUT)
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Store it even if rows of the old file are not in it.", rich_help_panel=options.OUTPUT
    ),
]
Stored = Annotated[Path, typer.Argument(metavar="FILE", help="A baseline, or a report's folder.")]


# Longer than forty lines: a command's signature is its list of options.
@app.command("record")
def record(
    context: typer.Context,
    models: options.Models = None,
    all_: All = False,
    metrics: gate.Metrics = None,
    preset: gate.PresetOption = None,
    margin: gate.Margin = None,
    config: gate.Config = None,
    tasks: RowTasks = "infer",
    batch_size: RowBatch = 8,
    image_size: options.ImageSize = 128,
    channels: options.Channels = 1,
    data: options.Data = "auto",
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    threads: options.Threads = None,
    pairs: gate.Pairs = None,
    seconds: gate.Seconds = None,
    time_limit: gate.TimeLimit = None,
    seed: gate.OrderSeed = None,
    out: File = FILE,
    force: Force = False,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Measure the code as it stands in two independent series, and store it only if they agree.

    With --metrics exact nothing is timed: the networks are counted, in seconds, and the file holds on any machine.
    """
    settings = override(
        read_settings(config),
        preset=preset,
        margin=margin,
        metrics=metrics,
        pairs=pairs,
        seconds=seconds,
        time_limit=time_limit,
        seed=seed,
    )
    wanted = choose_rows(
        models or [],
        all_=all_,
        tasks=tasks,
        settings={
            "batch_size": batch_size,
            "image_size": image_size,
            "channels": channels,
            "data": data,
            "device": device,
            "precision": precision,
            "threads": threads,
        },
        typed=[as_option(name) for name in ROW_OPTIONS if was_typed(context, name)],
        declared=settings.rows,
    )
    output = Output(out=out.parent, quiet=quiet, json=json)
    with tempfile.TemporaryDirectory(prefix="benchbox-baseline-") as temporary:
        folder = Path(temporary)
        if settings.metrics == ("exact",):
            records = count_rows(wanted, output, out, is_forced=force)
        else:
            records = measure_rows(wanted, settings, output, out, folder=folder, is_forced=force)
        store(out, records, folder=folder)
    print_file(out, today=parse_today(None), as_json=json)


def count_rows(wanted: Sequence[Row], output: Output, out: Path, *, is_forced: bool) -> tuple[Record, ...]:
    """The records of what can be counted.

    Raises SpecError where no row is a network to be counted. Leaves with 3 where one cannot be made.
    """
    # Imported here: the judge takes scipy, which --help must not wait for.
    from benchbox.cli.gate_record import count, exact_specs
    from benchbox.gate.baseline import failures
    from benchbox.report.live import make_display

    specs = exact_specs(row for row in wanted if not row.is_scored)
    scored = ", ".join(row.title for row in wanted if row.is_scored)
    if not specs:
        raise SpecError(
            f"metrics exact of {scored}",
            allowed="a row without a checkpoint, whose network is counted",
            hint="--metrics exact,accuracy evaluates the weights",
        )
    if scored and not output.quiet:
        say(output.stderr, f"left out, since only exact is gated: {scored}")
    refuse_loss(out, specs, is_forced=is_forced)
    with make_display(output.stderr, quiet=output.quiet, total=0) as display:
        records = count(specs, output, observer=display)
    refuse(failures(records), out)
    return records


def measure_rows(
    wanted: Sequence[Row], settings: Settings, output: Output, out: Path, *, folder: Path, is_forced: bool
) -> tuple[Record, ...]:
    """The records of two series, whose files are left in `folder`. Leaves with 3 where they disagree."""
    from benchbox.cli.gate_live import expectation, leaving, make_gate, watching
    from benchbox.cli.gate_record import measure_twice
    from benchbox.gate.baseline import failures

    planned = make_gate(resolve_rows(wanted, output), settings, today="")
    refuse_loss(out, [row.spec for row in planned.rows], is_forced=is_forced)
    console = output.stderr
    tell = make_tell(console, quiet=output.quiet)
    for note in planned.notes:
        tell(note)
    series = "two series: " if planned.has_pairs else ""
    tell(f"{series}{expectation(planned, of='fresh processes each', sides='a row')}")
    with leaving(None, output), watching(console, quiet=output.quiet) as observer:
        records, apart = measure_twice(planned, folder=folder, observer=observer, tell=tell)
    refuse(failures(records), out)
    is_of_times = any(verdict.group == "time" for verdict in apart)
    refuse(
        [disagreement(verdict) for verdict in apart],
        out,
        hint="A quieter machine, or longer --seconds, makes series agree." if is_of_times else "",
    )
    return records


def disagreement(verdict: Verdict) -> str:
    """What two series disagree in: of times the numbers of both, of all else what is said of it."""
    from benchbox.report.gate_words import tell

    told = tell(verdict)
    if verdict.group == "time" and verdict.bounds is not None:
        return (
            f"{told.name}: {told.base} in the first series, {told.new} in the second; beside their controls that "
            f"is {told.change}, and series must agree within {told.margin}"
        )
    return f"{told.name}: {told.state}: {told.why}"


def refuse(reasons: Sequence[str], out: Path, *, hint: str = "") -> None:
    """Leave with 3, saying why nothing was stored, where there is a reason."""
    if not reasons:
        return
    console = Console(stderr=True)
    for reason in reasons:
        say(console, reason)
    say(console, f"benchbox: nothing was stored in {out}. {hint}".rstrip())
    raise typer.Exit(EXIT_UNASSERTED)


def refuse_loss(out: Path, specs: Sequence[RunSpec], *, is_forced: bool) -> None:
    """Raises RecordError where a file is there that is no baseline, or has rows that would be lost."""
    from benchbox.gate.baseline import lost_rows

    if is_forced or not out.exists():
        return
    known = read_journal(out).records
    if not known and out.stat().st_size:
        raise RecordError(f"{out} is no baseline", allowed="one, or a new file", hint="store elsewhere with --out")
    lost = lost_rows((record.spec for record in known), specs)
    if lost:
        raise RecordError(
            f"{out} has rows that are not measured now: {', '.join(lost)}",
            allowed="the same rows, and more",
            hint="name them too, store elsewhere with --out, or give them up with --force",
        )


def store(out: Path, records: Sequence[Record], *, folder: Path) -> None:
    """Write a baseline, whole or not at all, and beside it the files that its records left in `folder`.

    Raises StorageError.
    """
    with storing(out):
        kept = [_with_files(record, folder, out) for record in records]
        write_whole(out, b"".join(encode(record) + b"\n" for record in kept))


def _with_files(record: Record, folder: Path, out: Path) -> Record:
    """The record with its files beside the baseline, below its name: another baseline there has its own."""
    moved = {}
    for kind, path in record.files.items():
        made = folder / path
        # What lies elsewhere, such as the checkpoint, stays where it is.
        if made.is_file() and not Path(path).is_absolute():
            place = Path(path).parent / out.stem / made.name
            write_whole(out.parent / place, made.read_bytes())
            moved[kind] = place.as_posix()
    return replace(record, files=record.files | moved)


@app.command("show")
def show(file: Stored = FILE, today: gate.Today = None, json: options.Json = False) -> None:
    """What a baseline holds, of which code and machine it is, how old it is, and whether to record a new one."""
    print_file(find_journal(file), today=parse_today(today), as_json=json)
    raise typer.Exit(EXIT_OK)


def print_file(file: Path, *, today: str, as_json: bool) -> None:
    """A baseline's rows and conditions on stdout."""
    from benchbox.gate.baseline import doubts
    from benchbox.gate.evidence import load_arm
    from benchbox.report.baseline import baseline_document, print_baseline

    arm = load_arm(file, today=today)
    doubtful = doubts(arm, torch=version("torch"))
    if as_json:
        sys.stdout.write(baseline_document(arm, doubts=doubtful, today=today).decode())
    else:
        print_baseline(Console(), arm, doubts=doubtful)
