"""The report folder: a name of its own, links to the newest, and a clear word where it cannot be made."""

import sys
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from factories import sample_plan, sample_spec
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import StorageError, UsageError
from benchbox.plan.spec import Plan
from benchbox.records.files import file_names
from benchbox.runner.folder import make_folder, write_plan

NOW = datetime(2026, 11, 24, 10, 30, 5)


def test_the_folder_is_named_by_time_and_command(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "reports", "ablate speed", now=NOW).name == "20261124-103005-ablate-speed"


def test_two_within_a_second_get_folders_of_their_own(tmp_path: Path) -> None:
    folders = {make_folder(tmp_path, "bench", now=NOW) for _ in range(3)}
    assert {folder.name for folder in folders} == {
        "20261124-103005-bench",
        "20261124-103005-bench-2",
        "20261124-103005-bench-3",
    }


def test_the_links_point_at_the_newest(tmp_path: Path) -> None:
    make_folder(tmp_path, "bench", now=NOW)
    train = make_folder(tmp_path, "train", now=NOW)
    assert (tmp_path / "latest").resolve() == train.resolve()
    assert (tmp_path / "latest-bench").resolve().name == "20261124-103005-bench"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_folder_and_plan_are_on_the_disk_before_anything_is_measured(tmp_path: Path) -> None:
    synced: list[Path] = []

    def sync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    folder = make_folder(tmp_path / "reports", "bench", now=NOW, sync=sync)
    assert synced == [tmp_path / "reports", tmp_path]
    write_plan(folder, sample_plan("train", []), sync=sync)
    assert [path.parent for path in synced[2:]] == [folder, tmp_path / "reports"]
    assert synced[2].name.startswith(".plan.json-")


def test_a_place_that_cannot_hold_reports_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--out"):
        make_folder(tmp_path / "file" / "reports", "bench", now=NOW)


def test_the_plan_can_be_read_back(tmp_path: Path) -> None:
    plan = sample_plan("train", [])
    plan = msgspec.structs.replace(plan, specs=(sample_spec(),), labels=("lenet",))
    write_plan(tmp_path, plan)
    assert msgspec.json.decode((tmp_path / "plan.json").read_bytes(), type=Plan) == plan
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_plan_that_cannot_be_written_is_a_matter_of_storage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"plan\.json: "):
        write_plan(tmp_path / "file", sample_plan("train", []))


@given(st.lists(st.text(), unique=True))
def test_file_names_are_safe_and_each_is_given_once(labels: list[str]) -> None:
    names = file_names(labels)
    assert len(names) == len({name.lower() for name in names}) == len(labels)
    for name in names:
        assert 0 < len(name) < 128
        assert all(char.isascii() and (char.isalnum() or char in "._-") for char in name)
        assert not name.startswith(".")


def test_a_plain_label_keeps_its_words() -> None:
    assert file_names(["lenet seed 0"]) == ["lenet-seed-0"]


def test_a_long_label_keeps_its_head_and_its_tail() -> None:
    [name] = file_names([f"confusion {'deep/' * 100}networks.py:tiny"])
    assert len(name) == 100
    assert name.startswith("confusion-deep-deep")
    assert name.endswith("networks.py-tiny")
