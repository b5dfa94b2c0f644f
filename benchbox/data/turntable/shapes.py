"""The shapes of the objects, put together from simple solids. Their textures and frames are in `objects`."""

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
LABEL = union(at(0, -0.05, 0.4, box(0.3, 0.3, 0.4)), at(0.08, 0.1, -0.4, box(0.14, 0.12, 0.4)))
CARTON = box(0.42, 0.75, 0.26, rounding=0.03)
PRINTS = union(at(0, 0.15, 0.5, box(0.28, 0.34, 0.35)), at(-0.15, -0.3, -0.5, box(0.15, 0.22, 0.35)))
WHEELS = mirrored("x", mirrored("z", at(0.52, -0.22, 0.36, cylinder(0.2, 0.09, axis="z", rounding=0.03))))
TYRES = mirrored("x", mirrored("z", at(0.52, -0.22, 0.42, cylinder(0.21, 0.14, axis="z"))))


def car(*, cabin: float, shift: float) -> Shape:
    """A toy car, its cabin of half length `cabin` moved forward by `shift`."""
    return union(
        box(0.95, 0.2, 0.4, rounding=0.1),
        at(shift, 0.3, 0, box(cabin, 0.25, 0.34, rounding=0.1)),
        WHEELS,
    )


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
LOCOMOTIVE = union(
    at(0.2, 0.05, 0, cylinder(0.28, 0.6, axis="x", rounding=0.03)),
    at(-0.55, 0.15, 0, box(0.3, 0.48, 0.36, rounding=0.03)),
    at(0.55, 0.42, 0, cone(0.08, 0.14, 0.2)),
    at(0, -0.3, 0, box(0.85, 0.07, 0.34)),
    mirrored("z", at(0.5, -0.38, 0.34, cylinder(0.16, 0.05, axis="z"))),
    mirrored("z", at(0.1, -0.38, 0.34, cylinder(0.16, 0.05, axis="z"))),
    mirrored("z", at(-0.5, -0.33, 0.34, cylinder(0.22, 0.05, axis="z"))),
)
