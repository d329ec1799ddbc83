"""Moves of whole images: rotation, scale, shift, and loss of resolution."""

import numpy as np
from PIL import Image

BILINEAR = Image.Resampling.BILINEAR


def affine(image, angle=0.0, scale=1.0, shift=(0.0, 0.0), fill=None):
    """Rotate and scale about the centre, then shift; the size stays.

    Bilinear for uint8 images, nearest for bool masks; the same arguments
    move both alike. Neutral arguments return the very same array.

    Args:
        image: uint8 `(height, width, 3)`, or uint8 or bool
            `(height, width)`.
        angle: float, in degrees, counter-clockwise.
        scale: float, above 1 magnifies.
        shift: pair of floats, in pixels, down and right.
        fill: int for what comes from outside the image, or `None` to mirror
            the image at its border.
    """
    if angle == 0 and scale == 1 and tuple(shift) == (0, 0):
        return image
    height, width = image.shape[:2]
    cos = np.cos(np.radians(angle)) / scale
    sin = np.sin(np.radians(angle)) / scale
    # PIL asks where an output pixel comes from: x, y, with y downwards.
    matrix = np.array([[cos, -sin], [sin, cos]])
    centre = np.array([width / 2, height / 2])
    offset = centre - (matrix * (centre + (shift[1], shift[0]))).sum(axis=1)
    if fill is None:
        image, pad = _mirrored(image, matrix, offset)
        offset += pad
    data = *matrix[0], offset[0], *matrix[1], offset[1]
    is_mask = image.dtype == bool
    mode = Image.Resampling.NEAREST if is_mask else BILINEAR
    pixels = image.view("uint8") if is_mask else image
    moved = Image.fromarray(pixels).transform(
        (width, height),
        Image.Transform.AFFINE,
        data,
        mode,
        fillcolor=fill if is_mask or fill is None else (fill,) * 3,
    )
    return np.asarray(moved).astype(image.dtype, copy=False)


def lower_resolution(image, factor):
    """Scale a uint8 image down by `factor` in `(0, 1]` and back up."""
    height, width = image.shape[:2]
    small = max(1, round(width * factor)), max(1, round(height * factor))
    if small == (width, height):
        return image
    reduced = Image.fromarray(image).resize(small, BILINEAR)
    return np.asarray(reduced.resize((width, height), BILINEAR))


def _mirrored(image, matrix, offset):
    """Pad by as much as the output reaches beyond the image."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]])
    reached = np.einsum("ni,ji->nj", corners, matrix) + offset
    beyond = max((-reached).max(), (reached - (width, height)).max(), 0)
    pad = int(np.ceil(beyond)) + 1
    margins = [(pad, pad), (pad, pad), (0, 0)][: image.ndim]
    return np.pad(image, margins, mode="symmetric"), pad
