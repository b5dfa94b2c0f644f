"""The kernel's OOM counters, from files as the kernel writes them."""

from pathlib import Path

import pytest

from benchbox.runner.oom import count_oom_kills, own_counters

VMSTAT = "nr_free_pages 123\noom_kill 3\npgfault 99\n"
EVENTS = "low 0\nhigh 0\nmax 12\noom 5\noom_kill 2\noom_group_kill 0\n"
CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"


def test_all_counters_are_added(tmp_path: Path) -> None:
    texts = {"vmstat": VMSTAT, "memory.events": EVENTS, "memory.oom_control": CONTROL}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    assert count_oom_kills([tmp_path / name for name in texts]) == 9


@pytest.mark.parametrize("text", ["", "oom 5\n", "oom_kill\n", "oom_kill_disable 7\n"])
def test_a_file_without_the_counter_counts_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "vmstat").write_text(text)
    assert count_oom_kills([tmp_path / "vmstat", tmp_path / "nowhere"]) == 0


def test_the_machine_and_the_own_groups_up_to_the_mount_are_asked_in_both_versions(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("7:cpu,memory:/jobs\n1:name=systemd:/init.scope\n0::/run\n")
    folders = ("cpu,memory/jobs", "cpu,memory", "run", ".")
    groups = [tmp_path / "sys/fs/cgroup" / folder for folder in folders]
    assert own_counters(tmp_path) == [
        tmp_path / "proc/vmstat",
        *(group / name for group in groups for name in ("memory.events", "memory.oom_control")),
    ]


def test_this_machine_can_be_asked() -> None:
    assert 0 <= count_oom_kills() <= count_oom_kills()
