"""Normal images that are copies of each other say nothing of a camera's."""

import numpy as np

ROUNDING = 1 / 12**0.5  # grey values: the spread of what rounding takes away
LOOKED_AT = 16  # images, at most, spread over all


def roughened(images):
    """The images, under noise of one grey value if they hardly differ.

    Images that vary by less than rounding to whole grey values were copied or
    drawn. The next photo will differ from them by its noise alone, in units of
    a spread that is next to nothing. One grey value, in each pixel and in the
    light on all of them, is the least that two photos differ by; images with
    more than that in them are left as they are.

    Args:
        images: uint8 `(n, H, W, 3)`; returned itself if it varies, or is one.

    >>> copies = np.full((20, 8, 8, 3), 100, "uint8")
    >>> round(float(roughened(copies).std()))
    1
    """
    some = images[:: -(-len(images) // LOOKED_AT) or 1]
    if len(some) < 2 or spread(some) >= ROUNDING:
        return images
    rng = np.random.default_rng(0)
    light = rng.normal(0, 1, (len(images), 1, 1, 1))
    noise = rng.normal(0, 1, images.shape) + light
    return np.clip(np.rint(images + noise), 0, 255).astype("uint8")


def spread(images) -> float:
    """Standard deviation between images, in grey values, mean of all pixels."""
    return float(images.astype("float32").std(axis=0).mean())
