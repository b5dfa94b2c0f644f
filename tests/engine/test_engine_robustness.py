"""Disturbed pictures: the same for everyone, as strong as is said, and scored in the record."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from runs import Events, run_small, small_spec
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from benchbox.engine.robustness import count_right, make_disturbance
from benchbox.records.events import PhaseBegan, Progress
from benchbox.records.record import Record
from benchbox.records.robustness import DISTURBANCES

NAMES = ("a/1.png", "a/2.png", "b/1.png")
ALL = [each.name for each in DISTURBANCES]


def pictures_of(side: int, *, channels: int = 1, count: int = 3, value: int | None = None) -> Tensor:
    shape = (count, channels, side, side)
    if value is not None:
        return torch.full(shape, value, dtype=torch.uint8)
    return torch.from_numpy(np.random.default_rng(side).integers(0, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_disturbed_alike_whatever_stands_beside_it_and_whatever_was_drawn_before(
    name: str, channels: int
) -> None:
    pixels = pictures_of(24, channels=channels)
    strength = next(each for each in DISTURBANCES if each.name == name).strengths[2]
    together = make_disturbance(name, pixels, NAMES)(strength)
    torch.manual_seed(5)
    torch.rand(7)
    alone = torch.cat([make_disturbance(name, pixels[i : i + 1], NAMES[i : i + 1])(strength) for i in (2, 1, 0)])
    assert torch.equal(together, alone.flip(0))
    assert (together.dtype, together.shape) == (torch.uint8, pixels.shape)


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_drawn_from_the_generator_of_the_run(name: str) -> None:
    before = torch.get_rng_state()
    make_disturbance(name, pictures_of(16), NAMES)(0.3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("side", [1, 2, 32, 224])
def test_every_strength_disturbs_more_than_the_one_before(name: str, side: int) -> None:
    pixels = pictures_of(side, count=3)
    strengths = next(each for each in DISTURBANCES if each.name == name).strengths
    disturb = make_disturbance(name, pixels, NAMES)
    distances = [float((disturb(strength).float() - pixels).abs().mean()) for strength in strengths]
    assert distances == sorted(distances)
    # What is relative to the side is less than a pixel of a tiny picture.
    assert side < 32 or 0 < distances[0] < distances[-1]


def test_noise_has_the_standard_deviation_that_is_said_and_every_picture_its_own() -> None:
    noisy = make_disturbance("noise", pictures_of(64, value=128), NAMES)(0.08).float()
    assert noisy.std(dim=(1, 2, 3)).tolist() == pytest.approx([0.08 * 255] * 3, rel=0.05)
    assert noisy.mean(dim=(1, 2, 3)).tolist() == pytest.approx([128.0] * 3, abs=1.5)
    assert not torch.equal(noisy[0], noisy[1])


@given(st.sampled_from([0.01, 0.04]), st.sampled_from([16, 32, 65]))
def test_a_blur_in_two_passes_is_the_blur_in_one(strength: float, side: int) -> None:
    pixels = pictures_of(side, count=1)
    blurred = make_disturbance("blur", pixels, NAMES[:1])(strength)
    sigma = strength * side
    width = 2 * int(np.ceil(3 * sigma)) + 1
    at_once = F.gaussian_blur(pixels.float(), kernel_size=[width, width], sigma=[sigma, sigma])
    assert (blurred.float() - at_once).abs().max() <= 0.51


@pytest.mark.parametrize(
    ("name", "strength", "value"), [("darker", 0.2, 20), ("brighter", 1.5, 150), ("brighter", 4.0, 255)]
)
def test_brightness_is_a_factor_that_ends_at_white(name: str, strength: float, value: int) -> None:
    changed = make_disturbance(name, pictures_of(8, value=100), NAMES)(strength)
    assert torch.equal(changed, pictures_of(8, value=value))


@pytest.mark.parametrize("side", [32, 224])
def test_a_square_covers_the_same_part_of_any_size_of_picture(side: int) -> None:
    covered = make_disturbance("occlusion", pictures_of(side, value=0), NAMES)(0.5) == 128
    assert covered.float().mean(dim=(1, 2, 3)).tolist() == [0.25] * 3
    # Corners, relative to the side, as they are in another size.
    corners = [
        (picture[0].any(1).float().argmax() / side, picture[0].any(0).float().argmax() / side)
        for picture in covered
    ]
    larger = make_disturbance("occlusion", pictures_of(2 * side, value=0), NAMES)(0.5) == 128
    again = [(p[0].any(1).float().argmax() / (2 * side), p[0].any(0).float().argmax() / (2 * side)) for p in larger]
    assert np.allclose(corners, again, atol=1.0 / side)
    assert len(set(map(str, corners))) == 3


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_what_a_network_says_in_no_numbers_is_wrong(broken: float) -> None:
    logits = torch.tensor([[2.0, 1.0], [1.0, 2.0], [broken, 1.0], [broken, broken], [1.0, 2.0]])
    labels = torch.tensor([0, 1, 0, 0, 0])
    assert int(count_right(logits, labels)) == 2


def test_a_network_of_nan_alone_is_right_on_nothing() -> None:
    assert int(count_right(torch.full((6, 3), float("nan")), torch.zeros(6, dtype=torch.int64))) == 0


@pytest.fixture(scope="module")
def trained(pictures: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Record]:
    """A report of a small network of one's own that tells the three classes apart."""
    folder = tmp_path_factory.mktemp("reports") / "train"
    spec = small_spec(pictures, "lenet", cache=cache)
    record = run_small(spec, folder, cache=cache, keeps_checkpoints=True)
    assert record.status == "ok", record.log
    return folder, record


