"""Resizing and Gaussian filtering as products with constant matrices.

Interpolation and padding differ between the backends; a matrix product does
not, and its matrices are made and tested in numpy. They are kept, as a
detector asks for the same few with every batch: read them only.
"""

import functools

import numpy as np
from keras import ops


def gaussian_blur(maps, sigma):
    """Gaussian filter of maps `(B, H, W)` with mirrored borders.

    `sigma` is in pixels; 0 returns the maps. Equals scipy's
    `gaussian_filter(..., mode="reflect")`.
    """
    if sigma == 0:
        return maps
    return separable(
        maps,
        gaussian_matrix(maps.shape[1], sigma),
        gaussian_matrix(maps.shape[2], sigma),
    )


def enlarged_and_blurred(maps, height, width, sigma):
    """`gaussian_blur` of `upsample(maps, height, width)`, in one go.

    Both are products with matrices of the sides, so that the small ones are
    multiplied first and no map is filtered at full size.
    """
    sides = (maps.shape[1], height), (maps.shape[2], width)
    return separable(maps, *(blurred_resize(*pair, sigma) for pair in sides))


def blurred_resize(source: int, target: int, sigma: float) -> np.ndarray:
    """Weights `(target, source)` that resize a side and filter it then."""
    if sigma == 0:
        return resize_matrix(source, target)
    return blurred(int(source), int(target), sigma)  # a tensor, as below


@functools.lru_cache(maxsize=8)
def blurred(source, target, sigma):
    """Kept: its product would wake NumPy's threads beside PyTorch's."""
    return gaussian_matrix(target, sigma) @ resize_matrix(source, target)


def separable(x, rows, columns):
    """`rows @ x @ columns.T` over the last two axes of `x`."""
    rows = ops.convert_to_tensor(rows, dtype=x.dtype)
    columns = ops.convert_to_tensor(columns.T.copy(), dtype=x.dtype)
    return ops.matmul(ops.matmul(rows, x), columns)


def resize_matrix(source: int, target: int, antialias=True) -> np.ndarray:
    """Weights `(target, source)` of the triangle filter, rows sum to 1.

    Without `antialias` it is not widened when shrinking: OpenCV's
    `INTER_LINEAR`, which leaves pixels out.

    >>> resize_matrix(2, 4)[1]
    array([0.75, 0.25], dtype=float32)
    """
    # Tensors while torch traces.
    return triangles(int(source), int(target), antialias)


@functools.lru_cache(maxsize=8)
def triangles(source, target, antialias):
    """Matrix `(target, source)` that resizes a side linearly."""
    scale = source / target
    support = max(scale, 1.0) if antialias else 1.0
    centres = (np.arange(target) + 0.5) * scale - 0.5
    distance = np.abs(np.arange(source)[None, :] - centres[:, None])
    weights = np.maximum(0.0, 1.0 - distance / support)
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")


def gaussian_matrix(
    side: int, sigma: float, truncate: float = 4.0
) -> np.ndarray:
    """Weights `(side, side)` that filter one axis, cut at `truncate` sigma."""
    return gaussians(int(side), sigma, truncate)  # a tensor, as above


@functools.lru_cache(maxsize=8)
def gaussians(side, sigma, truncate):
    """Matrix `(side, side)` that filters a side; `sigma` in pixels."""
    reach = int(truncate * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    taps = np.exp(-0.5 * (offsets / sigma) ** 2)
    taps /= taps.sum()
    # Half-sample mirror: ... 1 0 | 0 1 2 ..., whatever the reach.
    positions = np.arange(side)[:, None] + offsets[None, :]
    positions = positions % (2 * side)
    positions = np.where(positions < side, positions, 2 * side - 1 - positions)
    matrix = np.zeros((side, side))
    np.add.at(matrix, (np.arange(side)[:, None], positions), taps[None, :])
    return matrix.astype("float32")
