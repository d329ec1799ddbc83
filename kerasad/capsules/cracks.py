"""Cracked capsules: chips, torn and crumbling rims, hairlines, flecks.

Lengths are in points, 1/256 of the picture's side; colours in `[0, 255]`.
"""

import numpy as np

from kerasad.capsules.scene import HOLE, PALE, Mark, jagged, wiggle


def crack(capsule, rng):
    """Chips along an edge, a torn rim, a crumbling rim or a hairline."""
    kind = rng.choice(
        [_chips, _torn_rim, _crumbling_rim, _hairline, _flecks],
        p=[0.34, 0.2, 0.12, 0.2, 0.14],
    )
    return capsule.with_(marks=kind(capsule, rng))


def _chips(capsule, rng):
    length = rng.uniform(13, 60)
    start = rng.uniform(capsule.seam + 2, capsule.right - 22 - length)
    edge = rng.choice([-1, 1]) * rng.uniform(36, 43)
    bright = rng.uniform(0.45, 1.0)
    core = (start + length * rng.uniform(0.35, 0.65), edge)
    core = jagged(core, (0.36 * length, rng.uniform(1.3, 4.5)), rng, 15)
    marks = [
        Mark("surface", core + (0.5, 1.2), 1.2, HOLE, 0.4 * bright),
        Mark("surface", core, 0.3, PALE, bright, filled=True),
    ]
    for s in start + length * rng.random(rng.integers(7, 24)):
        size = rng.uniform(0.5, 2.2)
        at = (s, edge + rng.normal(0, 2.4))
        shape = jagged(at, (1.8 * size, size), rng)
        marks.append(Mark("surface", shape, 0.3, PALE, bright, filled=True))
    return marks


def _torn_rim(capsule, rng):
    deep = rng.choice([rng.uniform(5, 10), rng.uniform(10, 36)], p=[0.55, 0.45])
    high = deep * rng.uniform(0.8, 1.6)
    a = rng.uniform(-34, 34 - high)
    heights = (np.arange(9) + rng.uniform(0, 0.9, 9)) / 9
    shape = deep * np.sin(np.pi * np.clip(heights * 1.15, 0, 1)) ** 0.7
    shape = np.stack(
        [
            capsule.seam - shape * rng.uniform(0.75, 1.1, 9),
            a + high * heights,
        ],
        axis=1,
    )
    shape[[0, -1], 0] = capsule.seam + 3
    lip = shape[1:-1]
    return [
        Mark("cap", shape, 0.0, 0.0, filled=True),
        Mark("surface", lip, 0.8, (205, 130, 105), 0.5),
        Mark("relief", lip + (1.2, 0.8), 1.6, -0.3, 0.7),
    ]


def _crumbling_rim(capsule, rng):
    length = rng.uniform(14, 70)
    start = rng.uniform(-42, 42 - length)
    steps = int(length / 2.5)
    line = np.stack(
        [np.full(steps, capsule.seam), start + np.linspace(0, length, steps)],
        axis=1,
    )
    line[:, 0] += 0.8 - rng.exponential(1.1, steps)
    bright = rng.uniform(0.25, 0.8)
    marks = [
        Mark("cap", line, rng.uniform(1.2, 2.6), 0.0, 0.8),
        Mark("surface", line, rng.uniform(0.6, 1.2), PALE, bright),
    ]
    for at in line[rng.random(steps) < 0.7]:
        size = rng.uniform(0.3, 1.3)
        shape = jagged(at - (rng.exponential(2), 0), (size, size), rng)
        shine = bright * rng.uniform(0.3, 1.0)
        marks.append(Mark("surface", shape, 0.3, PALE, shine, filled=True))
    return marks


def _hairline(capsule, rng):
    start = rng.uniform((capsule.seam + 8, -28), (capsule.right - 45, 28))
    turn = rng.normal(0, 0.5)
    span = rng.uniform(16, 40) * np.array([np.cos(turn), np.sin(turn)])
    line = wiggle(start, start + span, 0.9, rng, steps=10)
    depth = rng.uniform(0.55, 0.95)
    marks = [
        Mark("surface", line, 0.9, HOLE, depth),
        Mark("surface", line + (0.2, 1.0), 0.8, (222, 160, 130), 0.6 * depth),
    ]
    for at in line[rng.integers(1, 9, rng.integers(1, 4))]:
        shape = jagged(at + rng.normal(0, 1.2, 2), (2.4, 1.6), rng)
        marks.append(Mark("surface", shape, 0.3, PALE, 0.5, filled=True))
    return marks


def _flecks(capsule, rng):
    low = (capsule.left + 10, -38)
    centre = rng.uniform(low, (capsule.right - 18, 38))
    spread = rng.uniform(2.5, 7.5)
    bright = rng.uniform(0.45, 1.0)
    return [
        Mark("surface", jagged(at, (w, 0.8), rng), 0.4, PALE, bright, True)
        for at, w in zip(
            centre + rng.normal(0, 1, (12, 2)) * (1.6 * spread, 0.6 * spread),
            rng.uniform(0.7, 2.6, 12),
            strict=True,
        )
    ]
