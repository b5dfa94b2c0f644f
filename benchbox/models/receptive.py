"""How much of the picture a layer's output pixel can see, followed through the network's graph.

Through a window of kernel F and stride S the field grows by (F − 1)·j, where j is the product of the strides
before it (Araujo, Norris & Sim 2019, doi 10.23915/distill.00021, eq. 2). Where branches meet the largest
counts; a gate that saw the whole picture does not, since it only weighs what the other branch saw.
"""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import fx, nn

from benchbox.models import blocks
from benchbox.models.wording import WINDOWS, pair

Field = int | Literal["picture"] | None
Sides = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """What a module was given and what it returned for one picture, each with its batch of 1."""

    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True)
class Reach:
    """The field of a pixel, and how far apart, in pixels of the picture, the fields of neighbours begin."""

    size: Sides = (1, 1)
    jump: Sides = (1, 1)

    def through(self, kernel: Sides, stride: Sides, dilation: Sides) -> "Reach":
        """What is reached behind a window."""
        rows = zip(self.size, self.jump, kernel, dilation, strict=True)
        height, width = (size + (window - 1) * spread * jump for size, jump, window, spread in rows)
        return Reach((height, width), (self.jump[0] * stride[0], self.jump[1] * stride[1]))


# Any of: a reach, the whole picture, not known.
Seen = Reach | Literal["picture"] | None


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Torch's own modules, and the shared small ones of the zoo."""
        return type(m).__module__ == blocks.__name__ or super().is_leaf_module(m, module_qualified_name)


def receptive_fields(network: nn.Module, shapes: Mapping[str, Shapes]) -> dict[str, Field]:
    """The receptive field behind each module, by its path; empty where the network cannot be traced."""
    try:
        graph = _Tracer().trace(network)
    except Exception:  # a stranger's forward may do what tracing cannot follow; then nothing is known
        return {}
    seen: dict[fx.Node, Seen] = {}
    fields: dict[str, Field] = {}
    for node in graph.nodes:
        inputs = [seen[source] for source in node.all_input_nodes if source.op != "get_attr"]
        seen[node] = _behind(node, _merged(inputs, is_gate=_is_gate(node, network)), network, shapes)
        if node.op == "call_module":
            fields[node.target] = _as_field(seen[node])
    return fields


def _as_field(seen: Seen) -> Field:
    return max(seen.size) if isinstance(seen, Reach) else seen


def _is_gate(node: fx.Node, network: nn.Module) -> bool:
    """Whether a node multiplies one branch by another."""
    if node.op == "call_module":
        return isinstance(network.get_submodule(str(node.target)), blocks.Scale)
    return node.target in (operator.mul, torch.mul, "mul")


def _merged(inputs: Iterable[Seen], *, is_gate: bool) -> Seen:
    """Where branches meet: the largest, and not known if any is not."""
    known = list(inputs)
    if not known:
        return Reach()
    if None in known:
        return None
    reaches = [seen for seen in known if isinstance(seen, Reach)]
    if not reaches or (len(reaches) < len(known) and not is_gate):
        return "picture"
    sizes, jumps = [reach.size for reach in reaches], [reach.jump for reach in reaches]
    return Reach(_largest(sizes), _largest(jumps))


def _largest(sides: list[Sides]) -> Sides:
    return max(side[0] for side in sides), max(side[1] for side in sides)


def _behind(node: fx.Node, seen: Seen, network: nn.Module, shapes: Mapping[str, Shapes]) -> Seen:
    if node.op == "call_module":
        path = str(node.target)
        return _behind_module(network.get_submodule(path), seen, shapes.get(path))
    if node.op in ("call_function", "call_method"):
        return _behind_function(node, seen)
    return seen


def _behind_module(module: nn.Module, seen: Seen, shapes: Shapes | None) -> Seen:
    if isinstance(module, nn.MultiheadAttention):
        return "picture"
    if shapes is None or any(module.children()):
        return None
    if isinstance(module, nn.Linear):
        # After flatten it joins all pixels; along the channels of (batch, height, width, channels) none.
        return "picture" if len(shapes.before) == 2 else seen
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d | blocks.PoolToSide):
        return _behind_adaptive(seen, shapes)
    if isinstance(module, WINDOWS):
        if not isinstance(seen, Reach):
            return seen
        dilation = pair(getattr(module, "dilation", 1))
        return seen.through(pair(module.kernel_size), pair(module.stride), dilation)
    # Some other window of torch's, such as a transposed convolution.
    return None if hasattr(module, "kernel_size") else seen


def _behind_adaptive(seen: Seen, shapes: Shapes) -> Seen:
    if shapes.after[-2:] == (1, 1):
        return "picture"
    if not isinstance(seen, Reach) or shapes.before == shapes.after:
        return seen
    sides = list(zip(shapes.before[-2:], shapes.after[-2:], strict=True))
    windows = [_widest_window(before, after) for before, after in sides]
    strides = [max(1, before // after) for before, after in sides]
    return seen.through(pair(windows), pair(strides), (1, 1))


def _widest_window(before: int, after: int) -> int:
    """Of the windows of adaptive pooling, which go from ⌊i·before/after⌋ to ⌈(i+1)·before/after⌉."""
    return max(-(-(i + 1) * before // after) - i * before // after for i in range(after))


def _behind_function(node: fx.Node, seen: Seen) -> Seen:
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    if name == "mean":
        return "picture" if _means_over_pixels(node) else None
    if name == "adaptive_avg_pool2d":
        size: Any = node.args[1] if len(node.args) > 1 else node.kwargs.get("output_size")
        return "picture" if size in (1, (1, 1), [1, 1]) else None
    is_window = any(word in name for word in ("conv", "pool", "unfold", "interpolate", "attention", "matmul"))
    return None if is_window else seen


def _means_over_pixels(node: fx.Node) -> bool:
    over: Any = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
    return isinstance(over, list | tuple | torch.Size) and {axis % 4 for axis in over} == {2, 3}
