"""Answers are compared with plain fp32's: what agrees passes, what is wrong, chance or no number is void."""

from dataclasses import replace as vary
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from runs import run_small, small_spec
from torch import nn
from works import open_small

from benchbox.engine.parity import COMPARED, TOLERANCE, Parity, compare, first_answers, own_logits, plain_logits
from benchbox.records.record import Record

FALSE_NETWORKS = """
import torch
from torch import nn


class Head(nn.Module):
    def __init__(self, classes, channels, fault):
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3, padding=1)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, classes))
        self.fault = fault

    def forward(self, x):
        logits = self.head(self.conv(x))
        return logits if x.is_meta else self.fault(x, logits)


def right(classes, channels):
    return Head(classes, channels, lambda x, logits: logits)


def wrong_in_autocast(classes, channels):
    return Head(classes, channels, lambda x, y: y.flip(1) if torch.is_autocast_enabled("cpu") else y)


def wrong_in_channels_last(classes, channels):
    return Head(classes, channels, lambda x, y: y if x.is_contiguous() else y.flip(1))


def overflowing_in_autocast(classes, channels):
    return Head(classes, channels, lambda x, y: y * float("inf") if torch.is_autocast_enabled("cpu") else y)


def no_numbers(classes, channels):
    return Head(classes, channels, lambda x, y: y * float("nan"))


def chance(classes, channels):
    return Head(classes, channels, lambda x, y: y + y.norm() * torch.randn_like(y))
"""


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("false") / "networks.py"
    path.write_text(FALSE_NETWORKS)
    return path


def run(networks: Path, name: str, *, task: str, pictures: Path, cache: Path, folder: Path) -> Record:
    """A cell in bf16 and channels_last on pictures of three channels: with one the formats are the same."""
    spec = small_spec(pictures, f"{networks}:{name}", cache=cache)
    spec = replace(
        spec,
        task=task,
        data=replace(spec.data, channels=3),
        placement=replace(spec.placement, precision="bf16", memory_format="channels_last"),
    )
    record = run_small(spec, folder, cache=cache)
    assert record.status == "ok", record.log
    return record


@pytest.mark.parametrize("task", ["infer", "train_step"])
def test_a_right_network_agrees(networks: Path, pictures: Path, cache: Path, tmp_path: Path, task: str) -> None:
    record = run(networks, "right", task=task, pictures=pictures, cache=cache, folder=tmp_path)
    assert record.actual.void == ""
    error, top1 = record.last("parity_error"), record.last("parity_top1")
    assert error is not None
    assert 0 < error < TOLERANCE["bf16"]
    assert top1 is not None
    assert 0 <= top1 <= 1


@pytest.mark.parametrize("task", ["infer", "train_step"])
@pytest.mark.parametrize("name", ["wrong_in_autocast", "wrong_in_channels_last", "chance"])
def test_a_wrong_answer_makes_the_cell_void(
    networks: Path, pictures: Path, cache: Path, tmp_path: Path, name: str, task: str
) -> None:
    record = run(networks, name, task=task, pictures=pictures, cache=cache, folder=tmp_path)
    error = record.last("parity_error")
    assert error is not None
    assert error > TOLERANCE["bf16"]
    assert f"differ from plain fp32's by {error:.2g} of their size" in record.actual.void
    assert "chance in its eval mode" in record.actual.void
    assert len(record.values("sample_seconds")) >= 6  # the numbers are kept


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("overflowing_in_autocast", "its answers are not finite numbers, plain fp32's are"),
        ("no_numbers", "there is nothing to compare with"),
    ],
)
def test_answers_that_are_no_numbers_are_void_and_not_measured(
    networks: Path, pictures: Path, cache: Path, tmp_path: Path, name: str, said: str
) -> None:
    record = run(networks, name, task="infer", pictures=pictures, cache=cache, folder=tmp_path)
    assert said in record.actual.void
    assert record.last("parity_error") is None


@pytest.mark.parametrize("task", ["infer", "train_step"])
def test_the_comparison_changes_nothing(
    own_networks: Path, pictures: Path, cache: Path, tmp_path: Path, task: str
) -> None:
    work = open_small(small_spec(pictures, "lenet", cache=cache, task=task), tmp_path, cache=cache)
    before = {name: (tensor.clone(), tensor.stride()) for name, tensor in work.network.state_dict().items()}
    was_training = work.network.training
    plain_logits(work.stage, work.batch())
    own_logits(work.stage, work.batch())
    for name, tensor in work.network.state_dict().items():
        assert torch.equal(tensor, before[name][0])
        assert tensor.stride() == before[name][1]
    assert work.network.training is was_training
    work.close()


