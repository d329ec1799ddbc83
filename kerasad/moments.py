"""Mean and spread of the maps of normal images, pixel by pixel."""

import numpy as np

LITTLE = 1e-12


class Moments:
    """Sums up maps as they come: memory does not grow with their number.

    Args:
        shape: of the maps of one image, `(C, H, W)`.
    """

    def __init__(self, shape):
        self.count = np.zeros(shape[1:])
        self.sum = np.zeros(shape)
        self.square = np.zeros(shape)

    def add(self, channels, seen=None):
        """Channels, a list of `(B, H, W)`; `seen` bool, which pixels count."""
        for index, channel in enumerate(channels):
            channel = np.asarray(channel, "float64")
            if seen is not None:
                channel = channel * seen
            self.sum[index] += channel.sum(axis=0)
            self.square[index] += (channel**2).sum(axis=0)
        counts = np.ones(channel.shape) if seen is None else seen
        self.count += counts.sum(axis=0)

    def mean_and_scale(self, weights=None, even=None):
        """Two `(C, H, W)`: the mean, and what a map is divided by.

        The spread has a floor: its own mean over the map, lest a pixel that
        never varied outweigh all others. A map that is to count less in the
        sum is divided by the more. One that is `even` is divided by no less
        at any place than by the spread over all: that little was ever seen
        at a place says little where parts move.

        Args:
            weights: what each map counts; `None` where all count alike.
            even: a bool for each map; `None` for none.
        """
        count = np.maximum(self.count, 1.0)
        mean = self.sum / count
        spread = np.sqrt(np.maximum(self.square / count - mean**2, 0.0))
        scale = spread + spread.mean(axis=(1, 2), keepdims=True)
        if even is not None:
            square = np.square(spread).mean(axis=(1, 2), keepdims=True)
            level = 2.0 * np.maximum(spread, np.sqrt(square))
            scale = np.where(np.reshape(even, (-1, 1, 1)), level, scale)
        scale = scale + LITTLE
        if weights is not None:
            scale = scale / np.reshape(weights, (-1, 1, 1))
        return mean, scale
