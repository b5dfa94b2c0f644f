"""The tables of profiled runs as text: operators, layers, what shares are taken of, and where the trace is."""

from io import StringIO
from pathlib import Path

import pytest
from factories import fit_record, sample_plan, timed_record
from msgspec.structs import replace
from rich.console import Console

from benchbox.errors import RecordError
from benchbox.records.files import write_json
from benchbox.records.profile import Hotspot, Profile, read_profile
from benchbox.records.record import Record
from benchbox.report.grid import Grid, markdown_table, print_grid
from benchbox.report.profile import profile_grids

PROFILE = Profile(
    device="cpu",
    is_device_time=False,
    steps=3,
    step_seconds=0.25,
    counted_seconds=0.25,
    operators=(
        Hotspot(name="aten::mkldnn_convolution", calls=53, seconds=0.1, share=0.4),
        Hotspot(name="aten::copy_", calls=2.5, seconds=0.000_05, share=0.0002),
    ),
    layers=(Hotspot(name="stages.stage4.block1.conv2", kind="Conv2d", calls=1, seconds=0.02, share=0.08),),
)


def profiled(record: Record, folder: Path, *, name: str = "run", profile: Profile = PROFILE) -> Record:
    write_json(folder / "profiles" / f"{name}.json", profile)
    trace = f"trace/{name}/cpu.1.pt.trace.json.gz"
    return replace(record, files={"profile": f"profiles/{name}.json", "trace": trace})


def printed(grid: Grid, width: int = 80) -> str:
    console = Console(width=width, file=StringIO())
    print_grid(console, grid)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]


EXPECTED = """\
lenet: profile
Where                              Calls       Time  Share %
────────────────────────────────────────────────────────────
Operators, own time
aten::mkldnn_convolution              53     100 ms     40.0
aten::copy_                          2.5  0.0500 ms      0.0

Layers, forward pass
stages.stage4.block1.conv2 Conv2d      1    20.0 ms      8.0
· Calls and time in a step, which took 250 ms under the profiler (mean of 3);
  share of it, by the host's clock. A layer's time is that of its forward pass
  alone, with all that it calls.
· Trace: the run trace/run in TensorBoard (`make tensorboard`, or `tensorboard
  --logdir FOLDER`)."""


def test_operators_and_layers_stand_in_two_sections(tmp_path: Path) -> None:
    record = profiled(timed_record("lenet"), tmp_path)
    (grid,) = profile_grids(tmp_path, sample_plan("bench", [record]), [record])
    named = replace_folder(grid, tmp_path)
    assert printed(named) == EXPECTED


def replace_folder(grid: Grid, folder: Path) -> Grid:
    notes = tuple(note.replace(str(folder), "FOLDER") for note in grid.notes)
    return Grid(title=grid.title, columns=grid.columns, sections=grid.sections, notes=notes)


def test_on_a_gpu_shares_are_of_its_own_time(tmp_path: Path) -> None:
    seen = replace(PROFILE, device="cuda:0", is_device_time=True, counted_seconds=0.125)
    record = profiled(timed_record("lenet"), tmp_path, profile=seen)
    (grid,) = profile_grids(tmp_path, sample_plan("bench", [record]), [record])
    assert "share of the 125 ms in which cuda:0 worked in it." in grid.notes[0]


def test_without_layers_nothing_is_said_of_them(tmp_path: Path) -> None:
    record = profiled(timed_record("lenet"), tmp_path, profile=replace(PROFILE, layers=()))
    (grid,) = profile_grids(tmp_path, sample_plan("bench", [record]), [record])
    assert len(grid.sections) == 1
    assert "layer" not in grid.notes[0]


def test_without_a_trace_the_tables_say_so(tmp_path: Path) -> None:
    record = profiled(timed_record("lenet"), tmp_path)
    record = replace(record, files={"profile": record.files["profile"]})
    (grid,) = profile_grids(tmp_path, sample_plan("bench", [record]), [record])
    assert grid.notes[-1] == "No trace was kept; the notes say why."


def test_runs_without_a_profile_have_no_table(tmp_path: Path) -> None:
    records = [timed_record("lenet"), profiled(fit_record("alexnet"), tmp_path)]
    plan = sample_plan("bench", records, labels=("lenet infer", "alexnet fit"))
    assert [grid.title for grid in profile_grids(tmp_path, plan, records)] == ["alexnet fit: profile"]


def test_of_runs_that_repeat_the_same_work_the_first_is_shown(tmp_path: Path) -> None:
    record = timed_record("lenet")
    again = replace(record, spec=replace(record.spec, repeat=1))
    records = [profiled(record, tmp_path, name="one"), profiled(again, tmp_path, name="two")]
    (grid,) = profile_grids(tmp_path, sample_plan("bench", records), records)
    assert "trace/one" in grid.notes[-1]


def test_a_profile_that_cannot_be_read_is_told_in_its_place(tmp_path: Path) -> None:
    record = profiled(timed_record("lenet"), tmp_path)
    (tmp_path / record.files["profile"]).write_text("{")
    (grid,) = profile_grids(tmp_path, sample_plan("bench", [record]), [record])
    assert "cannot read the profile" in grid.notes[0]
    assert grid.sections == ()


@pytest.mark.parametrize("width", [80, 60])
def test_the_longest_names_are_folded_and_never_cut(tmp_path: Path, width: int) -> None:
    name = "autograd::engine::evaluate_function: ConvolutionBackward0"
    seen = replace(PROFILE, operators=(Hotspot(name=name, calls=1000, seconds=1.0, share=1.0),))
    record = profiled(timed_record("lenet"), tmp_path, profile=seen)
    (grid,) = profile_grids(tmp_path, sample_plan("bench", [record]), [record])
    said = printed(grid, width)
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= width
    assert "ConvolutionBackward0" in said.replace("\n", "")


def test_as_markdown_a_section_begins_with_its_name(tmp_path: Path) -> None:
    record = profiled(timed_record("lenet"), tmp_path)
    (grid,) = profile_grids(tmp_path, sample_plan("bench", [record]), [record])
    assert "| Layers, forward pass |  |  |  |" in markdown_table(grid)


def test_a_profile_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", PROFILE)
    assert read_profile(tmp_path / "run.json") == PROFILE


def test_a_profile_of_another_schema_is_refused(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", replace(PROFILE, schema=99))
    with pytest.raises(RecordError, match="schema 99"):
        read_profile(tmp_path / "run.json")
