"""Each thing that makes times doubtful is found on a machine that has it, and on no other."""

from pathlib import Path
from typing import Any

import pytest

from benchbox.engine.cautions import find_cautions
from benchbox.records.inspection import Caution
from benchbox.records.machine import GpuState, MachineState

CPU = "sys/devices/system/cpu"
VIRTUAL = {"proc/cpuinfo": "flags : fpu hypervisor", "proc/stat": "cpu 50 0 20 25 0 0 0 5 0 0"}


def found(root: Path, *, files: dict[str, str], threads: int = 4, **fields: Any) -> tuple[Caution, ...]:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    shares = {name: fields.pop(name) for name in ("free_share", "swap_share") if name in fields}
    state = MachineState(**{"seconds": 0.0, "cores": 4, "load": 0.5, **fields})
    return find_cautions(state, threads=threads, root=root, **{"free_share": 0.5, "swap_share": 0.0, **shares})


def test_a_good_machine_has_none(tmp_path: Path) -> None:
    files = {
        f"{CPU}/cpu0/cpufreq/scaling_governor": "performance",
        f"{CPU}/cpufreq/boost": "0",
        "sys/fs/cgroup/cpu.max": "400000 100000",
        "proc/self/cgroup": "0::/",
        "proc/cpuinfo": "flags : fpu hypervisor",
        "proc/stat": "cpu 50 0 20 30 0 0 0 0 0 0",
    }
    gpu = GpuState(throttled=("power cap",))
    assert found(tmp_path, files=files, gpu=gpu) == ()


@pytest.mark.parametrize(
    ("files", "fields", "caution"),
    [
        ({}, {"load": 2.5}, Caution(kind="load", value=2.5)),
        ({}, {"swap_share": 0.4}, Caution(kind="swap", value=0.4)),
        ({}, {"free_share": 0.05}, Caution(kind="memory", value=0.05)),
        (
            {f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave"},
            {},
            Caution(kind="governor", name="powersave"),
        ),
        ({f"{CPU}/intel_pstate/no_turbo": "0"}, {}, Caution(kind="turbo")),
        ({"sys/fs/cgroup/cpu.max": "150000 100000"}, {}, Caution(kind="quota", value=1.5)),
        (VIRTUAL, {}, Caution(kind="stolen", value=0.05)),
        (
            {},
            {"gpu": GpuState(throttled=("power cap", "power brake"))},
            Caution(kind="throttled", name="power brake"),
        ),
        (
            {},
            {"gpu": GpuState(foreign=("python (process 7)",))},
            Caution(kind="foreign", name="python (process 7)"),
        ),
    ],
)
def test_what_is_amiss_is_found(
    tmp_path: Path, files: dict[str, str], fields: dict[str, Any], caution: Caution
) -> None:
    assert found(tmp_path, files=files, **fields) == (caution,)


def test_a_quota_that_covers_the_threads_is_none_of_our_business(tmp_path: Path) -> None:
    assert found(tmp_path, files={"sys/fs/cgroup/cpu.max": "150000 100000"}, threads=1) == ()
