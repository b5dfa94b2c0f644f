"""A machine is inspected whole; its fingerprint says what runs, by which variables."""

from pathlib import Path

import pytest
import torch
from runs import Events

from benchbox.engine.fingerprint import read_fingerprint, ruling
from benchbox.engine.inspect import inspect_machine
from benchbox.engine.place import make_place
from benchbox.errors import SpecError
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import PhaseBegan, Progress
from benchbox.records.inspection import InspectRequest

CPU = PlacementSpec(device="cpu", threads=1)


def test_everything_is_measured_on_the_device_that_was_asked_for() -> None:
    events = Events()
    seen = inspect_machine(InspectRequest(placement=CPU, seconds=0.1), observer=events)
    assert seen.placement.device == "cpu"
    assert seen.placement.precision in ("fp32", "bf16")
    assert [ceiling.precision for ceiling in seen.ceilings] == ["fp32", "bf16"]
    assert {ceiling.threads for ceiling in seen.ceilings} == {1}
    assert all(ceiling.flops_per_second > 0 and ceiling.copy_bytes_per_second > 0 for ceiling in seen.ceilings)
    assert 0 < seen.clock.step_seconds < 1e-3
    assert len(seen.series.blocks) >= 4
    before, after = seen.states
    assert after.seconds > before.seconds
    assert seen.fingerprint.threads == 1
    phases = [event.name for event in events if isinstance(event, PhaseBegan)]
    assert phases[0] == "ceiling of cpu in fp32"
    assert any(isinstance(event, Progress) for event in events)


def test_what_is_not_here_is_refused() -> None:
    with pytest.raises(SpecError, match="allowed"):
        inspect_machine(InspectRequest(placement=PlacementSpec(device="cuda:99"), seconds=0.1))
    with pytest.raises(SpecError, match="threads"):
        inspect_machine(InspectRequest(placement=PlacementSpec(device="cpu", threads=9999), seconds=0.1))


def test_only_variables_that_rule_speed_are_kept() -> None:
    variables = {"OMP_NUM_THREADS": "2", "HOME": "/root", "CUDA_VISIBLE_DEVICES": "1", "TORCHINDUCTOR_X": "y"}
    assert ruling(variables) == {"CUDA_VISIBLE_DEVICES": "1", "OMP_NUM_THREADS": "2"}


def test_the_fingerprint_says_what_runs(tmp_path: Path) -> None:
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text("150000 100000")
    seen = read_fingerprint(make_place(PlacementSpec(device="cpu", precision="fp32", threads=1)), root=tmp_path)
    assert seen.quota == 1.5
    assert (seen.device, seen.gpu, seen.driver, seen.cuda) == ("cpu", "", "", "")
    assert seen.torch == str(torch.__version__)
    assert seen.vector == torch.backends.cpu.get_cpu_capability()
    assert seen.flags["float32_matmul_precision"] == "highest"
    assert seen.python.count(".") == 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_gpu_is_inspected() -> None:
    seen = inspect_machine(InspectRequest(placement=PlacementSpec(device="cuda"), seconds=0.5))
    assert seen.fingerprint.gpu == torch.cuda.get_device_name(0)
    assert {ceiling.threads for ceiling in seen.ceilings} == {0}
