"""The panels of a heatmap figure, painted into a Pillow image."""

import numpy as np
from PIL import Image, ImageDraw

from kerasad.reports.colours import heat_colours, map_colours, shares_of
from kerasad.reports.lettering import PLAIN, write

OUTLINE = "#7dff00"  # ground truth
LINE = 1.4  # pixels
FINER = 4  # a line is drawn so many times larger, then averaged down
RIM = 2  # pixels by which half a line may reach out of its panel
TICKS = 9  # steps of a scale, at most
TICK = 3  # pixels


def overlay(image, anomaly_map, vmin: float, vmax: float):
    """The image with its anomaly map laid over it, uint8 as the image.

    Opacity grows from nothing at `vmin` to its most at `vmax`. A map of
    another size is resized to the image.

    >>> image = np.zeros((4, 4, 3), "uint8")
    >>> int(overlay(image, np.zeros((2, 2)), vmin=0.0, vmax=1.0).max())
    0
    """
    values = np.asarray(anomaly_map, "float32")
    if values.shape != image.shape[:2]:
        values = stretched(values, image.shape[1::-1], bilinear=True)
    colours = heat_colours(shares_of(values, vmin, vmax))
    alpha = colours[..., 3:]
    mixed = (1 - alpha) * image + 255 * alpha * colours[..., :3]
    return np.rint(mixed).astype("uint8")


def panel(name, row, size):
    """One picture of a row as a Pillow image of `size`, `(width, height)`.

    `None` where the row has no such picture.
    """
    scale = row["vmin"], row["vmax"]
    if name == "anomaly map":
        values = np.asarray(row["anomaly_map"], "float32")
        shares = shares_of(stretched(values, size), *scale)
        return Image.fromarray(map_colours(shares))
    if name == "overlay":
        shown = overlay(row["image"], row["anomaly_map"], *scale)
    else:
        shown = row["image" if name == "input" else name]
    return None if shown is None else Image.fromarray(stretched(shown, size))


def stretched(values, size, bilinear=False):
    """A map at another size, `(width, height)`."""
    kind = Image.Resampling.BILINEAR if bilinear else Image.Resampling.HAMMING
    return np.asarray(Image.fromarray(values).resize(size, kind))


def draw_outline(page, place, size, mask):
    """The border of a mask over the panel of `size` at `place`."""
    if mask is None or not np.any(mask):
        return
    width, height = (side + 2 * RIM for side in size)
    line = Image.new("L", (width * FINER, height * FINER))
    draw = ImageDraw.Draw(line)
    unit = np.divide(size, mask.shape[::-1]) * FINER
    for points in contours(mask):
        points = points[:, ::-1] * unit + RIM * FINER
        draw.line(points.ravel().tolist(), 255, round(LINE * FINER), "curve")
    corner = tuple(side - RIM for side in place)
    page.paste(OUTLINE, (*corner, corner[0] + width, corner[1] + height),
               line.reduce(FINER))  # fmt: skip


def contours(mask):
    """Closed polylines `(n, 2)` around a mask, `(y, x)` in its pixels."""
    # On first use: who only predicts does without it.
    from scipy import ndimage
    from skimage import measure

    # A little outside of the defect, or it would hide small ones.
    mask = ndimage.binary_dilation(mask, iterations=1 + min(mask.shape) // 256)
    # Closed at the borders; the centre of the first pixel lies at a half.
    for contour in measure.find_contours(np.pad(mask, 1).astype("float32")):
        yield measure.approximate_polygon(contour, 0.4) - 0.5


def draw_scale(page, place, size, vmin: float, vmax: float):
    """The colours of anomaly maps from bottom to top, with their values."""
    draw = ImageDraw.Draw(page)
    (x, top), (width, height) = place, size
    shares = (np.arange(height)[::-1] + 0.5) / height
    bar = np.repeat(map_colours(shares)[:, None], width, axis=1)
    page.paste(Image.fromarray(bar), place)
    for value in ticks(vmin, vmax):
        y = top + (1 - float(shares_of(value, vmin, vmax))) * (height - 1)
        draw.line([x + width, y, x + width + TICK, y], PLAIN)
        where = x + width + TICK + 3, y
        write(draw, where, f"{value:.3g}", 7, "lm", "black")


def ticks(low: float, high: float):
    """Round numbers from `low` to `high`, evenly spaced, `TICKS` steps at most.

    >>> ticks(-0.3, 16.7)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0]
    """
    if not high > low:
        return [low]
    decade = 10.0 ** np.floor(np.log10((high - low) / TICKS))
    steps = decade * np.array([1.0, 2.0, 2.5, 5.0, 10.0])
    step = steps[np.argmax(steps * TICKS >= (high - low) * (1 - 1e-9))]
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(i * step) + 0.0 for i in np.arange(first, last + 1)]
