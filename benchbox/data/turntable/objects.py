"""The twenty objects, as data: a shape, a texture, and the frame that it fills.

Some pairs are alike on purpose, so that telling them apart is a task: the mugs and the bottles differ in texture
alone, the cartons in their print, the cars in their proportions.
"""

from dataclasses import dataclass

from benchbox.data.turntable.geometry import (
    Shape,
    at,
    box,
    cylinder,
    mirrored,
    sphere,
)
from benchbox.data.turntable.shapes import (
    ARCH,
    BOTTLE,
    CARTON,
    CHAIR,
    DUCK,
    DUMBBELL,
    HOUSE,
    LABEL,
    LOCOMOTIVE,
    MUG,
    NUT,
    PIG,
    PRINTS,
    RING,
    ROCKET,
    SNOWMAN,
    TEAPOT,
    TYRES,
    car,
)
from benchbox.data.turntable.textures import (
    Texture,
    checks,
    noise,
    plain,
    spots,
    stripes,
    times,
    where,
)


@dataclass(frozen=True, kw_only=True)
class Solid:
    """One object. The camera looks at height `middle`; `reach` is half the side of its frame."""

    name: str
    shape: Shape
    texture: Texture
    middle: float
    reach: float


def _car_paint(*, cabin: float, shift: float) -> Texture:
    glass = at(shift, 0.32, 0, box(cabin + 0.05, 0.1, 0.5))
    body = where(at(0.7, 0, 0, box(0.12, 0.4, 0.6)), plain(0.95), plain(0.55))
    return where(TYRES, plain(0.12), where(glass, plain(0.2), body))


_GRAIN = noise(0.5, 0.75, 1.0)

OBJECTS: tuple[Solid, ...] = (
    Solid(
        name="mug with slanting stripes",
        shape=MUG,
        texture=times(_GRAIN, stripes((0.6, 0.8, 0.0), 0.3, 0.35, 0.95)),
        middle=-0.03,
        reach=1.0,
    ),
    Solid(
        name="mug with checks",
        shape=MUG,
        texture=times(_GRAIN, checks(0.36, 0.35, 0.95)),
        middle=-0.03,
        reach=1.0,
    ),
    Solid(
        name="car with a short cabin",
        shape=car(cabin=0.38, shift=-0.2),
        texture=_car_paint(cabin=0.38, shift=-0.2),
        middle=0.0,
        reach=1.07,
    ),
    Solid(
        name="car with a long cabin",
        shape=car(cabin=0.56, shift=-0.25),
        texture=_car_paint(cabin=0.56, shift=-0.25),
        middle=0.0,
        reach=1.07,
    ),
    Solid(
        name="duck",
        shape=DUCK,
        texture=where(
            mirrored("z", at(0.62, 0.65, 0.27, sphere(0.09))),
            plain(0.05),
            where(at(0.9, 0.48, 0, box(0.2, 0.09, 0.3)), plain(0.35), noise(0.6, 0.7, 0.95)),
        ),
        middle=0.24,
        reach=1.12,
    ),
    Solid(
        name="pig",
        shape=PIG,
        texture=where(
            mirrored("z", at(0.62, 0.24, 0.3, sphere(0.07))),
            plain(0.05),
            times(spots(0.55, 0.17, 0.85, 0.4), noise(0.7, 0.7, 1.0)),
        ),
        middle=-0.07,
        reach=0.98,
    ),
    Solid(
        name="carton with a ruled print",
        shape=CARTON,
        texture=where(PRINTS, stripes((0.0, 1.0, 0.0), 0.14, 0.1, 0.9), noise(0.5, 0.4, 0.75)),
        middle=0.0,
        reach=0.92,
    ),
    Solid(
        name="carton with a checked print",
        shape=CARTON,
        texture=where(PRINTS, checks(0.22, 0.1, 0.9), noise(0.42, 0.4, 0.75)),
        middle=0.0,
        reach=0.92,
    ),
    Solid(
        name="bottle with a striped label",
        shape=BOTTLE,
        texture=where(LABEL, stripes((0.7, 0.7, 0.1), 0.22, 0.2, 0.95), noise(0.5, 0.25, 0.75)),
        middle=0.28,
        reach=0.95,
    ),
    Solid(
        name="bottle with a dotted label",
        shape=BOTTLE,
        texture=where(LABEL, spots(0.22, 0.085, 0.3, 0.95), noise(0.42, 0.25, 0.75)),
        middle=0.28,
        reach=0.95,
    ),
    Solid(
        name="wooden arch",
        shape=ARCH,
        texture=times(noise(0.25, 0.6, 1.0), stripes((0.28, 0.96, 0.0), 0.2, 0.6, 0.85)),
        middle=-0.06,
        reach=1.0,
    ),
    Solid(
        name="ring on a foot",
        shape=RING,
        texture=times(_GRAIN, stripes((0.8, 0.6, 0.0), 0.35, 0.45, 0.95)),
        middle=-0.115,
        reach=0.96,
    ),
    Solid(
        name="nut",
        shape=NUT,
        texture=times(noise(0.35, 0.5, 0.9), noise(0.1, 0.8, 1.0)),
        middle=-0.07,
        reach=0.95,
    ),
    Solid(
        name="dumbbell",
        shape=DUMBBELL,
        texture=where(cylinder(0.2, 0.45, axis="x"), stripes((1.0, 0.0, 0.0), 0.1, 0.3, 0.9), _GRAIN),
        middle=-0.07,
        reach=1.0,
    ),
    Solid(
        name="rocket",
        shape=ROCKET,
        texture=where(
            at(0, 0.2, 0.3, sphere(0.14)), plain(0.1), times(_GRAIN, stripes((0.0, 1.0, 0.0), 0.5, 0.5, 0.95))
        ),
        middle=0.11,
        reach=0.98,
    ),
    Solid(
        name="teapot",
        shape=TEAPOT,
        texture=times(noise(0.8, 0.65, 1.0), spots(0.34, 0.1, 0.85, 0.3)),
        middle=0.0,
        reach=1.03,
    ),
    Solid(
        name="house",
        shape=HOUSE,
        texture=where(
            at(0, 0.9, 0, box(1, 0.48, 1)),
            stripes((0.0, 1.0, 0.0), 0.12, 0.3, 0.5),
            where(at(0.6, -0.12, -0.2, box(0.2, 0.3, 0.18)), plain(0.15), noise(0.3, 0.7, 0.95)),
        ),
        middle=0.15,
        reach=1.23,
    ),
    Solid(
        name="snowman",
        shape=SNOWMAN,
        texture=where(at(0.3, 0.6, 0, box(0.3, 0.08, 0.08)), plain(0.3), noise(0.45, 0.6, 1.0)),
        middle=-0.04,
        reach=0.95,
    ),
    Solid(
        name="chair",
        shape=CHAIR,
        texture=times(noise(0.2, 0.7, 1.0), stripes((0.1, 0.1, 0.99), 0.25, 0.55, 0.8)),
        middle=0.095,
        reach=1.09,
    ),
    Solid(
        name="locomotive",
        shape=LOCOMOTIVE,
        texture=where(
            at(-0.55, 0.32, 0, box(0.2, 0.15, 0.5)),
            plain(0.1),
            times(_GRAIN, stripes((1.0, 0.0, 0.0), 0.33, 0.4, 0.7)),
        ),
        middle=0.0,
        reach=1.0,
    ),
)
