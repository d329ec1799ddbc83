"""What a capsule picture is made of, and how good capsules vary.

All lengths are in points: 1/256 of the picture's side, so that one scene can
be rendered at any size. Capsule coordinates are `(s, a)`: `s` along the axis
to the right and `a` the arc length around it, downwards, both from the centre.
"""

import dataclasses

import numpy as np

from kerasad.capsules import lettering

CAP_RADIUS = 35.2  # of the black half, which slides over the orange one
BODY_RADIUS = 33.0
PALE = (246.0, 228.0, 208.0)  # a broken shell seen from its edge
HOLE = (58.0, 30.0, 24.0)  # the dark inside of a shell


@dataclasses.dataclass(frozen=True)
class Mark:
    """A line, dot or polygon painted on one layer of the scene.

    Args:
        layer: str. `"ground"` (points in picture coordinates), or in capsule
            coordinates `"outline"` (1 capsule, 0 ground), `"cap"` (1 black
            half, 0 orange half), `"ink"` and `"brand"` (share of print),
            `"relief"` (brightness added, as a share) and `"surface"` (RGB).
        points: float array, `(n, 2)`. Corners of the line.
        width: float, in points. Thickness of the line.
        value: float, or RGB in `[0, 255]`. What the layer becomes.
        opacity: float in `[0, 1]`.
        filled: bool. Whether the line is closed and its inside painted.
        soft: float, in points. Extra width of the faded edge.
    """

    layer: str
    points: np.ndarray
    width: float
    value: float | tuple
    opacity: float = 1.0
    filled: bool = False
    soft: float = 0.0


@dataclasses.dataclass(frozen=True)
class Dent:
    """A stretch of the outline that is pressed in (or bulges out).

    Args:
        centre: float, in points along the axis.
        reach: pair of floats, in points to the left and to the right.
        depth: float. Share of the radius lost at the centre; negative bulges.
        side: -1 upper edge, 1 lower edge, 0 both.
        power: float. 1 for a sharp fold, 2 and more for a soft one.
    """

    centre: float
    reach: tuple
    depth: float
    side: int
    power: float = 1.5


@dataclasses.dataclass(frozen=True)
class Capsule:
    """One capsule with its pose, its light and all that is painted on it."""

    centre: tuple  # (x, y) in the picture
    angle: float  # in radians
    left: float  # s of the black tip
    seam: float  # s of the rim of the black half
    right: float  # s of the orange tip
    number_at: tuple  # (s, a) of the upper left corner of the "500"
    gain: np.ndarray  # (3,), light by colour
    warmth: float  # share of redder or duller orange
    shadow: float  # strength of the shadow, 1 as usual
    ink: float  # strength of the print, 1 as usual
    dents: tuple = ()
    marks: tuple = ()

    def with_(self, marks=(), dents=(), **changes):
        """This capsule with more marks and dents."""
        return dataclasses.replace(
            self,
            marks=(*self.marks, *marks),
            dents=(*self.dents, *dents),
            **changes,
        )


def sample_capsule(rng):
    """A good capsule, with the small differences that good ones have."""
    dim = rng.random() < 0.06  # now and then a frame comes out grey and cool
    gain = rng.normal(1.0, 0.012) * (1 + rng.normal(0, 0.005, 3))
    gain = gain * (np.array([0.9, 0.92, 0.94]) if dim else 1.0)
    number_at = (16.6 + rng.normal(0, 1.2), rng.normal(-8.3, 4.5))
    capsule = Capsule(
        centre=(130.0 + rng.normal(0, 0.5), 127.2 + rng.normal(0, 0.4)),
        angle=np.deg2rad(rng.normal(-0.5, 0.27)),
        left=-109.5 + rng.normal(0, 0.5),
        seam=2.3 + rng.normal(0, 1.2),
        right=109.5 + rng.normal(0, 0.7),
        number_at=number_at,
        gain=gain,
        warmth=rng.normal(0, 0.015),
        shadow=rng.normal(1.0, 0.05),
        ink=rng.normal(1.0, 0.07),
    )
    dents = [
        Dent(s, (w, w), depth, side, 2.5)
        for s, w, depth, side in zip(
            rng.uniform(-90, 90, 3),
            rng.uniform(10, 25, 3),
            rng.normal(0, 0.007, 3),
            rng.choice([-1, 1], 3),
            strict=True,
        )
    ]
    # The brand is free to roll out of sight, the number is not.
    brand_at = (-64.0 + rng.normal(0, 1.2), rng.uniform(-np.pi, np.pi) * 33.0)
    prints = [
        Mark("ink", line, lettering.NUMBER_STROKE, 1.0)
        for line in lettering.number(number_at)
    ]
    prints += [
        Mark("brand", line, lettering.BRAND_STROKE, 1.0, filled=filled)
        for line, filled in lettering.brand(brand_at)
    ]
    marks = [*prints, *highlights(capsule, rng), *dust(rng)]
    return capsule.with_(marks=marks, dents=dents)


