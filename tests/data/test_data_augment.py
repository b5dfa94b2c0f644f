import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from benchbox.data.augment import Change, make_augmentation
from benchbox.plan.spec import Augment

KINDS: tuple[Augment, ...] = ("light", "standard")


def _make(kind: Augment, side: int) -> Change:
    change = make_augmentation(kind, side=side)
    assert change is not None
    return change


def _drawn(kind: Augment, pixels: Tensor, *, seed: int) -> Tensor:
    torch.manual_seed(seed)
    return _make(kind, pixels.shape[-1])(pixels)


def _noise(count: int, channels: int, side: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, channels, side, side), generator=generator, dtype=torch.uint8)


def test_none_is_no_change_at_all() -> None:
    assert make_augmentation("none", side=32) is None


@given(st.sampled_from(KINDS), st.integers(0, 4), st.sampled_from([1, 3]), st.integers(1, 40))
def test_pictures_keep_their_number_shape_and_type(kind: Augment, count: int, channels: int, side: int) -> None:
    pixels = _noise(count + 1, channels, side)
    changed = _make(kind, side)(pixels)
    assert (changed.shape, changed.dtype) == (pixels.shape, torch.uint8)


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_of_a_batch_has_draws_of_its_own(kind: Augment) -> None:
    alike = _noise(1, 1, 32).repeat(16, 1, 1, 1)
    changed = _drawn(kind, alike, seed=0)
    assert len({bytes(picture.flatten().tolist()) for picture in changed}) > 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_fixes_the_pictures(kind: Augment) -> None:
    pixels = _noise(8, 3, 32)
    assert torch.equal(_drawn(kind, pixels, seed=1), _drawn(kind, pixels, seed=1))
    assert not torch.equal(_drawn(kind, pixels, seed=1), _drawn(kind, pixels, seed=2))


@pytest.mark.parametrize("kind", KINDS)
def test_the_given_pictures_stay_as_they_are(kind: Augment) -> None:
    pixels = _noise(8, 1, 32)
    before = pixels.clone()
    _drawn(kind, pixels, seed=0)
    assert torch.equal(pixels, before)


@given(st.integers(0, 31), st.integers(0, 31), st.integers(0, 2**32))
def test_light_moves_a_point_by_a_sixteenth_of_the_side_at_most(row: int, column: int, seed: int) -> None:
    picture = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    picture[0, 0, row, column] = 255
    found = _drawn("light", picture, seed=seed)[0, 0].nonzero()
    # A point on the border may be repeated where a shift uncovers ground, or be shifted out of sight.
    is_inside = 2 <= row < 30 and 2 <= column < 30
    assert len(found) == 1 or not is_inside
    for place, other in found.tolist():
        assert abs(place - row) <= 2
        assert min(abs(other - column), abs(31 - other - column)) <= 2


def test_light_shifts_both_ways_and_mirrors_about_half() -> None:
    corner = torch.zeros(1, 1, 32, 32, dtype=torch.uint8)
    corner[0, 0, 10, 5] = 255
    changed = _drawn("light", corner.repeat(400, 1, 1, 1), seed=0)
    places = changed[:, 0].nonzero()[:, 1:]
    assert set(places[:, 0].tolist()) == {8, 9, 10, 11, 12}
    mirrored = int((places[:, 1] > 16).sum())
    assert 150 < mirrored < 250


def test_light_keeps_a_grey_picture_as_it_is() -> None:
    grey = torch.full((8, 3, 32, 32), 100, dtype=torch.uint8)
    assert torch.equal(_drawn("light", grey, seed=0), grey)


def test_standard_changes_the_light_and_erases_patches() -> None:
    grey = torch.full((200, 1, 32, 32), 100, dtype=torch.uint8)
    changed = _drawn("standard", grey, seed=0)
    tones = changed.flatten(1).amax(dim=1)
    assert 79 <= int(tones.min()) <= 85
    assert 115 <= int(tones.max()) <= 121
    erased = int((changed.flatten(1).amin(dim=1) == 0).sum())
    assert 25 < erased < 80


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_changes_pictures_where_they_are_and_as_the_cpu_does(kind: Augment) -> None:
    pixels = _noise(8, 3, 32)
    expected, changed = _drawn(kind, pixels, seed=3), _drawn(kind, pixels.cuda(), seed=3)
    assert changed.device.type == "cuda"
    # A rounding may fall to the other side; a wrong crop would be off by tens of grey levels.
    assert (changed.cpu().int() - expected.int()).abs().max() <= 2
