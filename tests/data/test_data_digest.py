import os
from pathlib import Path

from picture_files import contents, png, write_folder, write_zip

from benchbox.data.digest import digest_of, hash_items
from benchbox.data.sources import find_source
from benchbox.records.events import AnyEvent, PhaseBegan

FILES = contents({"a": 2, "b": 2})


def _digest(path: Path, cache: Path, seen: list[AnyEvent] | None = None) -> str:
    source = find_source(str(path))
    observer = (seen if seen is not None else []).append
    return digest_of(source.items, hash_items(source, folder=cache, observer=observer))


def _make_old(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (1, 1))


def test_a_folder_and_a_zip_of_it_have_one_digest(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", FILES)
    wrapped = write_zip(tmp_path / "z.zip", {f"wrapper/{name}": FILES[name] for name in reversed(FILES)})
    assert _digest(folder, tmp_path / "c") == _digest(wrapped, tmp_path / "c")


def test_a_renamed_class_is_another_data_set(tmp_path: Path) -> None:
    first = write_folder(tmp_path / "1", FILES)
    second = write_folder(tmp_path / "2", {name.replace("a__", "c__"): data for name, data in FILES.items()})
    assert _digest(first, tmp_path / "c") != _digest(second, tmp_path / "c")


def test_sides_given_by_folders_belong_to_the_data_set(tmp_path: Path) -> None:
    digests = set()
    for held in ("a__0.png", "a__1.png"):
        files = {f"{'test' if name == held else 'train'}/{name}": data for name, data in FILES.items()}
        source = find_source(str(write_folder(tmp_path / held, files)), sides="asked")
        digests.add(digest_of(source.items, hash_items(source, folder=tmp_path / "c")))
    assert len(digests) == 2


def test_files_that_did_not_change_are_not_read_again(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", FILES)
    _make_old(folder)
    first = _digest(folder, tmp_path / "c")
    seen: list[AnyEvent] = []
    assert _digest(folder, tmp_path / "c", seen) == first
    assert seen == []


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", FILES)
    _make_old(folder)
    before = _digest(folder, tmp_path / "c")
    (folder / "a__0.png").write_bytes(png(99))
    assert _digest(folder, tmp_path / "c") != before


def test_files_changed_just_now_are_not_trusted_to_stay(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", FILES)
    _digest(folder, tmp_path / "c")
    seen: list[AnyEvent] = []
    _digest(folder, tmp_path / "c", seen)
    assert PhaseBegan(name="hashing") in seen


def test_damaged_notes_are_ignored(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "f", FILES)
    _make_old(folder)
    before = _digest(folder, tmp_path / "c")
    for note in (tmp_path / "c").iterdir():
        note.write_bytes(b"{")
    assert _digest(folder, tmp_path / "c") == before
