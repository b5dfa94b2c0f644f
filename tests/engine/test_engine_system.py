"""What is read from /proc and /sys, on trees made here."""

from pathlib import Path

import pytest

from benchbox.engine import system


def put(root: Path, path: str, content: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def test_nothing_is_known_where_nothing_is(tmp_path: Path) -> None:
    assert system.count_runnable(tmp_path) is None
    assert system.governors(tmp_path) == ()
    assert system.has_turbo(tmp_path) is None
    assert not system.is_virtual(tmp_path)
    assert system.stolen_share(tmp_path) is None
    assert system.cpu_quota(tmp_path) is None


def test_runnable_threads_are_counted(tmp_path: Path) -> None:
    put(tmp_path, "proc/loadavg", "0.50 0.40 0.30 3/91 4762\n")
    assert system.count_runnable(tmp_path) == 3


def test_governors_are_told_once_each(tmp_path: Path) -> None:
    for core, governor in enumerate(("powersave", "powersave", "performance")):
        put(tmp_path, f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor", governor + "\n")
    assert system.governors(tmp_path) == ("powersave", "performance")


@pytest.mark.parametrize(
    ("path", "content", "has_turbo"),
    [
        ("intel_pstate/no_turbo", "0", True),
        ("intel_pstate/no_turbo", "1", False),
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "0", False),
    ],
)
def test_turbo_is_read_of_both_makers(tmp_path: Path, path: str, content: str, has_turbo: bool) -> None:
    put(tmp_path, f"sys/devices/system/cpu/{path}", content)
    assert system.has_turbo(tmp_path) is has_turbo


def test_a_hypervisor_says_that_it_is_there(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", "model name\t: the hypervisor of cores\nflags\t\t: fpu vme\n")
    assert not system.is_virtual(tmp_path)
    put(tmp_path, "proc/cpuinfo", "model name\t: A\nflags\t\t: fpu hypervisor vme\n")
    assert system.is_virtual(tmp_path)


def test_the_stolen_share_is_of_all_time_and_guests_count_once(tmp_path: Path) -> None:
    put(tmp_path, "proc/stat", "cpu  40 0 20 30 0 0 0 10 25 0\ncpu0 1 2 3\n")
    assert system.stolen_share(tmp_path) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("limits", "quota"),
    [
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu.max": "max 100000"}, None),
        ({"pod/cpu.max": "400000 100000", "cpu.max": "200000 100000"}, 2.0),
        ({"pod/box/cpu.max": "50000 100000", "cpu.max": "200000 100000"}, 0.5),
    ],
)
def test_the_tightest_limit_of_cgroups_2_counts(
    tmp_path: Path, limits: dict[str, str], quota: float | None
) -> None:
    put(tmp_path, "proc/self/cgroup", "0::/pod/box\n")
    for path, content in limits.items():
        put(tmp_path, f"sys/fs/cgroup/{path}", content)
    assert system.cpu_quota(tmp_path) == quota


@pytest.mark.parametrize(("quota", "cores"), [("300000", 3.0), ("-1", None)])
def test_the_limit_of_cgroups_1_counts(tmp_path: Path, quota: str, cores: float | None) -> None:
    put(tmp_path, "proc/self/cgroup", "4:memory:/a\n1:cpu,cpuacct:/docker/abc\n0::/\n")
    # A container shows its own group at the mount's root.
    put(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", quota)
    put(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000")
    assert system.cpu_quota(tmp_path) == cores
