"""Sphere tracing: from a solid and the angle of the turntable to grey pictures.

Rays walk by the distance to the nearest surface until they touch it (Hart 1996, "Sphere tracing"). Camera and
light stand still while the object turns, as in COIL-20; the background is black.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from benchbox.data.turntable.geometry import Point, Shape
from benchbox.data.turntable.objects import Solid

SIDE = 128

_DISTANCE = 6.0  # of the camera: far, so that perspective is slight
_ELEVATION = math.radians(22)
# Sorting out the rays that have arrived costs as much as some steps, so it is done after every round of them.
_ROUNDS, _STEPS = 16, 4
_TOUCH = 0.002
_BOUND = 1.7  # no object leaves a ball of this radius around the middle of its frame
_LIGHT = (-0.48, 0.68, 0.56)  # right, up, towards the camera; of length one to two digits
_HALF = (-0.27, 0.38, 0.88)  # between the light and the camera
_AMBIENT, _KEY, _SHINE = 0.22, 0.85, 0.12


@dataclass(frozen=True)
class _Basis:
    """The camera's directions in the object's coordinates, in plain numbers."""

    right: tuple[float, float, float]
    up: tuple[float, float, float]
    back: tuple[float, float, float]

    def mix(self, right: float, up: float, back: float) -> tuple[float, float, float]:
        """A direction given by its parts along right, up and back."""
        x, y, z = (right * r + up * u + back * b for r, u, b in zip(self.right, self.up, self.back, strict=True))
        return x, y, z


def render(solid: Solid, angles: Sequence[float]) -> Tensor:
    """Some views as uint8 [angles, 128, 128], the turntable turned by each of `angles` in degrees."""
    cameras = [_camera(degrees) for degrees in angles]
    pixel = 2 * solid.reach / SIDE
    direction, origin = _rays(cameras, solid.reach), _each(cameras, (0, 0, _DISTANCE))
    shape = _shifted(solid.shape, solid.middle)
    path, gap = _trace(shape, origin, direction)
    seen = torch.nonzero(gap < pixel).flatten()
    x, y, z = (d * path[seen] + o for d, o in zip(_pick(direction, seen), _pick(origin, seen), strict=True))
    light = _shade(shape, (x, y, z), _pick(_each(cameras, _LIGHT), seen), _pick(_each(cameras, _HALF), seen))
    # A ray that passes within a pixel of the edge counts for as much as the object covers of the pixel.
    cover = (1 - (gap[seen] - _TOUCH) / pixel).clamp(0, 1)
    shade = light * solid.texture((x, y + solid.middle, z))
    grey = torch.zeros(len(angles) * SIDE * SIDE)
    grey[seen] = shade.clamp(0, 1).sqrt() * cover
    return (grey * 255 + 0.5).floor().to(torch.uint8).reshape(len(angles), SIDE, SIDE)


def _camera(degrees: float) -> _Basis:
    # Rounded, so that a last bit of the platform's sine cannot move a ray.
    turn = math.radians(degrees)
    c, s = round(math.cos(turn), 9), round(math.sin(turn), 9)
    level, height = round(math.cos(_ELEVATION), 9), round(math.sin(_ELEVATION), 9)
    return _Basis((c, 0.0, -s), (-s * height, level, -c * height), (s * level, height, c * level))


def _rays(cameras: Sequence[_Basis], reach: float) -> Point:
    """Directions of length one through the centres of the pixels, row by row from the top left."""
    steps = ((torch.arange(SIDE) + 0.5) / SIDE * 2 - 1) * (reach / _DISTANCE)
    across, upward = steps.repeat(SIDE), (-steps).repeat_interleave(SIDE)
    size = (across * across + upward * upward + 1).sqrt()
    rays = [
        [(across * r + upward * u - b) / size for r, u, b in zip(camera.right, camera.up, camera.back, strict=True)]
        for camera in cameras
    ]
    x, y, z = (torch.cat(parts) for parts in zip(*rays, strict=True))
    return x, y, z


def _each(cameras: Sequence[_Basis], mixture: tuple[float, float, float]) -> Point:
    """A vector given in the cameras' directions, for every ray."""
    vectors = torch.tensor([camera.mix(*mixture) for camera in cameras])
    x, y, z = vectors.repeat_interleave(SIDE * SIDE, dim=0).T.contiguous()
    return x, y, z


def _pick(vectors: Point, rays: Tensor) -> Point:
    x, y, z = (part.index_select(0, rays) for part in vectors)
    return x, y, z


def _shifted(shape: Shape, middle: float) -> Shape:
    return lambda p: shape((p[0], p[1] + middle, p[2]))


def _trace(shape: Shape, origin: Point, direction: Point) -> tuple[Tensor, Tensor]:
    """For every ray how far it had come where it was nearest to the surface, and how near that was."""
    count = len(direction[0])
    path, gap = torch.full((count,), _DISTANCE - _BOUND), torch.full((count,), math.inf)
    rays, walked, best, nearest = torch.arange(count), path.clone(), path.clone(), gap.clone()
    for _ in range(_ROUNDS):
        for _ in range(_STEPS):
            x, y, z = (d * walked + o for d, o in zip(direction, origin, strict=True))
            distance = shape((x, y, z))
            best = torch.where(distance < nearest, walked, best)
            nearest = torch.minimum(distance, nearest)
            walked = walked + distance
        path.index_copy_(0, rays, best)
        gap.index_copy_(0, rays, nearest)
        going = torch.nonzero((distance > _TOUCH) & (walked < _DISTANCE + _BOUND)).flatten()
        if not len(going):
            break
        rays, walked, best, nearest = (part.index_select(0, going) for part in (rays, walked, best, nearest))
        origin, direction = _pick(origin, going), _pick(direction, going)
    return path, gap


def _shade(shape: Shape, point: Point, light: Point, half: Point) -> Tensor:
    """Light on the surface: ambient light, less of it in corners, a key light and its shine."""
    normal = _normal(shape, point)
    facing = (normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2]).clamp(min=0)
    gleam = (normal[0] * half[0] + normal[1] * half[1] + normal[2] * half[2]).clamp(0, 1)
    for _ in range(4):  # to the sixteenth power
        gleam = gleam * gleam
    openness = _openness(shape, point, normal)
    return (facing * _KEY + _AMBIENT) * openness + gleam * _SHINE


def _normal(shape: Shape, point: Point) -> Point:
    """The direction in which the distance grows, by differences to the corners of a small tetrahedron."""
    step = 0.004
    total = [torch.zeros_like(point[0]) for _ in range(3)]
    for signs in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        x, y, z = (part + sign * step for part, sign in zip(point, signs, strict=True))
        distance = shape((x, y, z))
        total = [part + distance * sign for part, sign in zip(total, signs, strict=True)]
    size = (total[0] * total[0] + total[1] * total[1] + total[2] * total[2]).sqrt().clamp(min=1e-9)
    return total[0] / size, total[1] / size, total[2] / size


def _openness(shape: Shape, point: Point, normal: Point) -> Tensor:
    """How little of the surroundings is blocked, 0.3…1: near surfaces are felt along the normal."""
    blocked = torch.zeros_like(point[0])
    for step, weight in ((0.05, 6.0), (0.12, 2.5), (0.25, 1.2)):
        x, y, z = (p + n * step for p, n in zip(point, normal, strict=True))
        blocked = blocked + (step - shape((x, y, z))).clamp(min=0) * weight
    return (1 - blocked).clamp(0.3, 1)
