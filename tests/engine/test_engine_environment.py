"""Where a run takes place: the record tells the environment, with the ceiling that was measured before it."""

from pathlib import Path

from runs import run_small, small_spec

from benchbox.engine.environment import read_environment
from benchbox.engine.place import make_place
from benchbox.plan.facts import Ceiling
from benchbox.plan.spec import PlacementSpec

CEILING = Ceiling(device="cpu", precision="fp32", threads=1, flops_per_second=5e10, copy_bytes_per_second=1e10)


def test_the_environment_is_that_of_the_place() -> None:
    seen = read_environment(make_place(PlacementSpec(device="cpu", precision="fp32", threads=1)))
    assert (seen.device, seen.threads, seen.ceiling) == ("cpu", 1, None)
    assert seen.cpu == seen.device_name != ""


def test_a_record_holds_the_ceiling_that_its_request_brought(
    pictures: Path, own_networks: Path, tmp_path: Path, cache: Path
) -> None:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache)
    record = run_small(spec, tmp_path, cache=cache, ceiling=CEILING)
    assert record.status == "ok"
    assert record.environment is not None
    assert record.environment.ceiling == CEILING
