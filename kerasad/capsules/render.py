"""Turns a capsule scene into a picture: shape, shading, print, shadow, noise.

Lengths are in points, 1/256 of the picture's side; colours in `[0, 255]`.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from kerasad.capsules.paint import Canvas, ramp

OPTICS = 0.55  # blur of the lens, standard deviation

# Colour across the capsule, from the upper edge (-1) to the lower one (1):
# a bright ceiling above, a darker table below, the ground mirrored at the rims.
ORANGE = np.array(
    [
        (-1.0, 160, 104, 94),
        (-0.92, 154, 91, 80),
        (-0.82, 152, 84, 71),
        (-0.1, 152, 81, 66),
        (0.03, 142, 75, 60),
        (0.2, 124, 66, 52),
        (0.45, 112, 61, 47),
        (0.7, 107, 58, 45),
        (0.72, 108, 63, 51),
        (0.9, 110, 69, 58),
        (1.0, 124, 90, 79),
    ]
)
BLACK = np.array(
    [
        (-1.0, 50, 49, 53),
        (-0.88, 35, 34, 39),
        (-0.7, 29, 28, 33),
        (-0.68, 31, 30, 34),
        (-0.64, 28, 27, 32),
        (-0.12, 26, 25, 29),
        (0.0, 20, 20, 23),
        (0.3, 18, 18, 21),
        (0.66, 18, 18, 21),
        (0.69, 25, 26, 28),
        (0.86, 29, 29, 31),
        (1.0, 45, 46, 47),
    ]
)
BLACK_TIP = np.array((29.0, 29.0, 33.0))
ORANGE_TIP = np.array([(-1.0, 150, 86, 74), (1.0, 112, 65, 53)])
RIM = np.array((20.0, 22.0, 23.0))
INK = np.array((180.0, 172.0, 172.0))
BRAND = np.array((104.0, 124.0, 136.0))


def render(capsule, size):
    """The noise-free picture, float64 `(size, size, 3)`."""
    picture = ground(capsule, size)
    canvas = Canvas(capsule, size)
    cap, outline = canvas.layers["cap"], canvas.layers["outline"]
    for mark in capsule.marks:
        if mark.layer == "ground":
            canvas.paint(picture, mark)
        elif mark.layer != "surface":
            canvas.paint(canvas.layers[mark.layer], mark)

    colour = shade(capsule, canvas)
    for layer, ink, share in (
        ("ink", INK, 0.42 * (1 - cap)),
        ("brand", BRAND, 0.54 * cap),
    ):
        share = capsule.ink * share * canvas.layers[layer]
        colour += share[..., None] * (ink - colour)
    for mark in capsule.marks:
        if mark.layer == "surface":
            canvas.paint(colour, mark)

    rows = picture[canvas.rows]
    rows += outline[..., None] * (colour - rows)
    blur = OPTICS * size / 256
    picture = ndimage.gaussian_filter(picture, (blur, blur, 0), truncate=3)
    return picture * capsule.gain


def shade(capsule, canvas):
    """Colour of the bare shells on the canvas, `(rows, size, 3)`."""
    s, across = canvas.s, canvas.across
    cap = canvas.layers["cap"]
    orange = _profile(ORANGE, across)
    tip = ramp(canvas.end - 0.3, 0.6)[..., None]
    orange += tip * (_profile(ORANGE_TIP, across) - orange)
    to_tip = capsule.right - s
    orange *= np.interp(
        to_tip,
        (0, 8, 15, 22, 28, 34, 60, 110),
        (0.96, 0.98, 1.0, 1.04, 1.07, 1.05, 1.03, 0.98),
    )[..., None]
    orange *= 1 + capsule.warmth * np.array((0.3, 1.0, 1.0))
    # The rim of the black half throws a thin shadow on the orange one.
    gap = s - capsule.seam
    orange *= 1 - 0.28 * np.exp(-np.clip(gap, 0, 30)[..., None] / 1.6)

    black = _profile(BLACK, across)
    bend = capsule.left + 29 - 0.45 * np.maximum(canvas.t, 0)
    tip = 0.9 * ramp(bend - s, 4) * ramp(0.75 - np.abs(across), 0.5)
    black += tip[..., None] * (BLACK_TIP - black)
    colour = orange + cap[..., None] * (black - orange)
    colour += (ramp(canvas.radial - 0.94, 0.16) * canvas.end)[..., None] * RIM
    relief = canvas.layers["relief"][..., None]
    # Black hardly reflects: there relief shows as gloss that is added.
    return np.maximum(colour * (1 + relief) + 26 * relief, 4)


def _profile(knots, across):
    return np.stack(
        [np.interp(across, knots[:, 0], knots[:, i]) for i in (1, 2, 3)],
        axis=-1,
    )


def ground(capsule, size):
    """The bright ground with the soft shadow, `(size, size, 3)`."""
    axis = (np.arange(size) + 0.5) * 256 / size
    x, y = axis[None] - capsule.centre[0], axis[:, None] - capsule.centre[1]
    inside = np.clip(x, capsule.left + 33, capsule.right - 33)
    distance = np.maximum(np.hypot(x - inside, y) - 34, 0)
    below = ramp(y, 60)
    reddish = ramp(x - capsule.seam, 70)  # 1 beside the orange half
    middle = 1 - 0.5 * ramp(np.abs(x - 6) - 100, 75)
    near = middle * np.exp(-((distance / 20.5) ** 2)) * (1 - below)
    far = middle * np.exp(-distance / 23) * below
    picture = np.empty((size, size, 3))
    for channel, (top, bottom, black, orange, table) in enumerate(
        (
            (229, 217, 0.35, 0.17, 0.47),
            (228, 217, 0.36, 0.28, 0.46),
            (227, 211, 0.34, 0.27, 0.47),
        )
    ):
        base = top + (bottom - top) * ramp(y, 200)
        # The lamp stands on the left: its light fades towards the right.
        base = base - 5 * ramp(y, 120) * ramp(x, 256)
        depth = (black + (orange - black) * reddish) * near + table * far
        picture[..., channel] = base * (1 - capsule.shadow * depth)
    return picture


def add_noise(picture, rng):
    """A camera's uint8 picture: paper grain, sensor noise, row noise."""
    size = len(picture)
    grain = ndimage.gaussian_filter(rng.normal(0, 1, (256, 256)), 0.6)
    grain = Image.fromarray((1.75 * grain).astype("float32"))
    grain = np.asarray(grain.resize((size, size), Image.Resampling.BICUBIC))
    noise = rng.standard_normal(picture.shape, dtype="float32") * 0.75
    noise += grain[..., None]
    noise += rng.normal(0, 0.12, (size, 1, 1))
    noise += rng.normal(0, 0.12, (1, size, 1))
    # Shot noise: bright pixels are noisier.
    noise *= 0.5 + 0.0062 * picture.mean(-1, keepdims=True)
    return np.clip(picture + noise + 0.5, 0, 255).astype("uint8")
