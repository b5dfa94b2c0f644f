from pathlib import Path

import msgspec
import pytest
import torch
from picture_files import contents, png, write_folder, write_zip

from benchbox.data.pictures import Pictures, open_pictures
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec
from benchbox.records.events import AnyEvent, Noted, PhaseBegan, Progress

FILES = contents({"obj1": 3, "obj2": 2, "obj10": 2})


def _spec(path: Path, **changes: object) -> DataSpec:
    return msgspec.structs.replace(DataSpec(source=str(path), image_size=8), **changes)


def _open(path: Path, root: Path, seen: list[AnyEvent] | None = None, **changes: object) -> Pictures:
    observer = (seen if seen is not None else []).append
    return open_pictures(_spec(path, **changes), root=root, observer=observer)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "set", FILES)


def test_pictures_come_by_class_and_view_in_natural_order(folder: Path, tmp_path: Path) -> None:
    pictures = _open(folder, tmp_path)
    assert pictures.classes == ("obj1", "obj2", "obj10")
    assert pictures.labels.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert pictures.views == (0, 1, 2, 0, 1, 0, 1)
    assert pictures.pixels is not None
    assert (pictures.pixels.dtype, tuple(pictures.pixels.shape)) == (torch.uint8, (7, 1, 8, 8))


def test_a_shuffled_archive_gives_the_same_pictures(folder: Path, tmp_path: Path) -> None:
    shuffled = {f"top/{name}": FILES[name] for name in sorted(FILES, key=lambda name: name[::-1])}
    first, second = _open(folder, tmp_path), _open(write_zip(tmp_path / "z.zip", shuffled), tmp_path / "other")
    assert (first.names, first.digest) == (second.names, second.digest)
    assert torch.equal(first.pixels, second.pixels)  # type: ignore[arg-type]
    assert torch.equal(first.labels, second.labels)


def test_the_second_time_nothing_is_decoded(folder: Path, tmp_path: Path) -> None:
    seen: list[AnyEvent] = []
    first = _open(folder, tmp_path, seen)
    assert PhaseBegan(name="decoding") in seen
    assert seen[-1] == Progress(done=7, total=7)
    seen.clear()
    second = _open(folder, tmp_path, seen)
    assert PhaseBegan(name="decoding") not in seen
    assert torch.equal(first.pixels, second.pixels)  # type: ignore[arg-type]


def test_another_size_is_another_entry_of_the_cache(folder: Path, tmp_path: Path) -> None:
    _open(folder, tmp_path)
    assert _open(folder, tmp_path, image_size=4).shape == (1, 4, 4)


def test_a_damaged_cache_is_decoded_again_with_a_note(folder: Path, tmp_path: Path) -> None:
    first = _open(folder, tmp_path)
    (entry,) = (tmp_path / ".cache").glob("pixels-*.npz")
    entry.write_bytes(entry.read_bytes()[:-100])
    seen: list[AnyEvent] = []
    assert torch.equal(first.pixels, _open(folder, tmp_path, seen).pixels)  # type: ignore[arg-type]
    assert any(isinstance(event, Noted) and "damaged" in event.text for event in seen)


def test_a_cache_that_cannot_be_written_is_a_note(folder: Path, tmp_path: Path) -> None:
    root, seen = tmp_path / "root", list[AnyEvent]()
    root.write_text("a file where a folder should be")
    assert len(_open(folder, root, seen)) == 7
    assert any(isinstance(event, Noted) for event in seen)


def test_a_bad_file_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "obj1__9.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"obj1__9\.png cannot be read .*--skip-bad"):
        _open(folder, tmp_path)


def test_bad_files_are_skipped_on_request_from_the_cache_too(folder: Path, tmp_path: Path) -> None:
    clean = _open(folder, tmp_path)
    (folder / "obj1__9.png").write_bytes(FILES["obj1__0.png"][:50])
    for _ in range(2):
        pictures = _open(folder, tmp_path, skip_bad=True)
        assert [line.split()[0] for line in pictures.skipped] == ["obj1__9.png"]
        assert (pictures.names, pictures.digest) == (clean.names, clean.digest)
        assert torch.equal(pictures.pixels, clean.pixels)  # type: ignore[arg-type]


def test_a_class_of_bad_files_does_not_vanish(folder: Path, tmp_path: Path) -> None:
    write_folder(folder, {"zoo__1.png": b"x", "zoo__2.png": b"y"})
    with pytest.raises(DataError, match="class 'zoo' has no picture"):
        _open(folder, tmp_path, skip_bad=True)


def test_a_class_with_one_picture_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "lonely__1.png").write_bytes(png(7))
    with pytest.raises(DataError, match="class 'lonely' has a single picture"):
        _open(folder, tmp_path)


def test_equal_pixels_are_twins_even_in_other_bytes(folder: Path, tmp_path: Path) -> None:
    (folder / "obj2__5.png").write_bytes(FILES["obj1__1.png"])
    pictures = _open(folder, tmp_path)
    assert pictures.twins.tolist() == [0, 1, 2, 3, 4, 1, 6, 7]


def test_a_set_over_the_limit_is_streamed_with_the_same_pixels(folder: Path, tmp_path: Path) -> None:
    held, streamed = _open(folder, tmp_path), _open(folder, tmp_path, cache_limit=7 * 64 - 1)
    assert streamed.pixels is None
    assert torch.equal(streamed.decode([6, 0, 3]), held.decode([6, 0, 3]))
    assert streamed.digest == held.digest


def test_a_set_at_the_limit_is_held(folder: Path, tmp_path: Path) -> None:
    assert _open(folder, tmp_path, cache_limit=7 * 64).pixels is not None


def test_a_streamed_set_is_checked_before_it_is_used(folder: Path, tmp_path: Path) -> None:
    (folder / "obj1__9.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"obj1__9\.png"):
        _open(folder, tmp_path, cache_limit=0)


def test_equal_bytes_are_twins_where_pictures_are_streamed(folder: Path, tmp_path: Path) -> None:
    (folder / "obj2__5.png").write_bytes(FILES["obj1__1.png"])
    assert _open(folder, tmp_path, cache_limit=0).twins.tolist() == [0, 1, 2, 3, 4, 1, 6, 7]


def test_files_left_out_are_noted(folder: Path, tmp_path: Path) -> None:
    (folder / "photo.heic").write_bytes(b"")
    seen: list[AnyEvent] = []
    _open(folder, tmp_path, seen)
    assert any(isinstance(event, Noted) and "photo.heic" in event.text for event in seen)


def test_an_incomplete_coil20_is_noted(tmp_path: Path) -> None:
    write_folder(tmp_path / "coil20", FILES)
    seen: list[AnyEvent] = []
    open_pictures(DataSpec(source="coil20", image_size=8), root=tmp_path, observer=seen.append)
    assert Noted(text="COIL-20 has 1,440 pictures, but here are 7") in seen


@pytest.mark.coil20
def test_the_real_pictures_are_all_there(coil20_zip: Path, tmp_path: Path) -> None:
    pictures = open_pictures(DataSpec(source=str(coil20_zip)), root=tmp_path)
    assert pictures.pixels is not None
    assert tuple(pictures.pixels.shape) == (1440, 1, 128, 128)
    assert pictures.classes == tuple(f"obj{number}" for number in range(1, 21))
    assert pictures.labels.bincount().tolist() == [72] * 20
    assert pictures.twins.tolist() == list(range(1440))
