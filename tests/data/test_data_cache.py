from pathlib import Path

import numpy as np
import pytest

from benchbox.data.cache import Decoded, read_entry, write_entry, write_notes
from benchbox.records.events import AnyEvent, Noted
from benchbox.records.files import fill_whole

DECODED = Decoded(
    pixels=np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2),
    kept=np.array([0, 2, 3]),
    twins=np.array([0, 1, 0]),
    faults={1: "b.png cannot be read"},
)


def test_an_entry_comes_back_as_it_was_written(tmp_path: Path) -> None:
    seen: list[AnyEvent] = []
    write_entry(tmp_path / "deep" / "e.npz", DECODED, seen.append)
    entry = read_entry(tmp_path / "deep" / "e.npz", seen.append)
    assert entry is not None
    assert entry.pixels is not None
    assert np.array_equal(entry.pixels, DECODED.pixels)  # type: ignore[arg-type]
    assert entry.kept.tolist() == [0, 2, 3]
    assert entry.twins.tolist() == [0, 1, 0]
    assert (entry.faults, seen) == (DECODED.faults, [])


def test_an_entry_without_pixels_keeps_none(tmp_path: Path) -> None:
    nothing = Decoded(pixels=None, kept=DECODED.kept, twins=DECODED.twins, faults={})
    write_entry(tmp_path / "e.npz", nothing, lambda event: None)
    entry = read_entry(tmp_path / "e.npz", lambda event: None)
    assert entry is not None
    assert entry.pixels is None


@pytest.mark.parametrize("damage", [lambda data: data[:-30], lambda data: b"junk", lambda data: b""])
def test_a_damaged_entry_is_noted_and_not_used(tmp_path: Path, damage: object) -> None:
    path, seen = tmp_path / "e.npz", list[AnyEvent]()
    write_entry(path, DECODED, seen.append)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert read_entry(path, seen.append) is None
    assert [type(event) for event in seen] == [Noted]


def test_a_flipped_pixel_is_damage(tmp_path: Path) -> None:
    path, seen = tmp_path / "e.npz", list[AnyEvent]()
    write_entry(path, DECODED, seen.append)
    path.write_bytes(path.read_bytes().replace(bytes(range(12)), bytes(range(1, 13))))
    assert read_entry(path, seen.append) is None


def test_a_place_that_cannot_be_written_to_is_noted(tmp_path: Path) -> None:
    seen: list[AnyEvent] = []
    (tmp_path / "file").write_text("in the way")
    write_notes(tmp_path / "file" / "x.json", b"{}", seen.append)
    assert "going on without" in str(seen)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail(file: object) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fill_whole(path, fail)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("x", b"old")]
