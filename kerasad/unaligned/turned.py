"""The built-in capsules, one a picture, at any angle."""

import functools

import numpy as np

from kerasad.capsules.category import DEFECTS, draw_capsule
from kerasad.data.affine import affine
from kerasad.data.drawn import check_arguments
from kerasad.data.drawn import write_category as write

SHIFT = 0.04  # of the side, either way


def draw_turned(rng, size=256, defect=None):
    """One capsule, turned and moved, and the mask of its defect.

    The same `rng` gives the same capsule in the same place at any size, and
    with any defect the same capsule as without one.

    Args:
        rng: `numpy.random.Generator`; four children are spawned from it.
        size: int, in pixels. Side of the picture.
        defect: a key of `DEFECTS`, or `None` for a good capsule.

    Returns:
        The image, uint8 `(size, size, 3)`, and the mask, bool
        `(size, size)`. Empty for a good capsule, never empty for a defect.
    """
    check_arguments(size, defect, DEFECTS)
    (pose_rng,) = rng.spawn(1)
    image, mask = draw_capsule(rng, size, defect)
    angle = pose_rng.uniform(0.0, 360.0)
    shift = pose_rng.uniform(-SHIFT, SHIFT, 2) * size
    return turn(image, angle, shift), turn(mask, angle, shift)


def turn(image, angle, shift):
    """As `affine`; from outside the image comes the last of its pixels.

    Not its mirrored border, which may show an end of the part again.
    """
    pad = max(image.shape[:2]) // 2
    margins = [(pad, pad), (pad, pad), (0, 0)][: image.ndim]
    moved = affine(np.pad(image, margins, "edge"), angle, shift=shift)
    return moved[pad:-pad, pad:-pad]


write_category = functools.partial(
    write, draw=draw_turned, kinds=DEFECTS, what="pictures"
)