class Watching(nn.Module):
    """Remembers in which mode, and with which layout of weights and pictures, it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.seen = nn.Conv2d(3, 4, 3), list[tuple[bool, bool, bool]]()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append((self.training, self.conv.weight.is_contiguous(), x.is_contiguous()))
        logits: torch.Tensor = self.conv(x).mean((2, 3))
        return logits


def test_plain_is_contiguous_through_and_through_and_both_are_in_eval_mode(
    pictures: Path, cache: Path, tmp_path: Path
) -> None:
    spec = small_spec(pictures, "lenet", cache=cache, task="train_step")
    spec = replace(spec, placement=replace(spec.placement, memory_format="channels_last"))
    work = open_small(spec, tmp_path, cache=cache)
    watching = Watching()
    stage = vary(work.stage, network=work.place.put(watching).train())
    batch = torch.randn(8, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    own_logits(stage, batch)
    plain_logits(stage, batch)
    assert watching.seen == [(False, False, False), (False, True, True)]
    work.close()


def test_a_cell_of_inference_is_asked_for_what_it_computed_itself(
    own_networks: Path, pictures: Path, cache: Path, tmp_path: Path
) -> None:
    work = open_small(small_spec(pictures, "lenet", cache=cache, task="infer"), tmp_path, cache=cache)
    answers = first_answers(work.call())
    assert answers.shape == (COMPARED, 3)
    assert compare(answers, plain_logits(work.stage, work.batch())).error < 1e-5


def test_the_answers_are_a_copy() -> None:
    logits = torch.ones(8, 3)
    kept = first_answers(logits)
    logits.zero_()
    assert torch.equal(kept, torch.ones(COMPARED, 3))


def test_the_error_is_relative_to_what_softmax_sees() -> None:
    plain = torch.tensor([[100.0, 102.0], [7.0, 5.0]])
    assert compare(plain + torch.tensor([[1.0], [-3.0]]), plain) == Parity(error=0.0, top1=1.0)
    # Centred, the logits are ±1, the difference is ±0.5.
    assert compare(plain + torch.tensor([[0.5, -0.5], [0.5, -0.5]]), plain) == Parity(error=0.5, top1=1.0)
    assert compare(plain.flip(1), plain) == Parity(error=2.0, top1=0.0)


@pytest.mark.parametrize("precision", sorted(TOLERANCE))
def test_one_wrong_picture_of_four_is_beyond_every_tolerance(precision: str) -> None:
    plain = torch.randn(4, 20, generator=torch.Generator().manual_seed(0))
    wrong = torch.cat([plain[:3], plain[3:].roll(1, dims=1)])
    assert compare(wrong, plain).error > TOLERANCE[precision]


def test_products_in_tf32_are_not_taken_for_fp32() -> None:
    """Ten bits of mantissa: an error of about 2⁻¹¹ in each factor."""
    random = torch.Generator().manual_seed(0)
    left, right = (torch.randn(64, 64, generator=random, dtype=torch.float64) for _ in range(2))

    def rounded(tensor: torch.Tensor) -> torch.Tensor:
        mantissa, exponent = torch.frexp(tensor)
        return torch.ldexp((mantissa * 2**11).round() / 2**11, exponent)

    assert compare(rounded(left) @ rounded(right), left @ right).error > TOLERANCE["fp32"]


def test_equal_answers_agree_even_if_they_say_nothing() -> None:
    assert compare(torch.zeros(4, 3), torch.zeros(4, 3)) == Parity(error=0.0, top1=1.0)
    assert compare(torch.full((4, 3), 5.0), torch.full((4, 3), 5.0)).error == 0.0


@given(st.floats(1e-6, 1e6), st.floats(0, 1))
def test_the_error_does_not_depend_on_the_scale(scale: float, error: float) -> None:
    plain = torch.tensor([[1.0, 2.0, 4.0]], dtype=torch.float64)
    centred = plain - plain.mean()
    seen = compare(scale * (plain + error * centred), scale * plain)
    assert seen.error == pytest.approx(error, abs=1e-9)
