"""Squeezed capsules: the outline gives way and the shell folds.

Lengths are in points, 1/256 of the picture's side.
"""

import numpy as np

from kerasad.capsules.scene import BODY_RADIUS, Dent, Mark

EDGE = BODY_RADIUS * np.pi / 2  # arc length from the axis to the outline


def squeeze(capsule, rng):
    """A kink all around, a dented edge, a flat edge or a pushed-in tip."""
    kind = rng.choice(
        [_kink, _edge_dent, _flat_edge, _pushed_tip],
        p=[0.4, 0.25, 0.15, 0.2],
    )
    return kind(capsule, rng)


def _kink(capsule, rng):
    """Pressed from the front: bulges above and below, folds into facets."""
    on_black = rng.random() < 0.2
    if on_black:
        s = rng.uniform(capsule.left + 45, capsule.seam - 25)
    else:
        s = rng.uniform(capsule.seam + 18, capsule.right - 42)
    strength = rng.uniform(0.5, 1.0)
    reach = rng.uniform(28, 60, 2)
    dents = [
        Dent(s, reach, -strength * rng.uniform(0.06, 0.2), side, 1.15)
        for side in (-1, 1)
    ]
    lean = rng.normal(0, 4, 3)
    top, bottom = (s + lean[0], -EDGE - 4), (s + lean[1], EDGE + 4)
    middle = (s + lean[2], rng.normal(0, 6))
    fold = np.array([top, middle, bottom])
    left = (s - rng.uniform(0.6, 1.0) * reach[0], rng.normal(0, 10))
    right = (s + rng.uniform(0.6, 1.0) * reach[1], rng.normal(0, 10))
    light = rng.choice([-1, 1]) * strength * rng.uniform(0.13, 0.26)
    facets = [
        (np.array([*fold, left]), light),
        (np.array([*fold, right]), -0.75 * light),
        (np.array([middle, bottom, left]), -0.6 * light),
    ]
    return capsule.with_(dents=dents, marks=[*_relief(facets), *_crease(fold)])


def _edge_dent(capsule, rng):
    """Pressed from the side: a notch in one edge and a triangular hollow."""
    side = rng.choice([-1, 1])
    s = rng.uniform(capsule.left + 35, capsule.right - 35)
    depth = rng.uniform(0.08, 0.3)
    reach = rng.uniform(18, 50, 2)
    apex = (s + rng.normal(0, 4), side * EDGE * rng.uniform(0.1, 0.45))
    left = (s - reach[0], side * EDGE * rng.uniform(0.85, 1.1))
    right = (s + reach[1], side * EDGE * rng.uniform(0.85, 1.1))
    bottom = (s, side * (EDGE + 4))
    light = rng.choice([-1, 1]) * rng.uniform(0.15, 0.3)
    facets = [
        (np.array([apex, left, bottom]), light),
        (np.array([apex, bottom, right]), -0.8 * light),
    ]
    fold = np.array([left, apex, right])
    dents = [Dent(s, reach, depth, side, 1.3)]
    return capsule.with_(dents=dents, marks=[*_relief(facets), *_crease(fold)])


def _flat_edge(capsule, rng):
    """A long shallow flat on one edge that ends in a corner."""
    side = rng.choice([-1, 1])
    s = rng.uniform(capsule.left + 35, capsule.right - 35)
    reach = rng.permutation([rng.uniform(5, 12), rng.uniform(25, 60)])
    dents = [Dent(s, reach, rng.uniform(0.05, 0.11), side, 1.2)]
    line = np.array([(s - reach[0], side * 44), (s + reach[1], side * 44)])
    light = rng.uniform(-0.2, 0.2)
    marks = [Mark("relief", line, 5.0, light, 0.8, soft=4.0)]
    return capsule.with_(dents=dents, marks=marks)


def _pushed_tip(capsule, rng):
    """Part of a tip is gone, folded inwards, with a lip along the fold."""
    at_left = rng.random() < 0.4
    tip = capsule.left if at_left else capsule.right
    inwards = 1 if at_left else -1
    side = rng.choice([-1, 1])
    deep = rng.uniform(6, 20)
    corner = (tip + inwards * deep * rng.uniform(1.2, 1.8), side * EDGE)
    foot = (tip - inwards * 2, side * rng.uniform(-10, 8))
    bend = (tip + inwards * deep * rng.uniform(0.3, 0.7), side * 18)
    fold = np.array([corner, bend, foot])
    beyond = [(tip - inwards * 12, foot[1]), (tip - inwards * 12, side * 70)]
    beyond = np.array([*fold, *beyond, (corner[0], side * 70)])
    light = rng.uniform(0.15, 0.4)
    inner = fold + (inwards * rng.uniform(3, 6), 0)
    return capsule.with_(
        marks=[
            Mark("outline", beyond, 0.0, 0.0, filled=True),
            Mark("relief", fold, 3.0, -0.35, 0.9, soft=1.5),
            Mark("relief", inner, 2.5, light, 0.9, soft=2.5),
        ]
    )


def _relief(facets):
    return [
        Mark("relief", corners, 0.0, light, 1.0, filled=True, soft=7.0)
        for corners, light in facets
    ]


def _crease(fold):
    return [
        Mark("relief", fold - (0.5, 0), 0.9, 0.3, 0.7, soft=0.4),
        Mark("relief", fold + (0.7, 0), 0.9, -0.25, 0.7, soft=0.4),
    ]
