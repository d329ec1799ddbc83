"""What is told of images of parts that lie anyhow, for want of a template."""

import functools

import keras
import numpy as np
from keras import ops

from kerasad.filters import separable
from kerasad.layers.either import either

EMPTY = 0.005  # share of an image that shows nothing, from which it is changed
WIDER = 1.25  # times the widest of the good images is still unchanged
FINE = 0.01  # relative, the least that their fineness varies
ALIKE = 0.6 / 255  # between values that are the same
THIN = 3  # pixels, no border
REACH = 0.08  # of the mean side, around what is empty, that features see


class Texture(keras.layers.Layer):
    """Whether images are as fine as good ones, and where they are empty.

    Call arguments:
        images: float32 `(B, H, W, 3)` in `[0, 1]`.
        grey: float32 `(B, H, W)`, their luminance.

    Returns:
        Where they show nothing, see `fill`, and what is too near to it to be
        scored, float32 `(B, H, W, 1)`, 1 or 0; and how far they are from good
        images in either, `(B,)`, over 1 if they are beyond them.
    """

    def build(self, input_shape=None):
        # 1 where no good image has an empty border, compressed or not; their
        # fineness; its reach.
        self.known = self.add_weight(
            shape=(3,), name="known", trainable=False, initializer="ones"
        )
        self.built = True

    def fit(self, fine, empty):
        """Learns from good images.

        Args:
            fine: floats `(n,)`, the `fineness` of each.
            empty: float, the greatest share that one of them has of `fill`.
        """
        centre = np.median(fine)
        reach = max(np.abs(fine - centre).max(), FINE * centre)
        known = [float(empty < EMPTY), float(centre), float(reach)]
        self.known.assign(known)

    def call(self, images, grey):
        bordered, centre, reach = (self.known[i] for i in range(3))
        bounded = ops.logical_and(even_corner(images), bordered > 0.5)
        empty, near = either(bounded, borders, no_borders, (images,))
        apart = ops.abs(fineness(grey) - centre) / reach / WIDER
        share = ops.mean(empty, axis=(1, 2, 3)) / EMPTY
        return empty, near, ops.maximum(apart, share)


def borders(images):
    """What `fill` finds, and what is too near to it to be scored."""
    empty = fill(images)
    sides = [int(side) for side in images.shape[1:3]]
    return empty, wider(empty, max(1, round(REACH * sum(sides) / 2)))


def no_borders(images):
    """What `borders` returns where there are none."""
    nothing = ops.zeros_like(images[..., :1])
    return nothing, nothing


def even_corner(images):
    """Whether any corner is of one colour: others have no `fill`, `(B,)`."""
    found = []
    for row in (slice(0, THIN), slice(-THIN, None)):
        for column in (slice(0, THIN), slice(-THIN, None)):
            block = images[:, row, column]
            spread = ops.max(block, axis=(1, 2)) - ops.min(block, axis=(1, 2))
            found.append(ops.max(spread, axis=-1) < ALIKE)
    return ops.any(ops.stack(found), axis=0)


def fineness(grey):
    """How much of the detail of images `(B, H, W)` is fine: `(B,)`.

    Second differences between neighbours by those at twice the distance,
    whatever the contrast. Textures that differ in light and weave agree in it;
    noise, blur, compression and another scale move it.
    """
    fine, coarse = (bends(grey, lag) for lag in (1, 2))
    return ops.sqrt((fine + 1e-7) / (coarse + 1e-7))


def bends(grey, lag):
    """Mean square of the second differences along both axes."""
    twice = 2.0 * grey[:, lag:-lag, lag:-lag]
    x = grey[:, lag:-lag, 2 * lag :] + grey[:, lag:-lag, : -2 * lag] - twice
    y = grey[:, 2 * lag :, lag:-lag] + grey[:, : -2 * lag, lag:-lag] - twice
    return ops.mean(x * x + y * y, axis=(1, 2))


def fill(images):
    """1 where images `(B, H, W, 3)` show the even colour of a corner.

    A turned, moved or padded image has such a border, of one colour to the
    bit; a photo, which has noise, has none. `(B, H, W, 1)`.
    """
    below = ops.abs(images[:, 1:] - images[:, :-1])
    right = ops.abs(images[:, :, 1:] - images[:, :, :-1])
    uneven = ops.maximum(
        ops.pad(below, ((0, 0), (0, 1), (0, 0), (0, 0))),
        ops.pad(right, ((0, 0), (0, 0), (0, 1), (0, 0))),
    )
    found = 0.0
    for row in (slice(0, 1), slice(-1, None)):
        for column in (slice(0, 1), slice(-1, None)):
            away = ops.abs(images - images[:, row, column])
            away = ops.max(ops.maximum(away, uneven), axis=-1, keepdims=True)
            found = ops.maximum(found, ops.cast(away < ALIKE, "float32"))
    # A corner is always like itself, so what is thin does not count; where the
    # border ends it is blended with the image.
    return wider(1.0 - wider(1.0 - found, THIN // 2), THIN)


def wider(flags, pixels):
    """1 within so many pixels, along each axis, of a 1 in `(B, H, W, 1)`."""
    rows, columns = (band(int(side), pixels) for side in flags.shape[1:3])
    around = separable(flags[..., 0], rows, columns)
    return ops.cast(around > 0.5, "float32")[..., None]


@functools.lru_cache(maxsize=8)
def band(side, pixels):
    """A matrix `(side, side)`: which places lie that near to each."""
    places = np.arange(side)
    near = np.abs(places[:, None] - places) <= pixels
    return near.astype("float32")
