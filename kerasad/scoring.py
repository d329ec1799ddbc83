"""From an anomaly map to the score of an image."""

from keras import ops

SCORES = ("mean", "max", "top-fraction")


def image_score(maps, method="max", top_fraction=0.001):
    """One score an image, `(B,)`, from its anomaly map `(B, H, W)`.

    `mean` is the paper's, which loses a small defect in the average (its
    section 6.2); `max` takes the most anomalous pixel; `top-fraction` the
    mean of the highest share `top_fraction` of the pixels.
    """
    pixels = int(maps.shape[1]) * int(maps.shape[2])
    flat = ops.reshape(maps, (-1, pixels))
    if method == "mean":
        return ops.mean(flat, axis=-1)
    if method == "max":
        return ops.max(flat, axis=-1)
    if method == "top-fraction":
        count = max(1, round(top_fraction * pixels))
        return ops.mean(ops.top_k(flat, count, sorted=False)[0], axis=-1)
    raise ValueError(
        f"Argument `method` must be one of {SCORES}. Received: {method!r}"
    )
