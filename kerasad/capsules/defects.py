"""The five ways a capsule goes wrong, as marks and dents on a good one.

Every function in `DAMAGE` takes a `Capsule` and an `rng` and returns the
damaged `Capsule`. Severity is drawn so that small and faint cases are the
rule, as on a real line. Lengths are in points, 1/256 of the picture's side.
"""

import numpy as np

from kerasad.capsules.cracks import crack
from kerasad.capsules.imprint import faulty_imprint
from kerasad.capsules.scene import HOLE, PALE, Mark, jagged, wiggle
from kerasad.capsules.squeeze import squeeze

GREY = (108.0, 112.0, 116.0)  # scraped black shell


def poke(capsule, rng):
    """A small hole or dent with a dark and a bright lip, and fine cracks."""
    on_black = rng.random() < 0.3
    if on_black:
        at = rng.uniform((capsule.left + 14, -36), (capsule.seam - 6, 36))
        dark, lip = (4, 4, 5), GREY
    else:
        at = rng.uniform((capsule.seam + 6, -36), (capsule.right - 12, 36))
        dark, lip = HOLE, PALE
    size = 3.8 + rng.exponential(1.8)
    if rng.random() < 0.06:
        size = rng.uniform(8, 12)
    bright = rng.uniform(0.3, 0.85)
    hole = jagged(at, (size * rng.uniform(1, 1.5), size), rng, 13)
    rim = np.roll(hole, rng.integers(13), axis=0)[: rng.integers(4, 8)]
    pit = jagged(at, (size * 0.65, size * 0.5), rng, 13)
    deep = bright * rng.uniform(0.35, 0.85)
    lift = rng.uniform(0.1, 0.26)
    marks = [
        Mark("ink", hole, 0.0, 0.2, filled=True),
        Mark("relief", hole, 1.5, lift, filled=True, soft=0.8),
        Mark("surface", pit, 0.0, dark, deep, filled=True, soft=0.8),
        Mark("surface", rim, rng.uniform(0.7, 1.5), lip, bright),
    ]
    for _ in range(rng.integers(1, 5)):
        flake = at + rng.normal(0, 0.45 * size, 2)
        flake = jagged(flake, size * rng.uniform(0.12, 0.4, 2), rng)
        shine = bright * rng.uniform(0.4, 1.0)
        marks.append(Mark("surface", flake, 0.2, lip, shine, filled=True))
    for _ in range(rng.integers(0, 4)):
        turn = rng.uniform(0, 2 * np.pi)
        ray = np.array([np.cos(turn), np.sin(turn)]) * size
        line = wiggle(at + ray, at + ray * rng.uniform(1.5, 3.0), 0.4, rng)
        marks.append(Mark("surface", line, 0.6, lip, 0.5 * bright))
    return capsule.with_(marks=marks)


def scratch(capsule, rng):
    """A hatched patch, a few long arcs or a scribble, light and often faint."""
    on_black = rng.random() < 0.22
    if on_black:
        at = rng.uniform((capsule.left + 25, -28), (capsule.seam - 14, 28))
        value, shine = GREY, rng.uniform(0.25, 0.6)
    else:
        at = rng.uniform((capsule.seam + 14, -28), (capsule.right - 18, 28))
        value, shine = (222, 170, 140), rng.uniform(0.22, 0.7)
    kind = rng.choice([_hatch, _arcs, _scribble], p=[0.5, 0.25, 0.25])
    return capsule.with_(
        marks=[
            Mark("surface", line, width, value, shine * rng.uniform(0.6, 1.0))
            for line, width in kind(at, rng)
        ]
    )


def _hatch(at, rng):
    turn = rng.uniform(0, np.pi)
    spread = rng.uniform(6, 14)
    lines = []
    for offset in rng.uniform(-spread, spread, rng.integers(7, 15)):
        slant = turn + rng.normal(0, 0.12)
        along = np.array([np.cos(slant), np.sin(slant)])
        across = np.array([-np.sin(turn), np.cos(turn)])
        middle = at + offset * across + rng.normal(0, 3) * along
        half = rng.uniform(6, 18) * along
        line = wiggle(middle - half, middle + half, 0.3, rng)
        lines.append((line, rng.uniform(0.5, 1.1)))
    return lines


def _arcs(at, rng):
    lines = []
    turn = rng.normal(0, 0.5)
    for _ in range(rng.integers(2, 6)):
        start = turn + rng.normal(0, 0.15)
        bend = rng.normal(0, 0.8)
        heading = np.linspace(start - bend / 2, start + bend / 2, 12)
        step = rng.uniform(22, 65) / 12
        steps = step * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        line = at + rng.normal(0, 3.0, 2) + np.cumsum(steps, axis=0)
        line = line - steps.sum(0) / 2
        lines.append((line, rng.uniform(0.6, 1.3)))
    return lines


def _scribble(at, rng):
    lines = []
    for _ in range(rng.integers(2, 5)):
        steps = rng.normal(0, 4.0, (14, 2))
        walk = np.cumsum(steps - 0.15 * np.cumsum(steps, axis=0), axis=0)
        lines.append((at + walk, rng.uniform(0.5, 1.0)))
    return lines


DAMAGE = {
    "crack": crack,
    "faulty_imprint": faulty_imprint,
    "poke": poke,
    "scratch": scratch,
    "squeeze": squeeze,
}
