"""Files whole or not at all, and on the disk."""

import errno
import os
from pathlib import Path

import pytest

from benchbox.records.files import beside, remove_remains, sync_folder, write_whole


def test_a_file_is_forced_to_the_disk_before_it_has_its_name_and_its_name_after(tmp_path: Path) -> None:
    path, had_its_name = tmp_path / "file", list[bool]()
    write_whole(path, b"content", sync=lambda _: had_its_name.append(path.exists()))
    assert had_its_name == [False, True]
    assert path.read_bytes() == b"content"


@pytest.mark.skipif(os.name != "posix", reason="others synchronise no folders")
def test_a_file_system_that_synchronises_no_folders_is_left_alone_and_a_broken_disk_is_not(tmp_path: Path) -> None:
    def refuse(number: int) -> None:
        raise OSError(number, os.strerror(number))

    sync_folder(tmp_path, sync=lambda _: refuse(errno.EINVAL))
    with pytest.raises(OSError, match="Input/output error"):
        sync_folder(tmp_path, sync=lambda _: refuse(errno.EIO))


def test_only_what_writers_left_beside_a_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "a[1].pt"
    others = [
        tmp_path / name for name in ("a[1].pt", ".a[1].pt", ".a[1].pt-notes", beside(tmp_path / "a1.pt").name)
    ]
    remains = [beside(path), beside(path)]
    for file in (*others, *remains):
        file.touch()
    remove_remains(path)
    assert sorted(tmp_path.iterdir()) == sorted(others)
    remove_remains(tmp_path / "nowhere" / "a.pt")
