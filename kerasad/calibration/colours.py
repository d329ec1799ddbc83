"""Where the colours of anomaly maps begin and end."""

import numpy as np


def colour_range(low, maxima) -> list[float]:
    """The values between which maps are coloured.

    Up to twice the normal range, so that what only just exceeds it stays
    cool. The highest values of one normal image in ten do not count: a speck
    of dust on it would leave the defects of all others pale.

    Args:
        low: float, the median of the maps of normal images.
        maxima: floats, the highest value of each of those maps.
    """
    high = np.quantile(maxima, 0.9)
    return [float(low), float(high + (high - low))]
