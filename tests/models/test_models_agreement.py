"""Does a network run as asked? Falls back, or says why not."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from benchbox.errors import Interrupted, ModelError
from benchbox.models import agree_on_format, build
from benchbox.models.agreement import on_meta
from benchbox.plan.spec import MemoryFormat, ModelSpec


class Small(nn.Module):
    """One convolution and a classifier; `end` turns feature maps of (batch, 4, side, side) into logits."""

    def __init__(self, end: Callable[[Tensor], object], *, channels: int = 1, side: int = 16) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3, padding=1)
        self.linear = nn.Linear(4 * side * side, 6)
        self.end = end
        self.calls = 0

    def forward(self, x: Tensor) -> object:
        self.calls += 1
        return self.end(self.linear(self.conv(x).flatten(1)))


class Viewing(Small):
    """The classic mistake: a view of a channels_last tensor."""

    def forward(self, x: Tensor) -> object:
        maps = self.conv(x)
        return self.end(self.linear(maps.view(len(maps), -1)))


def agree(
    network: nn.Module, *, channels: int = 1, memory_format: MemoryFormat = "channels_last"
) -> tuple[str, str]:
    return agree_on_format(network, channels=channels, image_size=16, classes=6, memory_format=memory_format)


def same(logits: Tensor) -> Tensor:
    return logits


@pytest.mark.parametrize("memory_format", ["channels_last", "contiguous"])
def test_what_runs_as_asked_is_agreed_without_a_note(memory_format: MemoryFormat) -> None:
    assert agree(Small(same), memory_format=memory_format) == (memory_format, "")


@pytest.mark.parametrize("is_meta", [True, False])
def test_a_signal_while_it_is_tried_is_no_refusal(is_meta: bool) -> None:
    """On the meta device, and in the real run of a network that needs numbers."""

    def stop(logits: Tensor) -> Tensor:
        if logits.is_meta is is_meta:
            raise Interrupted
        raise ZeroDivisionError("by zero")

    with pytest.raises(Interrupted):
        agree(Small(stop))


def test_a_network_of_the_zoo_runs_in_channels_last() -> None:
    network = build(ModelSpec(name="efficientnet_b0"), classes=6, channels=1, image_size=16)
    assert agree(network) == ("channels_last", "")


def test_a_view_falls_back_to_contiguous_and_says_why() -> None:
    chosen, note = agree(Viewing(same, channels=3), channels=3)
    assert chosen == "contiguous"
    assert note.startswith("runs in contiguous, since channels_last fails: RuntimeError: ")
    assert "view" in note
    assert "\n" not in note


def test_a_view_runs_where_contiguous_was_asked_for() -> None:
    assert agree(Viewing(same, channels=3), channels=3, memory_format="contiguous") == ("contiguous", "")


def test_three_fixed_channels_are_refused_with_the_option() -> None:
    with pytest.raises(ModelError, match=r"3-channel pictures, got 1-channel ones\. add `--channels 3`"):
        agree(Small(same, channels=3))


def test_one_fixed_channel_is_refused_with_the_option() -> None:
    with pytest.raises(ModelError, match=r"1-channel pictures, got 3-channel ones\. add `--channels 1`"):
        agree(Small(same), channels=3)


def test_a_wrong_size_is_refused_with_the_reason() -> None:
    with pytest.raises(ModelError, match="cannot run on pictures of 1×16×16 in contiguous: RuntimeError"):
        agree(Small(same, side=32))


@pytest.mark.parametrize(
    ("end", "got"),
    [
        (lambda logits: (logits, logits), "a tuple"),
        (lambda logits: {"logits": logits}, "a dict"),
        (lambda logits: logits[:, :5], r"a tensor of shape \(2, 5\)"),
        (lambda logits: logits[..., None], r"a tensor of shape \(2, 6, 1\)"),
    ],
)
def test_what_is_no_tensor_of_logits_is_refused(end: Callable[[Tensor], object], got: str) -> None:
    with pytest.raises(ModelError, match=rf"returns {got} for 2 pictures.*here \(2, 6\)"):
        agree(Small(end))


def test_an_output_that_changes_in_training_is_refused() -> None:
    class Auxiliary(Small):
        def forward(self, x: Tensor) -> object:
            logits = super().forward(x)
            return (logits, logits) if self.training else logits

    with pytest.raises(ModelError, match="returns a tuple"):
        agree(Auxiliary(same))


def test_what_needs_numbers_is_run_really() -> None:
    def end(logits: Tensor) -> Tensor:
        return logits if logits.sum().item() < float("inf") else logits[:1]

    assert agree(Small(end)) == ("channels_last", "")


def test_the_network_is_left_as_it_was() -> None:
    network = Viewing(same, channels=3).train()
    before = copy.deepcopy(network.state_dict())
    agree(network, channels=3)
    assert network.training
    assert network.conv.weight.is_contiguous()
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_a_shadow_has_shapes_ties_and_no_numbers() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.BatchNorm1d(4))
    network[1].weight = network[0].weight
    network[0].bias.requires_grad_(False)
    shadow = on_meta(network)
    assert {tensor.device.type for tensor in shadow.state_dict().values()} == {"meta"}
    assert shadow[1].weight is shadow[0].weight  # type: ignore[index]
    assert not shadow[0].bias.requires_grad  # type: ignore[index]
    assert network[0].weight.device.type == "cpu"
