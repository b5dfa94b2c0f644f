"""A layer in words: its kind, and how a convolution or a pooling comes to the side of its output.

    N = (W − F + 2P) / S + 1, rounded down

with the input's side W, the kernel F, the padding P and the stride S.
"""

from collections.abc import Callable
from typing import Any

from torch import nn

from benchbox.models.blocks import Add, Concatenate, PoolToSide, Scale, StochasticDepth

WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


def pair(value: Any) -> tuple[int, int]:
    """A number for height and width as two numbers."""
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def kind_of(module: nn.Module) -> str:
    """Short words for a layer, such as "conv 64@7×7 s2 p3"; the class's name for what has none here."""
    for types, word in KINDS:
        if isinstance(module, types):
            return word(module)
    return type(module).__name__


def _conv(layer: Any) -> str:
    is_depthwise = layer.groups > 1 and layer.groups == layer.in_channels
    groups = f" g{layer.groups}" if layer.groups > 1 and not is_depthwise else ""
    word = "depthwise" if is_depthwise else "conv"
    return f"{word} {layer.out_channels}@{_window(layer)}{groups}"


def _window(layer: Any) -> str:
    """Kernel, and those of stride, padding and dilation that do something."""
    settings = (("s", layer.stride, 1), ("p", layer.padding, 0), ("d", getattr(layer, "dilation", 1), 1))
    shown = [
        f" {letter}{value if isinstance(value, str) else _sides(value)}"
        for letter, value, idle in settings
        if isinstance(value, str) or pair(value) != (idle, idle)
    ]
    height, width = pair(layer.kernel_size)
    return f"{height}×{width}{''.join(shown)}"


def _sides(value: Any) -> str:
    height, width = pair(value)
    return str(height) if height == width else f"{height}×{width}"


def _target(layer: Any) -> str:
    size = layer.side if isinstance(layer, PoolToSide) else layer.output_size
    return "average pool to {}×{}".format(*pair(size))


KINDS: tuple[tuple[type[nn.Module] | tuple[type[nn.Module], ...], Callable[[Any], str]], ...] = (
    (nn.Conv2d, _conv),
    (nn.MaxPool2d, lambda layer: f"max pool {_window(layer)}"),
    (nn.AvgPool2d, lambda layer: f"average pool {_window(layer)}"),
    ((PoolToSide, nn.AdaptiveAvgPool2d), _target),
    (nn.BatchNorm2d, lambda _: "batch norm"),
    (nn.LayerNorm, lambda _: "layer norm"),
    (nn.Linear, lambda layer: f"linear {layer.out_features}"),
    (nn.Dropout, lambda layer: f"dropout {layer.p:g}"),
    (nn.Flatten, lambda _: "flatten"),
    (nn.Identity, lambda _: "identity"),
    (nn.MultiheadAttention, lambda layer: f"attention, {layer.num_heads} heads"),
    (StochasticDepth, lambda layer: f"stochastic depth {layer.probability:.3g}"),
    (Concatenate, lambda _: "concatenate"),
    (Add, lambda _: "add shortcut"),
    (Scale, lambda _: "scale by gate"),
)


def formula_of(module: nn.Module, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    """The size formula with its numbers; for both sides where they differ, empty where it does not apply.

    `before` and `after` are (channels, height, width). What is shown was compared with `after`.
    """
    if not isinstance(module, WINDOWS) or isinstance(module.padding, str):
        return ""
    settings = (module.kernel_size, module.stride, module.padding, getattr(module, "dilation", 1))
    sides = zip(*(pair(setting) for setting in settings), before[-2:], after[-2:], strict=True)
    is_ceiling = bool(getattr(module, "ceil_mode", False))
    texts = dict.fromkeys(_side_formula(*side, is_ceiling=is_ceiling) for side in sides)
    return "" if "" in texts else "; ".join(texts)


def _side_formula(
    kernel: int, stride: int, padding: int, dilation: int, before: int, after: int, *, is_ceiling: bool
) -> str:
    reach = dilation * (kernel - 1) + 1
    whole, rest = divmod(before - reach + 2 * padding, stride)
    steps = whole + (1 if rest and is_ceiling else 0)
    # Rounding up has an exception for windows that would begin in the padding: then nothing is shown.
    if steps + 1 != after:
        return ""
    division = f"({before} − {reach} + 2·{padding}) / {stride}"
    if rest:
        division = f"⌈{division}⌉" if is_ceiling else f"⌊{division}⌋"
    return f"{division} + 1 = {after}"
