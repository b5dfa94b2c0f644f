"""What can be said of a network without running it: layers, sizes, counts. Filled by `benchbox.models.describe`."""

from typing import Literal

import msgspec

from benchbox.plan.spec import ModelSpec


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer, in the order of execution.

    `output` is the shape for one picture, without the batch; `formula` says how a convolution or a pooling
    came to its side; `flops` are of one picture. `receptive_field` is the side, in pixels, of what an output
    pixel can see: "picture" after global pooling or a fully connected layer, None where it is not known.
    """

    path: str
    kind: str
    output: tuple[int, ...]
    formula: str = ""
    parameters: int = 0
    flops: int = 0
    receptive_field: int | Literal["picture"] | None = None


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A network for pictures of one size: its layers and its totals, of which 1 MAC is 2 FLOP."""

    name: str
    channels: int
    image_size: int
    classes: int
    layers: tuple[Layer, ...]
    parameters: int
    buffers: int
    weight_bytes: int
    flops: int


class DescribeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which network to describe, and for which pictures."""

    model: ModelSpec
    channels: int = 1
    image_size: int = 128
    classes: int = 20


class DescribeAllRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Several networks at once, since a child process takes seconds to load torch."""

    requests: tuple[DescribeRequest, ...]


class Descriptions(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a DescribeAllRequest, in its order."""

    descriptions: tuple[Description, ...]
