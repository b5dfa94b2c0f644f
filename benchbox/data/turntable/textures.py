"""Surface textures: how much light a point of a surface gives back, 0…1, by its place in the object.

Like the shapes, they keep to arithmetic that every processor rounds alike: waves are triangles, noise comes from
whole numbers.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchbox.data.turntable.geometry import Point, Shape, length

Texture = Callable[[Point], Tensor]

# Edges inside a texture are softened over about a pixel, which a single ray could not resolve.
_SOFT = 0.02


def _step(distance: Tensor) -> Tensor:
    """From 0 to 1 as a distance crosses 0, over the width of an edge."""
    return (distance / _SOFT + 0.5).clamp(0, 1)


def _wave(phase: Tensor) -> Tensor:
    """A triangle wave of period 1 between −¼ and ¼, as the distance to the edges of stripes."""
    return ((phase - phase.floor()) - 0.5).abs() - 0.25


def _mix(low: float, high: float, share: Tensor) -> Tensor:
    return share * (high - low) + low


def _along(p: Point, direction: tuple[float, float, float]) -> Tensor:
    return p[0] * direction[0] + p[1] * direction[1] + p[2] * direction[2]


def plain(level: float) -> Texture:
    """One level all over."""
    return lambda p: torch.full_like(p[0], level)


def stripes(direction: tuple[float, float, float], period: float, low: float, high: float) -> Texture:
    """Bands across a direction (of length one)."""
    return lambda p: _mix(low, high, _step(_wave(_along(p, direction) / period) * period))


def checks(period: float, low: float, high: float) -> Texture:
    """A chessboard in space."""

    def level(p: Point) -> Tensor:
        # The small shift keeps flat sides at round coordinates away from the edges of the squares.
        sides = [_step(_wave(part / period + 0.137) * period) * 2 - 1 for part in p]
        return _mix(low, high, (sides[0] * sides[1] * sides[2] + 1) / 2)

    return level


def spots(period: float, radius: float, low: float, high: float) -> Texture:
    """Balls on a cubic lattice, every other layer shifted by half a period."""

    def level(p: Point) -> Tensor:
        shift = ((p[1] / period).floor() * 0.5) % 1
        near = [((part - part.floor()) - 0.5) for part in (p[0] / period + shift, p[1] / period, p[2] / period)]
        return _mix(low, high, _step(radius - length(*near) * period))

    return level


def noise(scale: float, low: float, high: float) -> Texture:
    """Cloudy grain: random levels on a lattice of `scale`, smoothly between them, in two octaves."""

    def level(p: Point) -> Tensor:
        coarse = _lattice((p[0] / scale, p[1] / scale, p[2] / scale))
        fine = _lattice((p[0] / scale * 2 + 7, p[1] / scale * 2 + 7, p[2] / scale * 2 + 7))
        return _mix(low, high, coarse * 0.7 + fine * 0.3)

    return level


def where(inside: Shape, then: Texture, otherwise: Texture) -> Texture:
    """One texture inside a shape and another outside: labels, eyes, tyres."""

    def level(p: Point) -> Tensor:
        share = _step(inside(p))
        return then(p) * (1 - share) + otherwise(p) * share

    return level


def times(first: Texture, second: Texture) -> Texture:
    """One texture seen through another."""
    return lambda p: first(p) * second(p)


def _lattice(p: Point) -> Tensor:
    """Value noise, 0…1: random levels at whole coordinates, eased between the eight around a point."""
    corners = [part.floor() for part in p]
    eased = [(part - corner) for part, corner in zip(p, corners, strict=True)]
    x, y, z = (part * part * (part * -2 + 3) for part in eased)
    whole = [corner.to(torch.int64) for corner in corners]
    total = torch.zeros_like(x)
    for i in (0, 1):
        for j in (0, 1):
            for k in (0, 1):
                weight = (x if i else 1 - x) * (y if j else 1 - y) * (z if k else 1 - z)
                total = total + weight * _random(whole[0] + i, whole[1] + j, whole[2] + k)
    return total


def _random(i: Tensor, j: Tensor, k: Tensor) -> Tensor:
    """A level 0…1 for every lattice point, by mixing its whole coordinates (odd constants, 31 bits kept)."""
    mixed = (i * 374761393 + j * 668265263 + k * 1274126177) & 0x7FFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 1103515245) & 0x7FFFFFFF
    return ((mixed >> 8) & 0xFFFF).to(torch.float32) / 65535
