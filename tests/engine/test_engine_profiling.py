"""A profiled pass: its tables and trace, what it must not change, and what it says where something is missing."""

import dataclasses
import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from runs import Events, run_small, small_spec
from torch import nn
from torch.profiler import ProfilerActivity

from benchbox.engine.findings import Findings
from benchbox.engine.hotspots import LAYER
from benchbox.engine.place import Place
from benchbox.engine.profiling import COMPILED, WARMUP_STEPS, active_steps, activities, profile
from benchbox.engine.stage import Context
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec
from benchbox.records.events import PhaseBegan
from benchbox.records.profile import Profile, read_profile
from benchbox.records.record import Record

CPU = Place(
    device=torch.device("cpu"),
    dtype=None,
    memory_format=torch.channels_last,
    is_fused=False,
    is_compiled=False,
)


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))


def context(folder: Path) -> Context:
    events = Events()
    request = RunRequest(spec=RunSpec(), name="run", folder=str(folder))
    return Context(request=request, observer=events, clock=time.perf_counter, findings=Findings(events))


def profiled(folder: Path, *, place: Place = CPU, estimate: float = 0.01) -> tuple[Context, list[int]]:
    """Profile the forward pass of a small network; also how often it was called."""
    here, calls = context(folder), [0]
    student = network()
    pictures = torch.randn(2, 1, 8, 8)

    def step() -> None:
        calls[0] += 1
        student(pictures)

    profile(here, step, place=place, network=student, estimate=estimate)
    return here, calls


def tables(here: Context) -> Profile:
    return read_profile(here.folder / here.findings.files["profile"])


def test_it_leaves_tables_and_a_trace(tmp_path: Path) -> None:
    here, _ = profiled(tmp_path)
    assert set(here.findings.files) == {"profile", "trace"}
    assert here.findings.notes == []
    assert isinstance(here.observer, Events)
    assert list(here.observer) == [PhaseBegan(name="profile")]
    trace = json.loads(gzip.decompress((tmp_path / here.findings.files["trace"]).read_bytes()))
    names = {event.get("name") for event in trace["traceEvents"]}
    assert {f"{LAYER}0", f"{LAYER}3", "aten::conv2d"} <= names


def test_the_tables_count_calls_and_seconds_of_one_step(tmp_path: Path) -> None:
    seen = tables(profiled(tmp_path)[0])
    calls = {spot.name: spot.calls for spot in seen.operators}
    assert calls["aten::mkldnn_convolution"] == 1
    assert (seen.device, seen.is_device_time, seen.steps) == ("cpu", False, 5)
    assert 0 < sum(spot.share for spot in seen.operators) <= 1.001
    assert all(spot.seconds == pytest.approx(spot.share * seen.step_seconds) for spot in seen.operators)
    times = [spot.seconds for spot in seen.operators]
    assert times == sorted(times, reverse=True)


def test_layers_are_named_by_their_paths(tmp_path: Path) -> None:
    seen = tables(profiled(tmp_path)[0])
    assert {spot.name: spot.kind for spot in seen.layers} == {
        "0": "Conv2d",
        "1": "ReLU",
        "2": "Flatten",
        "3": "Linear",
    }
    assert all(spot.calls == 1 for spot in seen.layers)


def test_ranges_are_no_operators(tmp_path: Path) -> None:
    names = [spot.name for spot in tables(profiled(tmp_path)[0]).operators]
    assert not [name for name in names if name.startswith((LAYER, "ProfilerStep"))]


@pytest.mark.parametrize(("estimate", "steps"), [(0.0, 5), (0.9, 5), (1.3, 3), (2.0, 3), (2.1, 1), (60.0, 1)])
def test_slow_steps_are_profiled_less_often(estimate: float, steps: int) -> None:
    assert active_steps(estimate) == steps


def test_it_runs_one_step_before_those_that_it_shows(tmp_path: Path) -> None:
    here, calls = profiled(tmp_path, estimate=3.0)
    assert calls == [WARMUP_STEPS + 1]
    assert tables(here).steps == 1


def test_the_host_alone_is_watched_where_there_is_no_gpu() -> None:
    assert activities(torch.device("cpu")) == [ProfilerActivity.CPU]


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for what a machine without CUDA does")
def test_a_gpu_that_the_profiler_does_not_see_is_no_error() -> None:
    assert activities(torch.device("cuda")) == [ProfilerActivity.CPU]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_the_times_are_its_own(tmp_path: Path) -> None:
    here, student = context(tmp_path), network().cuda()
    pictures = torch.randn(2, 1, 8, 8, device="cuda")
    place = dataclasses.replace(CPU, device=torch.device("cuda", 0))
    profile(here, lambda: student(pictures), place=place, network=student, estimate=0.01)
    seen = tables(here)
    assert (seen.device, seen.is_device_time, here.findings.notes) == ("cuda:0", True, [])
    # Own times of all operators are the time of all kernels; a layer's is within it.
    assert 0 < sum(spot.share for spot in seen.operators) <= 1.01
    assert 0 < sum(spot.share for spot in seen.layers) <= 1.01


