"""Which normal images calibrate, and so are not learnt from."""

import math

import numpy as np

from kerasad.calibration.groups import numbered
from kerasad.errors import InputError


def split(groups, share: float, seed: int):
    """Indices to learn from and to hold out, from the seed alone.

    Args:
        groups: number of images, or the label of the group of each, none of
            which is on both sides.
        share: of the groups, to hold out.

    >>> [part.tolist() for part in split(5, 0.4, seed=0)]
    [[0, 1, 3], [2, 4]]
    >>> [part.tolist() for part in split([7, 7, 8, 8, 9, 9], 0.4, seed=0)]
    [[0, 1, 2, 3], [4, 5]]
    """
    labels, place = numbered(groups)
    held_out = round(share * len(labels))
    if len(labels) < len(place):
        held_out = max(held_out, 1)  # of few groups, too
    if held_out < 1 or len(labels) - held_out < 1:
        if len(labels) < len(place):
            raise InputError(
                f"1 group of the {len(place)} good images is too few: whole "
                "groups are held out, so at least 2 are needed; see --group-by"
            )
        raise InputError(
            f"{len(labels)} good images are too few: with validation_share="
            f"{share} at least {math.ceil(0.5 / share) + 1} are needed"
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    is_held_out = np.isin(place, order[:held_out])
    return (~is_held_out).nonzero()[0], is_held_out.nonzero()[0]
