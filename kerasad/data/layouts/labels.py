"""Label images that lie among the photos they belong to."""

from collections import Counter

import numpy as np

from kerasad.data.images import mask_values
from kerasad.errors import InputError

ENDINGS = ("_GT", "_gt", "_mask", "_label", "_labels", "_seg")


def without_labels(paths):
    """`(photos, labels)` of image files, both in their order.

    A label has the name of another one, and an ending that says so; or the
    same name in another format, and at most two values, as a mask does.
    """
    stems = Counter(path.with_suffix("") for path in paths)
    photos, labels = [], []
    for path in paths:
        own, photo = path.with_suffix(""), photo_of(path)
        if photo != own and photo in stems:
            labels.append(path)
        elif stems[own] > 1 and two_valued(path):
            labels.append(path)
        else:
            photos.append(path)
    return photos, labels


def photo_of(path):
    """The path, without suffix, of the photo that a label belongs to."""
    for ending in ENDINGS:
        if path.stem.endswith(ending):
            return path.with_name(path.stem.removesuffix(ending))
    return path.with_suffix("")


def two_valued(path):
    """Whether an image is like a mask; not what cannot be read."""
    try:
        return len(np.unique(mask_values(path))) <= 2
    except InputError:
        return False
