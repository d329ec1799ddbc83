"""Images of a report as data URIs, defects as SVG outlines."""

import base64
import io

import numpy as np
from PIL import Image

from kerasad.reports.colours import heat_colours, shares_of
from kerasad.reports.panels import contours
from kerasad.sides import mean_side

PIXELS = 36e6  # of all test images together; bounds the size of the file
LEAST, MOST = 192, 512  # side of one image, in pixels
QUALITY = 75
EFFORT = 2  # of 6: 2.5 times as fast as 4, for 4 % more bytes


def side_of(images: int, sides) -> int:
    """The longer side of one of so many pictures, in pixels.

    Args:
        images: how many there are.
        sides: `(height, width)` of each, which is not enlarged.
    """
    fitting = int(np.clip((PIXELS / images) ** 0.5, LEAST, MOST))
    # A strip has fewer pixels than a square as long.
    longer = max(sides) / mean_side(sides) * fitting
    return min(max(sides), round(longer))


def picture(image, side) -> str:
    """A uint8 image as data URI, at most `side` pixels wide and high."""
    return data_uri(Image.fromarray(image), side)


def heat_layer(anomaly_map, vmin: float, vmax: float, side) -> str:
    """Transparent data URI which, laid over the image, is its overlay.

    The same colours and opacity as `kerasad.reports.panels.overlay`.
    """
    values = np.asarray(anomaly_map, "float32")
    shares = shares_of(values, vmin, vmax)
    pixels = np.rint(255 * heat_colours(shares)).astype("uint8")
    return data_uri(Image.fromarray(pixels), side)


def data_uri(image, side) -> str:
    """An image as WebP in the address itself, sides at most `side` pixels."""
    scale = side / max(image.size)
    if scale < 1:
        size = [max(1, round(length * scale)) for length in image.size]
        image = image.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(
        file, "WEBP", quality=QUALITY, alpha_quality=QUALITY, method=EFFORT
    )
    content = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/webp;base64,{content}"


def outline(mask) -> str:
    """The border of a mask as a path of SVG in coordinates of its pixels."""
    path = ""
    for corners in contours(mask):
        points = (f"{x:.4g} {y:.4g}" for y, x in corners[:-1])
        path += f"M{'L'.join(points)}Z"
    return path
