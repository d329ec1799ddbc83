"""The built-in data: drawn capsules with five kinds of defects.

They stand in for the category "capsule" of MVTec AD where that cannot be
shipped: the same layout, defect types, counts and defect sizes.
"""

import functools

import numpy as np
from scipy import ndimage

from kerasad.capsules.defects import DAMAGE
from kerasad.capsules.render import add_noise, render
from kerasad.capsules.scene import sample_capsule
from kerasad.data.drawn import check_arguments
from kerasad.data.drawn import write_category as write

DEFECTS = {
    "crack": 23,
    "faulty_imprint": 22,
    "poke": 21,
    "scratch": 23,
    "squeeze": 20,
}
VISIBLE = 6.0  # levels of 255 that the eye tells apart beside the noise


def draw_capsule(
    rng: np.random.Generator, size: int = 256, defect: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """One capsule and the mask of its defect.

    The same `rng` gives the same capsule at any size, and with any defect
    the same capsule as without one.

    Args:
        rng: generator. Three children are spawned from it; it must own a
            seed sequence, as those of `np.random.default_rng` do.
        size: int, in pixels. Side of the picture.
        defect: a key of `DEFECTS`, or `None` for a good capsule.

    Returns:
        The image, uint8 `(size, size, 3)`, and the mask, bool
        `(size, size)`: where the defect visibly changed the picture. Empty
        for a good capsule, never empty for a defect.

    Example:

    >>> image, mask = draw_capsule(np.random.default_rng(0), 64, "poke")
    >>> image.shape, image.dtype, bool(mask.any())
    ((64, 64, 3), dtype('uint8'), True)
    """
    check_arguments(size, defect, DAMAGE)
    capsule_rng, defect_rng, noise_rng = rng.spawn(3)
    capsule = sample_capsule(capsule_rng)
    picture = render(capsule, size)
    mask = np.zeros((size, size), dtype=bool)
    if defect is not None:
        good = picture
        picture = render(DAMAGE[defect](capsule, defect_rng), size)
        mask = changed(good, picture)
    return add_noise(picture, noise_rng), mask


def changed(good, damaged):
    """Where two noise-free pictures `(size, size, 3)` visibly differ."""
    size = len(good)
    difference = np.abs(damaged - good).max(axis=-1)
    mask = difference > min(VISIBLE, 0.4 * difference.max())
    # An inspector outlines a hatched patch, not each of its lines: close gaps.
    rows, columns = _window(mask, margin=8 + size // 32)
    part = mask[rows, columns]
    reach = 3.0 * size / 256
    near = ndimage.distance_transform_edt(~part) <= reach
    part = part | (ndimage.distance_transform_edt(near) > reach)
    part = ndimage.binary_fill_holes(part)
    labels, count = ndimage.label(part, np.ones((3, 3)))
    areas = ndimage.sum_labels(part, labels, np.arange(1, count + 1))
    keep = areas >= min(areas.max(), 5 * (size / 256) ** 2)
    mask[rows, columns] = np.isin(labels, 1 + np.flatnonzero(keep))
    return mask


def _window(mask, margin):
    return tuple(
        slice(max(where.min() - margin, 0), where.max() + margin + 1)
        for where in np.nonzero(mask)
    )


write_category = functools.partial(
    write, draw=draw_capsule, kinds=DEFECTS, what="capsules"
)
