"""Real-valued masks of defects: float32 in `[0, 1]`, `(rows, columns)`."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

SUPERSAMPLING = 3  # lines are drawn this much larger, then averaged
# Changes up to INVISIBLE of the range count as none, from CLEAR on as full.
INVISIBLE, CLEAR = 4 / 255, 16 / 255


def elastic_mask(rng, height, width):
    """A blob that fills most of the box: elastically deformed, soft-edged.

    A patch (ellipse to rounded rectangle, turned) is looked up at coordinates
    moved by a smooth random field, as in elastic deformation; a second, finer
    field frays its outline; the step at the outline is as wide as a Gaussian
    filter of random width makes it. Amplitudes, finenesses and width are
    random. The mask is 1 somewhere, covers 30 to 70 % of the box and falls
    to 0 at the border of the box. Returns `(height, width)`.

    Reference:

    - Bauer et al., Self-Supervised Training with Autoencoders for Visual
      Anomaly Detection, as summed up in section 3.1.3 of the paper. Neither
      gives the parameters: the ranges are ours.
    """
    power = 2 if rng.random() < 0.6 else 4
    angle, elastic, fray, width_share, covered = rng.random(5)
    rows, columns = _coordinates(height), _coordinates(width)

    strength = np.float32(0.1 + 0.5 * elastic)
    v = rows[:, None] + strength * smooth_field(rng, height, width, 5)
    u = columns[None] + strength * smooth_field(rng, height, width, 5)
    cos, sin = np.cos(np.pi * angle), np.sin(np.pi * angle)
    cos, sin = np.float32(cos), np.float32(sin)
    u, v = cos * u - sin * v, sin * u + cos * v
    u *= u
    v *= v
    if power == 4:
        u *= u
        v *= v
    u += v
    radius = np.sqrt(u, out=u)
    if power == 4:
        radius = np.sqrt(radius, out=radius)
    # A larger radius near the border keeps the outline inside the box.
    radius += np.maximum((rows**8)[:, None], columns**8)
    radius += np.float32(0.3 * fray) * smooth_field(rng, height, width, 9)

    rank = int((0.3 + 0.4 * covered) * radius.size)
    outline = np.partition(radius, rank, axis=None)[rank]
    pixel = 4.0 / min(height, width)  # two pixels in units of half a side
    softness = max(pixel, 0.04 + 0.6 * width_share**1.5)
    mask = smooth_step((outline - radius) * np.float32(1 / softness) + 0.5)
    mask *= window(height, width)
    mask *= np.float32(1) / max(mask.max(), np.float32(1e-3))
    return mask


def line_mask(rng, height, width, max_thickness=4.0):
    """One to five thin curves from side to side of the box: scratches.

    They are parallel where there are several (hatching), and may be dashed
    or fade out. Thickness is at most `max_thickness` pixels.
    """
    scale = SUPERSAMPLING
    canvas = Image.new("L", (width * scale, height * scale))
    draw = ImageDraw.Draw(canvas)

    count = 1 if rng.random() < 0.6 else int(rng.integers(2, 6))
    thickness = scale * rng.uniform(1.0, max(1.2, max_thickness / count))
    curves = _fit(_curves(rng, count), width * scale, height * scale)
    dashed = rng.random() < 0.3
    for curve in curves:
        drawn = rng.random(len(curve) - 1) < (0.7 if dashed else 1.0)
        for i in np.flatnonzero(drawn):
            ends = [*curve[i].tolist(), *curve[i + 1].tolist()]
            draw.line(ends, fill=255, width=round(thickness))
    mask = np.asarray(canvas.reduce(scale), "float32") * np.float32(1 / 255)
    if rng.random() < 0.4:  # the pressure changes along the line
        mask *= np.clip(0.6 + smooth_field(rng, height, width, 5), 0.15, 1)
    return mask


def smooth_field(rng, height, width, controls):
    """Smooth Gaussian noise of about unit variance, `(height, width)`.

    White noise on `controls` by `controls` knots through cubic B-splines,
    which is close to noise after a Gaussian filter and far cheaper.
    """
    knots = rng.standard_normal((controls, controls), dtype="float32")
    # Not `@`: libraries of linear algebra round by the processor.
    rows = np.einsum("rk,kl->rl", _spline(height, controls), knots)
    return np.einsum("rl,cl->rc", rows, _spline(width, controls))


def visible_change(clean, corrupted, where):
    """How clearly each pixel changed, `(height, width)` in `[0, 1]`.

    0 up to 4/255, also for lone pixels that differ by noise only. Pixels
    with `where == 0` are not looked at and get 0.
    """
    result = np.zeros(clean.shape[:2], "float32")
    where = where != 0.0  # of booleans `any` is quick
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    if len(rows) == 0:
        return result
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    change = np.abs(corrupted[box] - clean[box]).max(axis=-1)
    change = np.minimum(change, 1.5 * ndimage.uniform_filter(change, 3))
    clarity = (change - INVISIBLE) * np.float32(1 / (CLEAR - INVISIBLE))
    result[box] = clarity.clip(0, 1)
    return result


def box_size(box):
    """`(height, width)` in pixels of a pair of slices."""
    return tuple(side.stop - side.start for side in box)


def window(height, width):
    """1 in the middle, falling smoothly to 0 at the border."""
    return _taper(height)[:, None] * _taper(width)


def smooth_step(values):
    """Cubic step: 0 below 0, 1 above 1."""
    values = np.clip(values, 0.0, 1.0, out=values)
    return values * values * (3.0 - 2.0 * values)


def _curves(rng, count):
    """`count` parallel quadratic Bezier curves, `(count, points, 2)`."""
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-direction[1], direction[0]])
    start, end = -direction / 2, direction / 2
    bend = rng.normal(scale=0.3) * across + rng.normal(scale=0.2) * direction
    t = np.linspace(0.0, 1.0, 25)[:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    gaps = rng.uniform(0.06, 0.14) * np.arange(count)
    shifts = rng.uniform(-0.1, 0.1, count) if count > 1 else np.zeros(1)
    offsets = gaps[:, None] * across + shifts[:, None] * direction
    return curve + offsets[:, None]


def _fit(curves, width, height):
    """Scale curves, aspect ratio kept, into a canvas, in pixels."""
    low, high = curves.min(axis=(0, 1)), curves.max(axis=(0, 1))
    size = np.array([width, height])
    scale = (0.86 * size / np.maximum(high - low, 1e-3)).min()
    return (curves - (low + high) / 2) * scale + size / 2


@lru_cache(maxsize=4096)
def _coordinates(count):
    return ((np.arange(count, dtype="float32") + 0.5) * 2 / count) - 1


@lru_cache(maxsize=4096)
def _taper(count):
    """1 inside, falling to 0 over the outer eighth on each side."""
    distance = 1 - np.abs(_coordinates(count))
    return smooth_step(distance * 4 + np.float32(0.5 / count))


@lru_cache(maxsize=4096)
def _spline(count, controls):
    """Cubic B-spline matrix, `(count, controls)`, scaled to unit variance."""
    at = np.linspace(0, controls - 3, count, endpoint=False)
    left = np.floor(at).astype(int)
    t = (at - left)[:, None]
    weights = (
        np.hstack(
            [
                (1 - t) ** 3,
                3 * t**3 - 6 * t**2 + 4,
                -3 * t**3 + 3 * t**2 + 3 * t + 1,
                t**3,
            ]
        )
        / 6
    )
    matrix = np.zeros((count, controls))
    np.put_along_axis(matrix, left[:, None] + np.arange(4), weights, axis=1)
    matrix /= np.sqrt((matrix**2).sum(axis=1, keepdims=True))
    return matrix.astype("float32")
