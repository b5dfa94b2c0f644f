"""Solid shapes as signed distance functions, and how shapes are put together. No picture, no light.

A shape maps points to their distance from its surface, negative inside. Only +, −, ×, ÷, √, floor, abs, min and
max are used: IEEE 754 defines these to the last bit, so every processor renders the same pixels. Formulas are
the well-known ones for signed distances (Hart 1996, "Sphere tracing"); y points up.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Point = tuple[Tensor, Tensor, Tensor]
Shape = Callable[[Point], Tensor]

AXES = {"x": 0, "y": 1, "z": 2}


def length(*parts: Tensor) -> Tensor:
    """The Euclidean length of a vector given by its parts, added in order so that rounding is the same."""
    squares = parts[0] * parts[0]
    for part in parts[1:]:
        squares = squares + part * part
    return squares.sqrt()


def sphere(radius: float) -> Shape:
    """A ball around the origin."""
    return lambda p: length(*p) - radius


def ellipsoid(x: float, y: float, z: float) -> Shape:
    """An ellipsoid with these half axes; a first-order bound of the distance, good near the surface."""

    def distance(p: Point) -> Tensor:
        scaled = length(p[0] / x, p[1] / y, p[2] / z)
        slope = length(p[0] / (x * x), p[1] / (y * y), p[2] / (z * z))
        return scaled * (scaled - 1) / slope.clamp(min=1e-6)

    return distance


def box(x: float, y: float, z: float, *, rounding: float = 0.0) -> Shape:
    """A box with these half sides, its edges rounded inwards."""

    def distance(p: Point) -> Tensor:
        outside = [p[i].abs() - (half - rounding) for i, half in enumerate((x, y, z))]
        inner = torch.maximum(outside[0], torch.maximum(outside[1], outside[2])).clamp(max=0)
        return length(*(part.clamp(min=0) for part in outside)) + inner - rounding

    return distance


def cylinder(radius: float, half: float, *, axis: str = "y", rounding: float = 0.0) -> Shape:
    """A cylinder of half height `half` along an axis."""
    along = AXES[axis]
    first, second = (i for i in range(3) if i != along)

    def distance(p: Point) -> Tensor:
        wide = length(p[first], p[second]) - (radius - rounding)
        high = p[along].abs() - (half - rounding)
        inner = torch.maximum(wide, high).clamp(max=0)
        return length(wide.clamp(min=0), high.clamp(min=0)) + inner - rounding

    return distance


def cone(bottom: float, top: float, half: float) -> Shape:
    """A cone cut off at y = ±half, with these radii at its ends; a lower bound of the distance."""
    slope = (bottom - top) / (2 * half)
    shorten = 1 / math.sqrt(1 + slope * slope)

    def distance(p: Point) -> Tensor:
        radius = (bottom + top) / 2 - p[1] * slope
        side = (length(p[0], p[2]) - radius) * shorten
        return torch.maximum(side, p[1].abs() - half)

    return distance


def torus(radius: float, thickness: float, *, axis: str = "y") -> Shape:
    """A ring around an axis; `radius` to the middle of its tube of radius `thickness`."""
    along = AXES[axis]
    first, second = (i for i in range(3) if i != along)
    return lambda p: length(length(p[first], p[second]) - radius, p[along]) - thickness


def prism(apothem: float, half: float, *, axis: str = "y") -> Shape:
    """A hexagonal prism along an axis; `apothem` from the axis to a side."""
    along = AXES[axis]
    first, second = (i for i in range(3) if i != along)

    def distance(p: Point) -> Tensor:
        a, b = p[first].abs(), p[second].abs()
        side = torch.maximum(a * 0.8660254 + b * 0.5, b) - apothem
        return torch.maximum(side, p[along].abs() - half)

    return distance


def wedge(x: float, y: float, z: float) -> Shape:
    """A roof: a triangle of half width x and height y, from y = 0 up, along z from −z to z."""
    steep = 1 / math.sqrt(x * x + y * y)

    def distance(p: Point) -> Tensor:
        slope = (p[0].abs() * y + p[1] * x - x * y) * steep
        return torch.maximum(torch.maximum(slope, -p[1]), p[2].abs() - z)

    return distance


def at(x: float, y: float, z: float, shape: Shape) -> Shape:
    """A shape moved to a place."""
    return lambda p: shape((p[0] - x, p[1] - y, p[2] - z))


def tilted(rise: float, run: float, shape: Shape) -> Shape:
    """A shape turned in the x–y plane, so that its x axis points along (run, rise)."""
    size = math.sqrt(rise * rise + run * run)
    cosine, sine = run / size, rise / size
    return lambda p: shape((p[0] * cosine + p[1] * sine, p[1] * cosine - p[0] * sine, p[2]))


def mirrored(axis: str, shape: Shape) -> Shape:
    """A shape on the positive side of an axis, and its mirror image."""
    along = AXES[axis]

    def distance(p: Point) -> Tensor:
        folded = [part.abs() if i == along else part for i, part in enumerate(p)]
        return shape((folded[0], folded[1], folded[2]))

    return distance


def union(*shapes: Shape) -> Shape:
    """All shapes together."""

    def distance(p: Point) -> Tensor:
        nearest = shapes[0](p)
        for shape in shapes[1:]:
            nearest = torch.minimum(nearest, shape(p))
        return nearest

    return distance


def blend(width: float, *shapes: Shape) -> Shape:
    """All shapes together, with seams smoothed over `width`."""

    def distance(p: Point) -> Tensor:
        nearest = shapes[0](p)
        for shape in shapes[1:]:
            other = shape(p)
            near = (width - (nearest - other).abs()).clamp(min=0) / width
            nearest = torch.minimum(nearest, other) - near * near * (width / 4)
        return nearest

    return distance


def without(shape: Shape, *holes: Shape) -> Shape:
    """A shape with others cut out of it."""
    hole = union(*holes)
    return lambda p: torch.maximum(shape(p), -hole(p))