def test_a_compiled_network_has_operators_only_and_a_note(tmp_path: Path) -> None:
    here, _ = profiled(tmp_path, place=dataclasses.replace(CPU, is_compiled=True))
    assert tables(here).layers == ()
    assert tables(here).operators
    assert here.findings.notes == [COMPILED]


def test_it_says_nothing_to_the_terminal(tmp_path: Path) -> None:
    # Kineto reads its level once a process, and other tests may have used it before.
    here = Path(__file__)
    script = f"from {here.stem} import profiled; from pathlib import Path; profiled(Path({str(tmp_path)!r}))"
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=here.parent,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")
    assert (tmp_path / "trace" / "run").exists()


def test_the_users_own_level_of_the_profilers_log_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINETO_LOG_LEVEL", "5")
    profiled(tmp_path)
    assert os.environ["KINETO_LOG_LEVEL"] == "5"
    monkeypatch.delenv("KINETO_LOG_LEVEL")
    profiled(tmp_path)
    assert "KINETO_LOG_LEVEL" not in os.environ


def test_without_room_for_a_trace_the_tables_remain_and_a_note_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("a file where the folder should be")
    here, _ = profiled(tmp_path)
    assert set(here.findings.files) == {"profile"}
    (note,) = here.findings.notes
    assert note.startswith("no trace was kept: ")
    assert "--out" in note


def test_without_any_room_there_are_two_notes_and_no_files(tmp_path: Path) -> None:
    for name in ("trace", "profiles"):
        (tmp_path / name).write_text("a file where the folder should be")
    here, _ = profiled(tmp_path)
    assert here.findings.files == {}
    assert [note.split(":")[0] for note in here.findings.notes] == ["no profile was kept", "no trace was kept"]


@pytest.fixture
def spec(pictures: Path, own_networks: Path, cache: Path) -> RunSpec:
    return small_spec(pictures, f"{own_networks}:small", cache=cache)


def weights(folder: Path, record: Record, kind: str) -> dict[str, torch.Tensor]:
    return torch.load(folder / record.files[kind], weights_only=True)["weights"]  # type: ignore[no-any-return]


CURVES = ("train_loss", "test_loss", "test_accuracy", "learning_rate", "top1", "loss", "correct")


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine"])
def test_profiling_changes_nothing_of_a_fit(spec: RunSpec, tmp_path: Path, cache: Path, schedule: str) -> None:
    asked = replace(spec, fit=replace(spec.fit, schedule=schedule))
    folders = (tmp_path / "without", tmp_path / "with")
    records = [
        run_small(asked, folder, cache=cache, keeps_checkpoints=True, profiles=profiles)
        for folder, profiles in zip(folders, (False, True), strict=True)
    ]
    assert [record.status for record in records] == ["ok", "ok"], records[1].log
    without, with_profile = records
    assert set(with_profile.files) - set(without.files) == {"profile", "trace"}
    assert [seen.metric for seen in without.measurements] == [seen.metric for seen in with_profile.measurements]
    assert all(without.values(curve) == with_profile.values(curve) for curve in CURVES)
    for kind in ("best", "last"):
        one, two = (weights(folder, record, kind) for folder, record in zip(folders, records, strict=True))
        assert all(torch.equal(one[name], two[name]) for name in one)
    predictions = [(folder / "predictions" / "run.csv").read_bytes() for folder in folders]
    assert predictions[0] == predictions[1]


def test_a_fits_profile_is_of_training_steps(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    events = Events()
    record = run_small(spec, tmp_path, cache=cache, profiles=True, observer=events)
    assert [event.name for event in events if isinstance(event, PhaseBegan)][-1] == "profile"
    seen = read_profile(tmp_path / record.files["profile"])
    assert {"pool", "head"} == {spot.name for spot in seen.layers}
    calls = {spot.name: spot.calls for spot in seen.operators}
    assert calls["aten::addmm"] == 1


def test_a_fit_with_a_loader_and_few_pictures_can_be_profiled(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    slim = replace(
        spec, placement=replace(spec.placement, feed="loader"), fit=replace(spec.fit, batch_size=54, epochs=1)
    )
    record = run_small(slim, tmp_path, cache=cache, profiles=True)
    assert (record.status, record.actual.notes) == ("ok", ()), record.log
    assert "trace" in record.files


def test_a_fit_goes_well_where_its_trace_cannot_be_kept(spec: RunSpec, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "trace").write_text("a file where the folder should be")
    record = run_small(spec, tmp_path, cache=cache, profiles=True)
    assert record.status == "ok"
    assert "trace" not in record.files
    assert "no trace was kept" in record.actual.notes[0]
