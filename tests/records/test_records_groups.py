"""Free memory is the machine's, or what a control group leaves; which groups those are, on trees made here."""

from pathlib import Path

import psutil
import pytest

from benchbox.records.groups import free_bytes, group_folders

MIB = 2**20


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


TWO = {
    "proc/self/cgroup": "0::/jobs/mine\n",
    "sys/fs/cgroup/jobs/mine/memory.max": "max\n",
    "sys/fs/cgroup/jobs/mine/memory.current": f"{10 * MIB}\n",
    "sys/fs/cgroup/jobs/memory.max": f"{64 * MIB}\n",
    "sys/fs/cgroup/jobs/memory.current": f"{50 * MIB}\n",
    "sys/fs/cgroup/jobs/memory.stat": f"anon 3\ninactive_file {6 * MIB}\nactive_file 9\n",
}
ONE = {
    "proc/self/cgroup": "5:cpu,cpuacct:/\n4:memory:/outside\n0::/\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{32 * MIB}\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{12 * MIB}\n",
}


@pytest.mark.parametrize(("files", "free"), [(TWO, 20 * MIB), (ONE, 20 * MIB)])
def test_the_tightest_group_counts(tmp_path: Path, files: dict[str, str], free: int) -> None:
    assert free_bytes(write(tmp_path, files)) == free


def test_a_group_that_is_full_leaves_nothing(tmp_path: Path) -> None:
    full = TWO | {"sys/fs/cgroup/jobs/memory.current": f"{99 * MIB}\n"}
    assert free_bytes(write(tmp_path, full)) == 0


def test_without_groups_the_machine_says_it(tmp_path: Path) -> None:
    available = psutil.virtual_memory().available
    assert free_bytes(tmp_path) == pytest.approx(available, rel=0.5)


@pytest.mark.parametrize(
    ("controller", "folders"),
    [("memory", ["memory/outside", "memory", "."]), ("cpu", ["cpu,cpuacct", "."]), ("pids", ["."])],
)
def test_the_folders_reach_from_the_own_group_to_the_mount(
    tmp_path: Path, controller: str, folders: list[str]
) -> None:
    mount = tmp_path / "sys/fs/cgroup"
    assert list(group_folders(controller, write(tmp_path, ONE))) == [mount / folder for folder in folders]
