"""Which normal images calibrate, and so are not learnt from."""

import math

import numpy as np

from kerasad.errors import InputError


def split(count: int, share: float, seed: int):
    """Indices to learn from and to hold out, from the seed alone.

    >>> [part.tolist() for part in split(5, 0.4, seed=0)]
    [[0, 1, 3], [2, 4]]
    """
    held_out = round(share * count)
    if held_out < 1 or count - held_out < 1:
        raise InputError(
            f"{count} good images are too few: with validation_share={share} "
            f"at least {math.ceil(0.5 / share) + 1} are needed"
        )
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[held_out:]), np.sort(order[:held_out])
