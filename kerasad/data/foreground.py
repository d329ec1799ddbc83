"""Where the training images show an object, so that defects land on it."""

import numpy as np
from PIL import Image

SIDE = 64  # the map is computed on images of this size
PLAIN = 0.08  # distance from the ground's colour that still is ground
FLOOR = 0.05  # weight of the ground relative to the object


def foreground_map(images, limit=64):
    """Relative probability of a defect per place, from plain-ground images.

    A place is foreground where the colour is far from the median colour of
    the image's own border. The map is the share of images for which that
    holds, over a floor. Where the border is not plain (a texture, an object
    that fills the frame) no ground can be told, and the map is even.

    Args:
        images: uint8 array, `(n, height, width, 3)`.
        limit: int. At most this many of them are looked at, evenly spaced.

    Returns:
        A float32 array `(64, 64)` in `(0, 1]`, stretched over the image.
    """
    count = min(limit, len(images))
    chosen = np.linspace(0, len(images) - 1, count).round().astype(int)
    share = np.mean([_foreground(images[i]) for i in chosen], axis=0)

    border = _border(share).mean()
    inside = share[8:-8, 8:-8].mean()
    if share.max() < 0.3 or inside < 0.02 or inside < 2 * border:
        return np.ones((SIDE, SIDE), "float32")
    return (FLOOR + (1 - FLOOR) * share / share.max()).astype("float32")


def _foreground(image):
    small = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BOX)
    small = np.asarray(small, "float32") / 255
    distance = np.abs(small - np.median(_border(small), axis=0)).max(axis=-1)
    spread = np.quantile(_border(distance), 0.7)
    strong = np.quantile(distance, 0.98)  # shadows are weaker than objects
    return distance > max(PLAIN, 2 * spread, 0.4 * strong)


def _border(values):
    """The outer three rows and columns, one pixel a row."""
    inner = np.zeros(values.shape[:2], bool)
    inner[3:-3, 3:-3] = True
    return values[~inner]