def highlights(capsule, rng):
    """The mirrored lamp: a thin broken line along the axis, two glints."""
    a = 4.0 + rng.normal(0, 0.6)
    marks = []
    ends = np.sort(rng.uniform(capsule.left + 28, capsule.seam - 25, 6))
    ends = [*ends, ends[-1] + rng.uniform(2, 9), capsule.seam - 1]
    for start, stop in zip(ends[::2], ends[1::2], strict=True):
        line = wiggle((start, a), (stop, a + rng.normal(0, 0.3)), 0.25, rng)
        grey = rng.uniform(30, 46)
        width = rng.uniform(0.9, 2.2)
        grey = (grey, grey, grey + 1)
        marks.append(Mark("surface", line, width, grey, 0.8, soft=0.6))
    stop = rng.uniform(50, 85)
    line = wiggle((capsule.seam + 2, a), (stop, a), 0.15, rng)
    shine = rng.uniform(0.15, 0.5)
    marks.append(Mark("surface", line, 1.3, (196, 128, 88), shine))
    for _ in range(2):
        s, a = capsule.right - rng.uniform(18, 30), rng.uniform(10, 24)
        line = np.array([(s, a), (s + rng.uniform(0.5, 3), a + 3)])
        shine = rng.uniform(0.05, 0.45)
        marks.append(Mark("surface", line, 1.1, (214, 140, 96), shine))
    return marks


def dust(rng):
    """Specks and fibres that good capsules and their ground have too."""
    marks = []
    for _ in range(rng.poisson(14)):
        point = rng.uniform(2, 254, (1, 2))
        grey = rng.choice([90.0, 130.0, 245.0], p=[0.4, 0.4, 0.2])
        width = rng.uniform(0.4, 1.4)
        marks.append(Mark("ground", point, width, (grey,) * 3, 0.6))
    for _ in range(rng.poisson(0.7)):
        start = rng.uniform((20, 164), (240, 178))
        line = wiggle(start, start + rng.normal(0, 4, 2), 0.6, rng)
        marks.append(Mark("ground", line, 0.6, (85, 83, 80), 0.6))
    for _ in range(rng.poisson(5)):
        point = rng.uniform((-100, -48), (100, 48), (1, 2))
        dark, light = (70, 35, 28), (150, 140, 135)
        width = rng.uniform(0.4, 1.5)
        value = light if point[0, 0] < 0 or rng.random() < 0.3 else dark
        share = rng.uniform(0.3, 0.8)
        marks.append(Mark("surface", point, width, value, share))
    for _ in range(rng.poisson(0.9)):  # a hair scratch that nobody minds
        start = rng.uniform((-90, -35), (90, 35))
        line = wiggle(start, start + rng.normal(0, 9, 2), 0.8, rng)
        value = (80, 78, 78) if start[0] < 0 else (190, 140, 115)
        shine = rng.uniform(0.05, 0.3)
        marks.append(Mark("surface", line, 0.6, value, shine))
    return marks


def wiggle(start, stop, jitter, rng, steps=7):
    """A line of `steps` points, `(steps, 2)`, that strays by `jitter`."""
    line = np.linspace(start, stop, steps)
    return line + rng.normal(0, jitter, line.shape)


def jagged(centre, radii, rng, corners=9):
    """An irregular polygon around `centre`, `(corners, 2)`."""
    turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = rng.uniform(0.55, 1.2, corners)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.asarray(centre) + ring * reach[:, None] * np.asarray(radii)
