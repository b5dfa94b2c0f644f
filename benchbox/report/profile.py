"""The tables of profiled runs: the operators and layers on which a step's time goes, and where the trace is."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from benchbox.errors import RecordError
from benchbox.plan.spec import Plan, RunSpec
from benchbox.records.profile import Hotspot, Profile, read_profile
from benchbox.records.record import Record
from benchbox.report import text
from benchbox.report.grid import Cell, Column, Grid, Line
from benchbox.report.naming import labeller

COLUMNS = (
    Column(title="Where", is_text=True),
    Column(title="Calls"),
    Column(title="Time"),
    Column(title="Share", detail="%"),
)
BLANK = Cell(text="")


def profile_grids(folder: Path, plan: Plan, records: Sequence[Record]) -> list[Grid]:
    """One table a profiled run; of runs that repeat the same work, the first one's.

    A profile that cannot be read is a table that says so. Reads the profiles in the report's folder.
    """
    label = labeller(plan)
    first: dict[RunSpec, Record] = {}
    for record in records:
        if "profile" in record.files:
            first.setdefault(replace(record.spec, repeat=0), record)
    return [_grid(folder, f"{label(record.spec)}: profile", record) for record in first.values()]


def _grid(folder: Path, title: str, record: Record) -> Grid:
    try:
        profile = read_profile(folder / record.files["profile"])
    except RecordError as error:
        return Grid(title=title, columns=(), sections=(), notes=(str(error),))
    sections = [_section("Operators, own time", profile.operators)]
    if profile.layers:
        sections.append(_section("Layers, forward pass", profile.layers))
    notes = (_explained(profile), _trace_note(folder, record))
    return Grid(title=title, columns=COLUMNS, sections=tuple(sections), notes=notes)


def _section(head: str, spots: Sequence[Hotspot]) -> tuple[Line, ...]:
    return ((Cell(text=head), BLANK, BLANK, BLANK), *(_line(spot) for spot in spots))


def _line(spot: Hotspot) -> Line:
    return (
        Cell(text=spot.name, detail=spot.kind),
        Cell(text=f"{spot.calls:,g}"),
        Cell(text=text.duration(spot.seconds)),
        Cell(text=text.percent(spot.share)),
    )


def _explained(profile: Profile) -> str:
    step = f"a step, which took {text.duration(profile.step_seconds)} under the profiler"
    if profile.is_device_time:
        whole = f"the {text.duration(profile.counted_seconds)} in which {profile.device} worked in it"
    else:
        whole = "it, by the host's clock"
    said = f"Calls and time in {step} (mean of {profile.steps}); share of {whole}."
    if profile.layers:
        said += " A layer's time is that of its forward pass alone, with all that it calls."
    return said


def _trace_note(folder: Path, record: Record) -> str:
    trace = record.files.get("trace")
    if trace is None:
        return "No trace was kept; the notes say why."
    run = Path(trace).parent.as_posix()
    return f"Trace: the run {run} in TensorBoard (`make tensorboard`, or `tensorboard --logdir {folder}`)."
