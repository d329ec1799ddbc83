"""From an anomaly map to the score of an image, and how many at a time."""

import keras
import numpy as np
from keras import ops

SCORES = ("mean", "max", "top-fraction")
# Pixels in the network at a time: 16 images of 256 by 256. PyTorch on a CPU
# gets fresh pages from the system for maps of so many, which takes longer
# than to compute them: a frozen backbone is twice as fast with 4.
PIXELS, ON_A_CPU = 16 * 256**2, 4 * 256**2
LOWEST = -1e9  # of a pixel that is not seen: finite, for all runtimes


def image_score(maps, method="max", top_fraction=0.001, seen=None):
    """One score an image, `(B,)`, from its anomaly map `(B, H, W)`.

    `mean` is the paper's, which loses a small defect in the average (its
    section 6.2); `max` takes the most anomalous pixel; `top-fraction` the
    mean of the highest share `top_fraction` of the pixels.

    With `seen`, float32 `(B, H, W)`, all that is of the pixels that are 1 in
    it; where it is 0 nothing is known.
    """
    pixels = int(maps.shape[1]) * int(maps.shape[2])
    flat = ops.reshape(maps, (-1, pixels))
    known = None if seen is None else ops.reshape(seen, (-1, pixels))
    if method == "mean":
        if known is None:
            return ops.mean(flat, axis=-1)
        total = ops.sum(known * flat, axis=-1)
        return total / ops.maximum(ops.sum(known, axis=-1), 1.0)
    if known is not None:
        flat = ops.where(known > 0.5, flat, LOWEST)
    if method == "max":
        return ops.max(flat, axis=-1)
    if method == "top-fraction":
        count = max(1, round(top_fraction * pixels))
        if known is None:
            return ops.mean(ops.top_k(flat, count, sorted=False)[0], axis=-1)
        highest = ops.top_k(flat, count)[0]
        share = ops.floor(top_fraction * ops.sum(known, axis=-1) + 0.5)
        share = ops.clip(share, 1.0, float(count))[:, None]
        first = ops.greater(share, np.arange(count, dtype="float32"))
        total = ops.sum(ops.where(first, highest, 0.0), axis=-1)
        return total / share[:, 0]
    raise ValueError(
        f"Argument `method` must be one of {SCORES}. Received: {method!r}"
    )


def images_at_a_time(sides, weight, wanted=None) -> int:
    """How many images a network computes at a time, at most `wanted`.

    Args:
        sides: pair of ints, `(height, width)` of each.
        weight: `keras.Variable` of the network, which says where it runs.
        wanted: int, or `None` for as many as is good for the memory.
    """
    pixels = sides[0] * sides[1]
    if wanted is None:
        wanted = max(1, min(16, PIXELS // pixels))
    if keras.backend.backend() == "torch" and weight.value.device.type == "cpu":
        return min(wanted, max(1, ON_A_CPU // pixels))
    return wanted