def evaluated(trained: tuple[Path, Record], folder: Path, cache: Path, **changes: object) -> Record:
    path, record = trained
    spec = replace(record.spec, task="evaluate", checkpoint=str(path / record.files["last"]))
    spec = replace(spec, fit=replace(spec.fit, eval_batch_size=4), **changes)
    again = run_small(spec, folder, cache=cache, robustness=True, observer=(events := Events()))
    assert again.status == "ok", again.log
    assert PhaseBegan(name="robustness") in events
    assert Progress(done=6, total=6) in events
    return again


def test_an_evaluation_scores_every_strength_and_the_same_again(
    trained: tuple[Path, Record], tmp_path: Path, cache: Path
) -> None:
    one, two = (evaluated(trained, tmp_path / name, cache) for name in ("one", "two"))
    for each in DISTURBANCES:
        seen = one.values(each.metric)
        assert len(seen) == 5
        assert all(round(share * 6, 9) in range(7) for share in seen)
        assert two.values(each.metric) == seen


def test_streamed_pictures_are_disturbed_as_held_ones(
    trained: tuple[Path, Record], tmp_path: Path, cache: Path
) -> None:
    held = evaluated(trained, tmp_path / "held", cache)
    data = replace(held.spec.data, cache_limit=0)
    streamed = evaluated(trained, tmp_path / "streamed", cache, data=data)
    for each in DISTURBANCES:
        assert streamed.values(each.metric) == held.values(each.metric)


def test_without_being_asked_nothing_is_disturbed(
    trained: tuple[Path, Record], tmp_path: Path, cache: Path
) -> None:
    folder, record = trained
    spec = replace(record.spec, task="evaluate", checkpoint=str(folder / record.files["last"]))
    assert run_small(spec, tmp_path, cache=cache).values("accuracy_noise") == ()


# Bright pictures are too much for it.
DAZZLED = """
import torch
from torch import nn


class Dazzled(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.head = nn.Linear(64 * channels, classes)

    def forward(self, x):
        said = self.head(nn.functional.adaptive_avg_pool2d(x, 8).flatten(1))
        return said.masked_fill(x.mean((1, 2, 3))[:, None] > 1.5, torch.nan)
"""


def test_a_network_that_breaks_down_on_disturbed_pictures_is_right_on_none_of_them(
    pictures: Path, tmp_path: Path, cache: Path
) -> None:
    own = tmp_path / "own.py"
    own.write_text(DAZZLED)
    name = f"{own}:Dazzled"
    record = run_small(small_spec(pictures, name, cache=cache), tmp_path / "a", cache=cache, keeps_checkpoints=True)
    assert record.status == "ok", record.log
    spec = replace(record.spec, task="evaluate", checkpoint=str(tmp_path / "a" / record.files["last"]))
    again = run_small(spec, tmp_path / "b", cache=cache, robustness=True, model=name)
    assert again.status == "ok", again.log
    assert again.values("accuracy_brighter")[-1] == 0.0
