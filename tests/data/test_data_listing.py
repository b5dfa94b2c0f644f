import zipfile
from pathlib import Path

import pytest
from picture_files import write_folder, write_zip

from benchbox.data.listing import Reader, list_place
from benchbox.errors import DataError

FILES = {"a/1.png": b"one", "b/2.JPG": b"two", "notes.txt": b"text"}


def _names(path: Path) -> list[str]:
    return sorted(file.location for file in list_place(path).pictures)


def test_a_folder_and_its_zip_list_the_same_files(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", FILES)
    archive = write_zip(tmp_path / "f.zip", FILES)
    assert _names(folder) == _names(archive) == ["a/1.png", "b/2.JPG"]


def test_files_of_other_kinds_are_named_apart(tmp_path: Path) -> None:
    assert list_place(write_folder(tmp_path, FILES)).others == ("notes.txt",)


def test_clutter_is_not_seen(tmp_path: Path) -> None:
    clutter = {".hidden.png": b"", "__MACOSX/a.png": b"", ".git/b.png": b"", "Thumbs.db": b""}
    listing = list_place(write_folder(tmp_path, clutter))
    assert (listing.pictures, listing.others) == ((), ())


def test_linked_folders_are_followed_and_loops_end(tmp_path: Path) -> None:
    write_folder(tmp_path / "elsewhere", {"1.png": b""})
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    assert _names(tmp_path / "set") == ["a/1.png"]


@pytest.mark.parametrize("path", ["folder", "archive.zip"])
def test_a_reader_gives_the_bytes(tmp_path: Path, path: str) -> None:
    write_folder(tmp_path / "folder", FILES)
    write_zip(tmp_path / "archive.zip", FILES)
    with Reader(tmp_path / path) as read:
        assert read("a/1.png") == b"one"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with Reader(tmp_path) as read, pytest.raises(DataError, match=r"gone\.png"):
        read("gone.png")


@pytest.mark.parametrize("member", ["/etc/x.png", "../x.png", "a/../../x.png", "C:\\x.png", "..\\x.png"])
def test_a_member_that_leaves_the_folder_is_refused(tmp_path: Path, member: str) -> None:
    archive = write_zip(tmp_path / "bad.zip", {member: b""})
    with pytest.raises(DataError, match=r"bad\.zip: member .* leaves the folder"):
        list_place(archive)


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.zip"
    path.write_bytes(b"no archive")
    with pytest.raises(DataError, match="is not a zip"):
        list_place(path)


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"a/1.png": b"0123456789"})
    archive.write_bytes(archive.read_bytes().replace(b"0123456789", b"0123456780"))
    with Reader(archive) as read, pytest.raises(DataError, match=r"a/1\.png"):
        read("a/1.png")


def test_a_member_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file, file.open("a/1.pgm", "w") as member:
        for _ in range(257):
            member.write(bytes(2**20))
    with pytest.raises(DataError, match=r"a/1\.pgm has 269,484,032 bytes"):
        list_place(archive)
