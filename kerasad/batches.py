"""Images of any sizes, as batches that one network can take."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kerasad.errors import InputError


def batches_of(data, steps=None):
    """The images of each batch of a data set, the first in a tuple.

    Args:
        data: iterable of batches `(B, H, W, 3)`, of single images, or of
            tuples that begin with such.
        steps: int. Batches to take; `None` for all.
    """
    for batch in itertools.islice(data, steps):
        if isinstance(batch, (list, tuple)):
            batch = batch[0]
        batch = np.asarray(batch)
        if batch.ndim not in (3, 4):
            raise InputError(
                "a data set must yield batches of images, (batch, height, "
                f"width, 3). Received: shape={batch.shape}"
            )
        yield batch[None] if batch.ndim == 3 else batch


def raw_image(image) -> np.ndarray:
    """An image as `(H, W, 3)` with values from 0 to 255."""
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise InputError(
            "an image must be an array of shape (height, width, 3). "
            f"Received: shape={image.shape}"
        )
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind == "f":
        if not (image.min() >= 0.0 and image.max() <= 1.0):  # NaN fails too
            raise InputError(
                "a floating-point image must lie in [0, 1]; pass uint8 for "
                f"0 to 255. Received: [{image.min():g}, {image.max():g}]"
            )
        return image.astype("float32") * 255.0
    raise InputError(
        f"an image must be uint8 or float. Received: dtype={image.dtype}"
    )


def batchwise(compute, images, batch_size, fill=True) -> dict:
    """What `compute` makes of all images, which may differ in size.

    Args:
        compute: callable of a batch `(B, H, W, 3)` of one size that returns a
            dict of arrays, a row an image.
        images: list of arrays `(H, W, 3)`, at least one.
        batch_size: int. Images in a batch.
        fill: bool. Whether a batch of fewer is `filled`.

    Returns:
        The dict, with the rows in the order of the images.
    """
    results = [None] * len(images)
    by_shape = {}
    for index, image in enumerate(images):
        by_shape.setdefault(image.shape, []).append(index)
    for indices in by_shape.values():
        for start in range(0, len(indices), batch_size):
            chosen = indices[start : start + batch_size]
            batch = np.stack([images[i] for i in chosen])
            if fill:
                batch = filled(batch, min(batch_size, len(indices)))
            outputs = compute(batch)
            for row, index in enumerate(chosen):
                results[index] = [value[row] for value in outputs.values()]
    stacked = [np.stack(column) for column in zip(*results, strict=True)]
    return dict(zip(outputs, stacked, strict=True))


def filled(rows, count):
    """An array `(n, ...)` with its last row repeated to `count` rows.

    One shape, so one compilation: for the last batch, which is smaller.
    """
    missing = [(0, count - len(rows))] + [(0, 0)] * (rows.ndim - 1)
    return np.pad(rows, missing, "edge")


def ahead(items):
    """Yields the same items, each next one made while the last is in use."""
    items = iter(items)
    with ThreadPoolExecutor(1, "ahead") as pool:
        coming = pool.submit(next, items, pool)
        while (item := coming.result()) is not pool:  # no item can be that
            coming = pool.submit(next, items, pool)
            yield item
