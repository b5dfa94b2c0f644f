"""What is held for backward, against networks whose saved tensors can be counted by hand."""

import pytest
import torch
from torch import Tensor, nn

from benchbox.engine.activations import activation_bytes, saved_bytes
from benchbox.engine.place import Place, make_place
from benchbox.plan.spec import PlacementSpec

FLOAT = 4


def place(precision: str = "fp32", memory_format: str = "contiguous") -> Place:
    spec: dict[str, object] = {"precision": precision, "memory_format": memory_format}
    return make_place(PlacementSpec(device="cpu", threads=1, **spec))  # type: ignore[arg-type]


def by_hand() -> nn.Module:
    """Of one picture 1×4×4: conv to 3×4×4, ReLU, flatten to 48, linear to 5.

    Saved are the picture (the convolution's input, 16), ReLU's output (48; the linear layer's input is the same
    storage): 64 numbers. The convolution's output is not needed. In channels_last, flattening is a copy: 48 more.
    """
    return nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5))


@pytest.mark.parametrize(("memory_format", "numbers"), [("contiguous", 64), ("channels_last", 112)])
def test_a_small_network_holds_what_was_counted_by_hand(memory_format: str, numbers: int) -> None:
    there = place(memory_format=memory_format)
    assert activation_bytes(there.put(by_hand()), torch.rand(8, 1, 4, 4), there) == numbers * FLOAT


def test_weights_and_buffers_are_not_counted() -> None:
    """The first layer's input carries no gradient, the second saves its weights to pass one on."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 1, bias=False), nn.Linear(1, 1000, bias=False))
    pictures = torch.rand(4, 1, 4, 4)
    assert saved_bytes(network, pictures, place()) == 4 * (16 + 1) * FLOAT
    assert activation_bytes(network, pictures, place()) == (16 + 1) * FLOAT


def test_weights_that_autocast_casts_cancel() -> None:
    """In bf16 two linear layers save their inputs at two bytes a number, and weights that no picture adds to."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 64), nn.Linear(64, 2))
    pictures = torch.rand(4, 1, 4, 4)
    assert activation_bytes(network, pictures, place("bf16")) == (16 + 64) * 2
    assert saved_bytes(network, pictures, place("bf16")) > 4 * (16 + 64) * 2


def test_a_batch_of_one_and_a_slice_of_a_large_one_tell_the_same() -> None:
    network, pictures = by_hand(), torch.rand(32, 1, 4, 4)
    assert activation_bytes(network, pictures[:1], place()) == activation_bytes(network, pictures, place())


def test_one_storage_counts_once() -> None:
    class Twice(nn.Module):
        """Saves x once for the square, and the square's own input again for the product."""

        def forward(self, x: Tensor) -> Tensor:
            flat = x.flatten(1) * 1.0
            return flat * flat.detach() + flat.square()

    pictures = torch.rand(4, 1, 2, 2, requires_grad=True)
    assert saved_bytes(Twice(), pictures, place()) == 16 * FLOAT


@pytest.mark.parametrize("is_training", [True, False])
def test_the_mode_is_what_it_was(is_training: bool) -> None:
    network = by_hand().train(is_training)
    activation_bytes(network, torch.rand(4, 1, 4, 4), place())
    assert network.training is is_training
