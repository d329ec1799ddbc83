"""The print on the capsules as pen strokes, free of any font.

Strokes are float arrays, `(n, 2)`, in points (1/256 of the picture's side).
"""

import numpy as np

NUMBER_STROKE = 4.8
BRAND_STROKE = 1.55
DIGIT = (11.2, 14.8)  # width and height between the middles of the strokes
DIGIT_STEP = 20.6


def _loop(squareness):
    turn = np.linspace(0, 2 * np.pi, 25)
    x, y = np.cos(turn), np.sin(turn)
    x = np.sign(x) * np.abs(x) ** squareness
    y = np.sign(y) * np.abs(y) ** squareness
    return np.stack([0.5 + 0.5 * x, 0.5 + 0.5 * y], axis=1)


# Glyphs in a box of one by one, y downwards; ascenders reach above it.
_GLYPHS = {
    "0": [_loop(0.8)],
    "3": [
        [(0.05, 0.1), (0.3, 0), (0.75, 0.03), (0.93, 0.24), (0.75, 0.45)],
        [(0.45, 0.48), (0.75, 0.48), (1, 0.72), (0.75, 0.98), (0.3, 1)],
        [(0.3, 1), (0, 0.9)],
    ],
    "5": [
        [(0.96, 0), (0.12, 0), (0.06, 0.5), (0.3, 0.43), (0.62, 0.43)],
        [(0.62, 0.43), (0.9, 0.52), (1, 0.72), (0.88, 0.92), (0.58, 1)],
        [(0.58, 1), (0.25, 0.99), (0, 0.88)],
    ],
    "8": [
        _loop(0.9) * (0.86, 0.47) + (0.07, 0),
        _loop(0.9) * (1, 0.53) + (0, 0.47),
    ],
    "k": [[(0, -0.5), (0, 1)], [(0.85, 0), (0.05, 0.55)], [(0.3, 0.4), (1, 1)]],
    "e": [
        [(0.02, 0.52), (0.98, 0.5), (0.9, 0.2), (0.5, 0), (0.12, 0.18)],
        [(0.12, 0.18), (0, 0.5), (0.12, 0.84), (0.5, 1), (0.9, 0.88)],
    ],
    "r": [[(0, 0), (0, 1)], [(0, 0.4), (0.2, 0.1), (0.65, 0.02)]],
    "a": [_loop(0.9), [(1, 0), (1, 1)]],
    "s": [
        [(0.92, 0.1), (0.5, 0), (0.1, 0.1), (0.1, 0.36), (0.5, 0.5)],
        [(0.5, 0.5), (0.92, 0.62), (0.92, 0.9), (0.5, 1), (0.05, 0.9)],
    ],
    "d": [_loop(0.9), [(1, -0.5), (1, 1)]],
}


def glyph(character, corner, width, height, slant=0.0):
    """Strokes of one character whose box has its upper left at `corner`."""
    strokes = []
    for stroke in _GLYPHS[character]:
        x, y = np.asarray(stroke, dtype="float64").T
        x = corner[0] + x * width + slant * (1 - y) * height
        strokes.append(np.stack([x, corner[1] + y * height], axis=1))
    return strokes


def digit_corner(corner, index):
    """Upper left of the digit `index` of a number that starts at `corner`."""
    return corner[0] + index * DIGIT_STEP, corner[1]


def number(corner, text="500"):
    """Strokes of the dose on the orange half."""
    return [
        stroke
        for index, character in enumerate(text)
        for stroke in glyph(character, digit_corner(corner, index), *DIGIT)
    ]


def brand(corner):
    """`(stroke, filled)` pairs of the maker's sign on the black half."""
    s, a = corner
    shapes = [(_crescent((s + 8.5, a), 8.2, 2.4), True)]
    shapes += [(_crescent((s + 10.5, a + 1.5), 5.2, 1.5), True)]
    x = s + 12.0
    for character in "kerasad":
        shapes += [
            (stroke, False)
            for stroke in glyph(character, (x, a), 4.6, 6.4, slant=0.18)
        ]
        x += 5.4 if character == "r" else 7.2
    return shapes


def _crescent(centre, radius, thickness):
    """The upper left part of a ring that tapers to both ends."""
    turn = np.linspace(-3.6, -0.6, 16)
    taper = thickness * np.sin(np.linspace(0, np.pi, 16))
    outer = np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius
    inner = outer * (1 - taper / radius)[:, None]
    return np.concatenate([outer, inner[::-1]]) + centre
