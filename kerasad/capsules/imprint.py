"""Faulty imprints: what may go wrong with a digit of the "500".

Lengths are in points, 1/256 of the picture's side.
"""

import numpy as np

from kerasad.capsules import lettering
from kerasad.capsules.scene import Mark, jagged, wiggle


def faulty_imprint(capsule, rng):
    """A digit rubbed off, broken, doubled, blotted or wrong, or all gone."""
    if rng.random() < 0.05:
        return capsule.with_(ink=0.0)
    index = int(rng.integers(3))
    corner = lettering.digit_corner(capsule.number_at, index)
    kind = rng.choice(
        [_rubbed, _broken, _doubled, _blotted, _wrong],
        p=[0.38, 0.22, 0.16, 0.14, 0.1],
    )
    return capsule.with_(marks=kind(corner, "500"[index], rng))


def _rubbed(corner, character, rng):
    width, height = lettering.DIGIT
    turn = rng.uniform(0, np.pi)
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-along[1], along[0]])
    centre = np.array(corner) + (width / 2, height / 2)
    marks = []
    for offset in rng.uniform(-9, 9, rng.integers(9, 19)):
        middle = centre + offset * across + rng.normal(0, 1.5) * along
        half = rng.uniform(4, 10) * along
        line = wiggle(middle - half, middle + half, 0.5, rng)
        marks.append(Mark("ink", line, rng.uniform(1.0, 2.1), 0.0, 0.95))
        if rng.random() < 0.25:
            value = [(80, 42, 34), (205, 140, 110)][rng.integers(2)]
            marks.append(Mark("surface", line + 0.8, 0.6, value, 0.35))
    return marks


def _broken(corner, character, rng):
    width, height = lettering.DIGIT
    at = np.array(corner) + rng.random(2) * (width, height)
    hole = jagged(at, rng.uniform(6.0, 10.0, 2), rng)
    left = rng.uniform(0.0, 0.25)
    return [Mark("ink", hole, 0.5, left, filled=True, soft=0.8)]


def _doubled(corner, character, rng):
    turn = rng.uniform(0, 2 * np.pi)
    shift = rng.uniform(2.6, 5.0) * np.array([np.cos(turn), np.sin(turn)])
    strokes = lettering.glyph(
        character, np.array(corner) + shift, *lettering.DIGIT
    )
    strength = rng.uniform(0.5, 1.0)
    stroke = lettering.NUMBER_STROKE
    return [Mark("ink", line, stroke, 1.0, strength) for line in strokes]


def _blotted(corner, character, rng):
    width, height = lettering.DIGIT
    at = np.array(corner) + rng.random(2) * (width, height)
    blot = jagged(at, rng.uniform(4.0, 7.0, 2), rng)
    start, stop = at, at + rng.uniform((-12, -5), (12, 5))
    return [
        Mark("ink", blot, 1.0, 1.0, filled=True, soft=1.0),
        Mark("ink", wiggle(start, stop, 0.5, rng), 2.4, 1.0, 0.6, soft=1.0),
    ]


def _wrong(corner, character, rng):
    width, height = lettering.DIGIT
    box = np.array(corner) + [
        (-3.5, -3.5),
        (width + 3.5, -3.5),
        (width + 3.5, height + 3.5),
        (-3.5, height + 3.5),
    ]
    clear = Mark("ink", box, 0.0, 0.0, filled=True)
    other = rng.choice([c for c in "0358" if c != character])
    strokes = lettering.glyph(other, corner, *lettering.DIGIT)
    stroke = lettering.NUMBER_STROKE
    return [clear, *(Mark("ink", line, stroke, 1.0) for line in strokes)]
