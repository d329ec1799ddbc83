"""Frozen feature extractors by name: images in, lists of feature maps out."""

import functools

from kerasad.backbones import applications, efficientnet_lite0
from kerasad.errors import InputError

BACKBONES = {"efficientnet-lite0": efficientnet_lite0.build}
TAPS = {"efficientnet-lite0": efficientnet_lite0.TAPS}  # strides 4, 8, 16
for name, (_, taps) in applications.APPLICATIONS.items():
    BACKBONES[name] = functools.partial(applications.build, name)
    TAPS[name] = taps


def build_backbone(name, image_size, weights="imagenet", taps=None):
    """A frozen feature extractor.

    Its config rebuilds it without weights; they come from the `.keras` file
    that it is saved in, so that loading needs no package and no network.

    Args:
        name: str, a key of `BACKBONES`.
        image_size: pair of ints, `(height, width)` in pixels.
        weights: `"imagenet"` for those that are installed or that Keras
            downloads, a path, or `None` for random weights.
        taps: names of layers whose outputs are wanted; `None` for those of
            `TAPS`, at strides 4, 8 and 16.

    Returns:
        A functional `keras.Model` from float32 `(B, H, W, 3)` in `[0, 1]`
        to a list of float32 `(B, rows, columns, channels)`.

    Raises:
        InputError: no such backbone or tap, or the weights are not there or
            not those.

    Example:

    >>> model = build_backbone("efficientnet-lite0", (64, 64), weights=None)
    >>> [tuple(output.shape[1:]) for output in model.outputs]
    [(16, 16, 24), (8, 8, 40), (4, 4, 112)]
    """
    if name not in BACKBONES:
        raise InputError(
            f"backbone must be one of {', '.join(BACKBONES)}. "
            f"Received: {str(name)[:60]!r}"
        )
    return BACKBONES[name](image_size, weights=weights, taps=taps)
