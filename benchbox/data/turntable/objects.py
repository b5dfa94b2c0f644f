"""The twenty objects, as data: a shape, a texture, and the frame that it fills.

Some pairs are alike on purpose, so that telling them apart is a task: the mugs and the bottles differ in texture
alone, the cartons in their print, the cars in their proportions.
"""

from dataclasses import dataclass

from benchbox.data.turntable.geometry import (
    Shape,
    at,
    blend,
    box,
    cone,
    cylinder,
    ellipsoid,
    mirrored,
    prism,
    sphere,
    tilted,
    torus,
    union,
    wedge,
    without,
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


MUG = union(
    without(cylinder(0.55, 0.6, rounding=0.04), at(0, 0.12, 0, cylinder(0.47, 0.6))),
    without(at(0.58, 0, 0, torus(0.3, 0.075, axis="z")), cylinder(0.5, 0.7)),
)
BOTTLE = blend(
    0.12,
    cylinder(0.38, 0.55, rounding=0.06),
    at(0, 0.7, 0, cone(0.34, 0.13, 0.18)),
    at(0, 0.98, 0, cylinder(0.13, 0.2, rounding=0.03)),
)
LABEL = at(0, -0.05, 0.4, box(0.3, 0.3, 0.4))
CARTON = box(0.42, 0.75, 0.26, rounding=0.03)
FRONT = at(0, 0.15, 0.5, box(0.28, 0.34, 0.35))
WHEELS = mirrored("x", mirrored("z", at(0.52, -0.22, 0.36, cylinder(0.2, 0.09, axis="z", rounding=0.03))))
TYRES = mirrored("x", mirrored("z", at(0.52, -0.22, 0.42, cylinder(0.21, 0.14, axis="z"))))


def _car(*, cabin: float, shift: float) -> Shape:
    """A toy car, its cabin of half length `cabin` moved forward by `shift`."""
    return union(
        box(0.95, 0.2, 0.4, rounding=0.1),
        at(shift, 0.3, 0, box(cabin, 0.25, 0.34, rounding=0.1)),
        WHEELS,
    )


def _car_paint(*, cabin: float, shift: float) -> Texture:
    glass = at(shift, 0.32, 0, box(cabin + 0.05, 0.1, 0.5))
    body = where(at(0.7, 0, 0, box(0.12, 0.4, 0.6)), plain(0.95), plain(0.55))
    return where(TYRES, plain(0.12), where(glass, plain(0.2), body))


DUCK = blend(
    0.15,
    ellipsoid(0.75, 0.45, 0.5),
    at(0.45, 0.55, 0, sphere(0.36)),
    at(-0.72, 0.22, 0, tilted(0.6, -1, ellipsoid(0.32, 0.12, 0.2))),
    at(0.85, 0.48, 0, ellipsoid(0.2, 0.06, 0.16)),
)
PIG = blend(
    0.1,
    ellipsoid(0.75, 0.5, 0.5),
    at(0.76, 0.08, 0, cylinder(0.2, 0.12, axis="x", rounding=0.03)),
    mirrored("x", mirrored("z", at(0.4, -0.5, 0.25, cylinder(0.12, 0.17, rounding=0.03)))),
    mirrored("z", at(0.5, 0.48, 0.24, tilted(0.8, 1, ellipsoid(0.18, 0.07, 0.12)))),
    at(-0.78, 0.1, 0, torus(0.1, 0.04, axis="z")),
)
ARCH = without(
    box(0.85, 0.55, 0.3, rounding=0.03),
    at(0, -0.55, 0, cylinder(0.45, 0.5, axis="z")),
)
RING = blend(0.08, torus(0.6, 0.2, axis="z"), at(0, -0.82, 0, box(0.4, 0.08, 0.3, rounding=0.04)))
NUT = without(prism(0.75, 0.32, axis="y"), cylinder(0.38, 0.6))
DUMBBELL = union(
    cylinder(0.13, 0.8, axis="x"),
    at(0.65, 0, 0, cylinder(0.42, 0.2, axis="x", rounding=0.05)),
    at(-0.65, 0, 0, cylinder(0.34, 0.16, axis="x", rounding=0.05)),
)
ROCKET = blend(
    0.05,
    cylinder(0.3, 0.55),
    at(0, 0.78, 0, cone(0.3, 0.04, 0.25)),
    at(0, -0.45, 0, mirrored("x", at(0.4, 0, 0, tilted(-1, 0.7, box(0.25, 0.14, 0.04, rounding=0.02))))),
    at(0, -0.45, 0.4, box(0.04, 0.2, 0.18, rounding=0.02)),
)
TEAPOT = blend(
    0.06,
    ellipsoid(0.6, 0.5, 0.6),
    at(0.7, 0.1, 0, tilted(0.8, 1, box(0.3, 0.08, 0.09, rounding=0.06))),
    at(-0.62, 0.05, 0, torus(0.25, 0.06, axis="z")),
    at(0, 0.52, 0, sphere(0.11)),
    at(0, -0.45, 0, cylinder(0.35, 0.08, rounding=0.03)),
)
HOUSE = union(
    box(0.6, 0.42, 0.75),
    at(0, 0.4, 0, wedge(0.72, 0.5, 0.82)),
    at(0.3, 0.75, 0.35, box(0.1, 0.28, 0.1)),
)
SNOWMAN = union(
    at(0, -0.5, 0, sphere(0.5)),
    at(0, 0.12, 0, sphere(0.37)),
    at(0, 0.6, 0, sphere(0.26)),
    at(0.3, 0.6, 0, tilted(0, 1, ellipsoid(0.2, 0.05, 0.05))),
    mirrored("z", at(0, 0.2, 0.45, box(0.04, 0.04, 0.28, rounding=0.03))),
)
CHAIR = union(
    box(0.5, 0.06, 0.5, rounding=0.02),
    at(-0.45, 0.5, 0, box(0.06, 0.5, 0.5, rounding=0.02)),
    mirrored("x", mirrored("z", at(0.42, -0.35, 0.42, box(0.07, 0.35, 0.07)))),
)
STAIRS = union(
    at(0, -0.45, 0, box(0.75, 0.18, 0.5)),
    at(-0.25, -0.12, 0, box(0.5, 0.18, 0.5)),
    at(-0.5, 0.21, 0, box(0.25, 0.18, 0.5)),
)
MUSHROOM = blend(
    0.08,
    at(0, -0.3, 0, cone(0.3, 0.2, 0.45)),
    without(at(0, 0.15, 0, ellipsoid(0.75, 0.5, 0.7)), at(0, -0.35, 0, box(1, 0.45, 1))),
)
LOCOMOTIVE = union(
    at(0.2, 0.05, 0, cylinder(0.28, 0.6, axis="x", rounding=0.03)),
    at(-0.55, 0.15, 0, box(0.3, 0.48, 0.36, rounding=0.03)),
    at(0.55, 0.42, 0, cone(0.08, 0.14, 0.2)),
    at(0, -0.3, 0, box(0.85, 0.07, 0.34)),
    mirrored("z", at(0.5, -0.38, 0.34, cylinder(0.16, 0.05, axis="z"))),
    mirrored("z", at(0.1, -0.38, 0.34, cylinder(0.16, 0.05, axis="z"))),
    mirrored("z", at(-0.5, -0.33, 0.34, cylinder(0.22, 0.05, axis="z"))),
)

_GRAIN = noise(0.5, 0.75, 1.0)

OBJECTS: tuple[Solid, ...] = (
    Solid(
        name="mug with slanting stripes",
        shape=MUG,
        texture=times(_GRAIN, stripes((0.6, 0.8, 0.0), 0.3, 0.35, 0.95)),
        middle=0.0,
        reach=0.9,
    ),
    Solid(
        name="mug with checks",
        shape=MUG,
        texture=times(_GRAIN, checks(0.36, 0.35, 0.95)),
        middle=0.0,
        reach=0.9,
    ),
    Solid(
        name="car with a short cabin",
        shape=_car(cabin=0.38, shift=-0.2),
        texture=_car_paint(cabin=0.38, shift=-0.2),
        middle=0.05,
        reach=1.0,
    ),
    Solid(
        name="car with a long cabin",
        shape=_car(cabin=0.56, shift=-0.25),
        texture=_car_paint(cabin=0.56, shift=-0.25),
        middle=0.05,
        reach=1.0,
    ),
    Solid(
        name="duck",
        shape=DUCK,
        texture=where(
            mirrored("z", at(0.62, 0.65, 0.27, sphere(0.09))),
            plain(0.05),
            where(at(0.9, 0.48, 0, box(0.2, 0.09, 0.3)), plain(0.35), noise(0.6, 0.7, 0.95)),
        ),
        middle=0.2,
        reach=1.0,
    ),
    Solid(
        name="pig",
        shape=PIG,
        texture=where(
            mirrored("z", at(0.62, 0.24, 0.3, sphere(0.07))),
            plain(0.05),
            times(spots(0.55, 0.17, 0.85, 0.4), noise(0.7, 0.7, 1.0)),
        ),
        middle=-0.08,
        reach=0.95,
    ),
    Solid(
        name="carton with a ruled print",
        shape=CARTON,
        texture=where(FRONT, stripes((0.0, 1.0, 0.0), 0.14, 0.1, 0.9), times(_GRAIN, noise(0.5, 0.45, 0.75))),
        middle=0.0,
        reach=0.85,
    ),
    Solid(
        name="carton with a checked print",
        shape=CARTON,
        texture=where(FRONT, checks(0.22, 0.1, 0.9), times(_GRAIN, noise(0.5, 0.45, 0.75))),
        middle=0.0,
        reach=0.85,
    ),
    Solid(
        name="bottle with a striped label",
        shape=BOTTLE,
        texture=where(LABEL, stripes((0.7, 0.7, 0.1), 0.22, 0.2, 0.95), noise(0.5, 0.35, 0.65)),
        middle=0.3,
        reach=0.95,
    ),
    Solid(
        name="bottle with a dotted label",
        shape=BOTTLE,
        texture=where(LABEL, spots(0.22, 0.085, 0.3, 0.95), noise(0.5, 0.35, 0.65)),
        middle=0.3,
        reach=0.95,
    ),
    Solid(
        name="wooden arch",
        shape=ARCH,
        texture=times(noise(0.25, 0.6, 1.0), stripes((0.28, 0.96, 0.0), 0.2, 0.6, 0.85)),
        middle=0.0,
        reach=0.9,
    ),
    Solid(
        name="ring on a foot",
        shape=RING,
        texture=times(_GRAIN, stripes((0.8, 0.6, 0.0), 0.35, 0.45, 0.95)),
        middle=-0.05,
        reach=0.9,
    ),
    Solid(
        name="nut",
        shape=NUT,
        texture=times(noise(0.35, 0.5, 0.9), noise(0.1, 0.8, 1.0)),
        middle=0.0,
        reach=0.88,
    ),
    Solid(
        name="dumbbell",
        shape=DUMBBELL,
        texture=where(cylinder(0.2, 0.45, axis="x"), stripes((1.0, 0.0, 0.0), 0.1, 0.3, 0.9), _GRAIN),
        middle=0.0,
        reach=0.9,
    ),
    Solid(
        name="rocket",
        shape=ROCKET,
        texture=where(
            at(0, 0.2, 0.3, sphere(0.14)), plain(0.1), times(_GRAIN, stripes((0.0, 1.0, 0.0), 0.5, 0.5, 0.95))
        ),
        middle=0.15,
        reach=0.95,
    ),
    Solid(
        name="teapot",
        shape=TEAPOT,
        texture=times(noise(0.8, 0.65, 1.0), spots(0.34, 0.1, 0.85, 0.3)),
        middle=0.02,
        reach=0.95,
    ),
    Solid(
        name="house",
        shape=HOUSE,
        texture=where(
            at(0, 0.9, 0, box(1, 0.48, 1)),
            stripes((0.0, 1.0, 0.0), 0.12, 0.3, 0.5),
            where(at(0.6, -0.12, -0.2, box(0.2, 0.3, 0.18)), plain(0.15), noise(0.3, 0.7, 0.95)),
        ),
        middle=0.25,
        reach=1.05,
    ),
    Solid(
        name="snowman",
        shape=SNOWMAN,
        texture=where(at(0.3, 0.6, 0, box(0.3, 0.08, 0.08)), plain(0.3), noise(0.5, 0.75, 1.0)),
        middle=-0.05,
        reach=1.0,
    ),
    Solid(
        name="chair",
        shape=CHAIR,
        texture=times(noise(0.2, 0.7, 1.0), stripes((0.1, 0.1, 0.99), 0.25, 0.55, 0.8)),
        middle=0.15,
        reach=1.0,
    ),
    Solid(
        name="locomotive",
        shape=LOCOMOTIVE,
        texture=where(
            at(-0.55, 0.32, 0, box(0.2, 0.15, 0.5)),
            plain(0.1),
            times(_GRAIN, stripes((1.0, 0.0, 0.0), 0.33, 0.4, 0.7)),
        ),
        middle=0.03,
        reach=0.95,
    ),
)
