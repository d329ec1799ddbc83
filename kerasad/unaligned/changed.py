"""Where a defect visibly changed a picture."""

import numpy as np
from scipy import ndimage

VISIBLE = 6.0  # levels of 255 that the eye tells apart beside the noise


def changed(good, damaged, reach=2):
    """Where two noise-free pictures `(size, size, 3)` visibly differ."""
    difference = np.abs(damaged - good).max(axis=-1)
    mask = difference > min(VISIBLE, 0.4 * difference.max())
    # An inspector outlines a patch, not each of its threads: close gaps.
    reach = max(1, round(reach * len(good) / 256))
    mask = np.pad(mask, reach)
    mask = ndimage.binary_closing(mask, iterations=reach)
    mask = ndimage.binary_fill_holes(mask[reach:-reach, reach:-reach])
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    areas = ndimage.sum_labels(mask, labels, np.arange(1, count + 1))
    keep = areas >= min(areas.max(), 5 * (len(good) / 256) ** 2)
    return np.isin(labels, 1 + np.flatnonzero(keep))
