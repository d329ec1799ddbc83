"""Sizes of images in pixels: one number for a square, or `(height, width)`."""

import math

STEP = 16  # of sides that are proposed: what the networks halve to the end
LEAST, MOST = 32, 4096


def sides_of(size) -> tuple[int, int]:
    """`(height, width)` of a size, one number or a pair."""
    return (size, size) if isinstance(size, int) else tuple(size)


def size_of(sides) -> int | tuple[int, int]:
    """The size that stands for `(height, width)`: one number for a square."""
    height, width = sides
    return height if height == width else (height, width)


def written(size) -> int | list[int]:
    """A size as JSON and YAML hold it."""
    return size if isinstance(size, int) else list(size)


def mean_side(sides) -> float:
    """The side of a square of as many pixels."""
    return math.sqrt(sides[0] * sides[1])


def squash(photo, sides) -> float:
    """How many times longer one side of a photo becomes beside the other.

    >>> squash((64, 1024), (256, 256))
    16.0
    """
    ratio = photo[0] * sides[1] / (photo[1] * sides[0])
    return max(ratio, 1 / ratio)


def keeping_shape(photo, sides) -> tuple[int, int]:
    """Sides of the shape of a photo, with about as many pixels as `sides`.

    >>> keeping_shape((64, 1024), (256, 256))
    (64, 1024)
    """
    scale = mean_side(sides) / mean_side(photo)
    height, width = (STEP * round(side * scale / STEP) for side in photo)
    return tuple(min(max(side, LEAST), MOST) for side in (height, width))
