"""How fine images are; and what is told of parts that lie anyhow, for want of
a template."""

import functools

import keras
import numpy as np
from keras import ops

from kerasad.filters import separable
from kerasad.layers.either import either
from kerasad.layers.medians import medians

EMPTY = 0.005  # share of an image that shows nothing, from which it is changed
WIDER = 1.25  # times the widest of the good images is still unchanged
FINE = 0.01  # relative, the least that their fineness varies
BORDER = 1 / 16  # of a side, not looked at where there is a template
ALIKE = 0.6 / 255  # between values that are the same
THIN = 3  # pixels, no border
REACH = 0.08  # of the mean side, around what is empty, that features see
SPARSE = 8  # pixels between those that tell the usual colour
COMMON = 0.9  # quantile of corners of good images that show their ground
GROUND = 4.0 / 255  # that any ground may differ from itself
ANYTHING = 9.0  # no colour is that far from another


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
        # From how far on a corner that is of another colour than the image may
        # be an empty border; the fineness of good images; its reach.
        self.known = self.add_weight(
            shape=(3,), name="known", trainable=False, initializer="ones"
        )
        self.built = True

    def fit(self, fine, empty, apart):
        """Learns from good images of parts that lie anyhow.

        A plain ground is as even as an empty border once it is compressed.
        Where there is one, only a corner of another colour is a border, and
        none where good images themselves have borders.

        Args:
            fine: floats `(n,)`, the `fineness` of each.
            empty: pair of floats, the greatest share that one of them has of
                `fill`, as they are and compressed.
            apart: floats `(n, 4)`, see `foreign`.
        """
        ground = 0.0
        if max(empty) >= EMPTY:
            ground = 2.0 * np.quantile(apart, COMMON) + GROUND
        if empty[0] >= EMPTY:
            ground = ANYTHING
        self.fit_fineness(fine, ground)

    def fit_fineness(self, fine, ground=ANYTHING):
        """Learns how fine good images are; all that a template leaves open."""
        centre = np.median(fine)
        reach = max(np.abs(fine - centre).max(), FINE * centre)
        self.known.assign([float(ground), float(centre), float(reach)])

    def call(self, images, grey):
        plain = even(images)
        some = ops.any(plain, axis=-1)
        empty, near = either(some, self.borders, no_borders, (images, plain))
        share = ops.mean(empty, axis=(1, 2, 3)) / EMPTY
        apart = self.otherwise_fine(fineness(grey))
        return empty, near, ops.maximum(apart, share)

    def otherwise_fine(self, fine):
        """How far from good images in fineness, `(B,)`, over 1 if beyond.

        Of files from before it was learnt where there is a template, 1 at
        most: no image is more than twice as fine as `known` says there.
        """
        centre, reach = self.known[1], self.known[2]
        return ops.abs(fine - centre) / reach / WIDER

    def borders(self, images, plain):
        """What `fill` finds, and what is too near to it to be scored.

        Args:
            plain: bool `(B, 4)`, see `even`.
        """
        bounded = ops.logical_and(plain, foreign(images) >= self.known[0])
        empty = fill(images, bounded)
        sides = [int(side) for side in images.shape[1:3]]
        return empty, wider(empty, max(1, round(REACH * sum(sides) / 2)))


def no_borders(images, plain):
    """What `borders` returns where there are none."""
    nothing = ops.zeros_like(images[..., :1])
    return nothing, nothing


def corners(images, side=THIN):
    """Those of `(B, H, W, C)`, each `(B, side, side, C)`."""
    ends = slice(0, side), slice(-side, None)
    return [images[:, row, column] for row in ends for column in ends]


def even(images):
    """Which corners are of one colour, bool `(B, 4)`: others have no `fill`."""
    found = []
    for block in corners(images):
        spread = ops.max(block, axis=(1, 2)) - ops.min(block, axis=(1, 2))
        found.append(ops.max(spread, axis=-1) < ALIKE)
    return ops.stack(found, axis=-1)


def foreign(images):
    """How far the colour of corners is from the image's median, `(B, 4)`."""
    few = images[:, ::SPARSE, ::SPARSE]
    usual = [medians(few[..., channel]) for channel in range(3)]
    usual = ops.stack(usual, axis=-1)
    found = []
    for block in corners(images):
        away = ops.abs(ops.mean(block, axis=(1, 2)) - usual)
        found.append(ops.max(away, axis=-1))
    return ops.stack(found, axis=-1)


def fineness(grey):
    """How much of the detail of images `(B, H, W)` is fine: `(B,)`.

    Second differences between neighbours by those at twice the distance,
    whatever the contrast. Textures that differ in light and weave agree in it;
    noise, blur, compression and another scale move it.
    """
    fine, coarse = (bends(grey, lag) for lag in (1, 2))
    return ops.sqrt((fine + 1e-7) / (coarse + 1e-7))


def fineness_within(grey):
    """`fineness` of images `(B, H, W)` without their border: `(B,)`.

    What a turn brings in from outside has a sharp edge, which would make up
    for all else that is blurred.
    """
    down, right = (round(BORDER * int(side)) for side in grey.shape[1:])
    return fineness(grey[:, down : -down or None, right : -right or None])


def bends(grey, lag):
    """Mean square of the second differences along both axes."""
    twice = 2.0 * grey[:, lag:-lag, lag:-lag]
    x = grey[:, lag:-lag, 2 * lag :] + grey[:, lag:-lag, : -2 * lag] - twice
    y = grey[:, 2 * lag :, lag:-lag] + grey[:, : -2 * lag, lag:-lag] - twice
    return ops.mean(x * x + y * y, axis=(1, 2))


def fill(images, bounded=None):
    """1 where images `(B, H, W, 3)` show the even colour of a corner.

    A turned, moved or padded image has such a border, of one colour to the
    bit; a photo, which has noise, has none. `(B, H, W, 1)`. Of the corners
    that are true in `bounded`, bool `(B, 4)`; of all if it is `None`.
    """
    below = ops.abs(images[:, 1:] - images[:, :-1])
    right = ops.abs(images[:, :, 1:] - images[:, :, :-1])
    uneven = ops.maximum(
        ops.pad(below, ((0, 0), (0, 1), (0, 0), (0, 0))),
        ops.pad(right, ((0, 0), (0, 0), (0, 1), (0, 0))),
    )
    found = 0.0
    for index, block in enumerate(corners(images, 1)):
        away = ops.abs(images - block)
        away = ops.max(ops.maximum(away, uneven), axis=-1, keepdims=True)
        alike = ops.cast(away < ALIKE, "float32")
        if bounded is not None:
            counts = ops.cast(bounded[:, index], "float32")
            alike = alike * counts[:, None, None, None]
        found = ops.maximum(found, alike)
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
