"""A pose and a light made exact, by Gauss and Newton."""

import numpy as np
from keras import ops

from kerasad.domain.sampling import (
    inside,
    moved,
    pixel_points,
    sample,
    whole,
)

DAMPING = 1e-6  # of the normal equations, in units of their trace


def refine(images, template, pose, steps):
    """Improves a pose step by step.

    Minimises the robust distance of `gain * image + offset`, read through the
    pose, and the template.

    Args:
        images: float32 `(B, H, W, 1)`.
        template: float32 `(H, W, 1)`.
        pose: float32 `(B, 4)`, see `kerasad.domain.sampling`.
        steps: int.

    Returns:
        float32 `(B, 4)`.

    Reference:

    - Benhimane and Malis, 2004: the mean of both gradients, so that steps are
      of second order
    - Geman and McClure, 1987: the weights
    """
    height, width = whole(template.shape[:2])
    x, y = map(ops.convert_to_tensor, pixel_points(height, width))
    flat = ops.reshape(template, (1, height * width))
    across, along = gradients(ops.reshape(flat, (1, height, width)))
    gain = ops.ones_like(pose[:, :1])
    offset = ops.zeros_like(gain)
    for _ in range(steps):
        u, v = moved(pose, x, y)
        shown = sample(images, u, v)[..., 0]  # (B, N)
        seen = inside(u, v, height, width)
        residual = flat - gain * shown - offset
        spread = ops.sum(seen * ops.abs(residual), -1, keepdims=True) / (
            ops.sum(seen, -1, keepdims=True) + 1.0
        )
        ratio = residual / (2.5 * spread + 1e-4)
        weight = seen / ops.square(1.0 + ops.square(ratio))
        own = gradients(ops.reshape(shown, (-1, height, width)))
        # Both in the template's frame; turned into the image's.
        gx = 0.5 * (across + gain * own[0])
        gy = 0.5 * (along + gain * own[1])
        a, b = pose[:, :1], pose[:, 1:2]
        square = a * a + b * b
        gx, gy = (a * gx - b * gy) / square, (b * gx + a * gy) / square
        rows = [
            gx * x + gy * y,
            gy * x - gx * y,
            gx,
            gy,
            shown,
            ops.ones_like(shown),
            residual,
        ]
        rows = ops.stack(rows, axis=1)  # (B, 7, N)
        both = ops.transpose(rows, (0, 2, 1))
        normal = ops.matmul(rows[:, :6] * weight[:, None], both)
        step = solve(normal)
        pose = pose + step[:, :4]
        gain = ops.clip(gain + step[:, 4:5], 0.2, 5.0)
        offset = ops.clip(offset + step[:, 5:6], -1.0, 1.0)
    return pose, gain[:, 0]


def gradients(images):
    """Central differences of `(B, H, W)` by a unit of length: `(B, N)` each."""
    height, width = whole(images.shape[1:])
    unit = (height + width) / 4
    padded = ops.pad(images, [(0, 0), (1, 1), (1, 1)], "symmetric")
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    along = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    flat = (-1, height * width)
    scale = 0.5 * unit
    return scale * ops.reshape(across, flat), scale * ops.reshape(along, flat)


def solve(table):
    """Solves positive definite systems `(B, n, n + 1)`: `(B, n)`.

    The last column is the right side. By elimination without a search for
    pivots, as operations that every backend and every export has.
    """
    count = int(table.shape[1])
    unit = ops.convert_to_tensor(np.eye(count, count + 1, dtype="float32"))
    trace = ops.sum(table * unit, axis=(1, 2), keepdims=True)
    table = table + (DAMPING * trace + 1e-9) * unit
    for k in range(count):
        row = table[:, k : k + 1] / table[:, k : k + 1, k : k + 1]
        column = table[:, :, k : k + 1] - unit[:, k : k + 1]
        table = table - column * row
    return table[..., -1]


def correlation(shown, seen, template):
    """How well a template explains images, at most 1, and the share seen.

    Pearson's correlation over what is seen: blind to gain and offset.

    Args:
        shown: float32 `(B, N)`, the images at all pixels of the template.
        seen: float32 `(B, N)`, 1 where they show them, else 0.
        template: float32 `(H, W, 1)`, of N pixels.

    Returns:
        Two float32 `(B,)`.
    """
    flat = ops.reshape(template, (1, -1))
    count = ops.sum(seen, axis=-1, keepdims=True) + 1e-6
    x = seen * (shown - ops.sum(seen * shown, -1, keepdims=True) / count)
    y = seen * (flat - ops.sum(seen * flat, -1, keepdims=True) / count)
    norm = ops.sqrt(ops.sum(x * x, -1) * ops.sum(y * y, -1))
    return ops.sum(x * y, -1) / (norm + 1e-6), ops.mean(seen, axis=-1)
