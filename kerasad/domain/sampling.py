"""Similarities of the plane, and images read at the places they lead to.

A pose is `(B, 4)`: `a, b, x, y`. It leads from a point `p` of the template to
the point `[[a, -b], [b, a]] p + (x, y)` of the image. Points are `(x, y)`,
right and down from the centre, in units of half the mean side.
"""

import numpy as np
from keras import ops

IDENTITY = (1.0, 0.0, 0.0, 0.0)
ROUNDING = 0.01  # pixels by which a point may lie beyond the border


def whole(sizes):
    """Ints of sizes, which are tensors while PyTorch traces."""
    return [int(size) for size in sizes]


def pixel_points(height, width):
    """The centres of all pixels, row by row: two float arrays `(H * W,)`.

    To be made tensors before anything is computed with them: of an array and
    a tensor PyTorch makes a constant while it traces.
    """
    unit = (height + width) / 4
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    x, y = (columns - width / 2) / unit, (rows - height / 2) / unit
    return x.ravel().astype("float32"), y.ravel().astype("float32")


def moved(pose, x, y):
    """Points of the template, `(N,)`, in the image: two of `(B, N)`."""
    a, b, right, down = (pose[:, i : i + 1] for i in range(4))
    return a * x - b * y + right, b * x + a * y + down


def inverse(pose):
    """The pose that leads back.

    >>> there = ops.convert_to_tensor([[0.0, 2.0, 1.0, 0.0]])
    >>> ops.convert_to_numpy(inverse(there)).tolist()
    [[0.0, -0.5, 0.0, 0.5]]
    """
    a, b, right, down = (pose[:, i : i + 1] for i in range(4))
    square = a * a + b * b
    a, b = a / square, -b / square
    back = [a, b, b * down - a * right, -b * right - a * down]
    return ops.concatenate(back, axis=-1) + 0.0


def sample(images, x, y):
    """Images `(B, H, W, C)` at points `(B, N)`, bilinear: `(B, N, C)`.

    Outside the image its border goes on. Rows of one flat table are taken,
    which is five to ten times as fast as `ops.image.affine_transform` and
    `ops.take_along_axis`.
    """
    height, width, channels = whole(images.shape[1:])
    unit = (height + width) / 4
    columns = ops.clip(x * unit + (width / 2 - 0.5), 0.0, width - 1.0)
    rows = ops.clip(y * unit + (height / 2 - 0.5), 0.0, height - 1.0)
    left = ops.clip(ops.floor(columns), 0.0, max(width - 2.0, 0.0))
    top = ops.clip(ops.floor(rows), 0.0, max(height - 2.0, 0.0))
    right, down = (columns - left)[..., None], (rows - top)[..., None]
    # Not `arange` of the batch, whose length is not known while tracing.
    number = ops.cumsum(ops.ones_like(x[:, :1], dtype="int32"), axis=0) - 1
    place = ops.cast(top * width + left, "int32") + number * (height * width)
    flat = ops.reshape(images, (-1, channels))
    step, line = min(1, width - 1), width * min(1, height - 1)

    def at(offset):
        return ops.take(flat, place + offset, axis=0)

    upper = between(at(0), at(step), right)
    return between(upper, between(at(line), at(line + step), right), down)


def between(first, second, share):
    """From `first` on a share of the way to `second`, which is written over.

    In place on PyTorch, which waits for memory more than it computes.
    """
    second -= first
    second *= share
    second += first
    return second


def inside(x, y, height, width, margin=0.0):
    """1 where a point lies on the image, else 0; float32, like `x`.

    `margin`: pixels along its border that do not count.
    """
    unit = (height + width) / 4
    # Half a pixel further in its colour is the border's alone.
    margin = margin - ROUNDING
    across = ops.abs(x) * unit <= (width - 1) / 2 - margin
    along = ops.abs(y) * unit <= (height - 1) / 2 - margin
    return ops.cast(ops.logical_and(across, along), "float32")


def warp(images, pose, margin=0.0):
    """Images seen through a pose: `(B, H, W, C)`, and which pixels were seen.

    Pixel `p` of the answer shows what the image has at the place to which
    the pose leads `p`; `seen` is `(B, H, W, 1)`, 1 or 0. `margin`: see
    `inside`.
    """
    height, width, channels = whole(images.shape[1:])
    points = map(ops.convert_to_tensor, pixel_points(height, width))
    x, y = moved(pose, *points)
    seen = inside(x, y, height, width, margin)
    shown = sample(images, x, y)
    return (
        ops.reshape(shown, (-1, height, width, channels)),
        ops.reshape(seen, (-1, height, width, 1)),
    )
