"""Colours of anomaly maps as tables: an index into one takes no figure."""

import functools

import numpy as np

STEPS = 256
OPACITY = 0.8  # of the overlay where the map is highest


def heat_colours(shares):
    """RGBA in `[0, 1]` of positions on the colour scale, 0 to 1.

    Cyan to magenta, rare in photographs of products; opacity grows from
    nothing, and slowly, so that normal noise fades.
    """
    shares = np.asarray(shares)
    colours = heat_table()[steps_of(shares)]
    colours[..., 3] = OPACITY * shares**1.5
    return colours


def map_colours(shares):
    """RGB of positions on the scale of anomaly maps, uint8; dark is normal."""
    return inferno()[steps_of(np.asarray(shares))]


def shares_of(values, vmin: float, vmax: float):
    """Where values lie between two ends, `[0, 1]`; an empty scale is bearable.

    >>> shares_of(np.array([1.0, 2.0, 9.0]), 1.0, 3.0).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.clip((values - vmin) / max(vmax - vmin, 1e-12), 0.0, 1.0)


def steps_of(shares):
    """Places in a table of colours of shares in `[0, 1]`."""
    return np.minimum((shares * STEPS).astype("int32"), STEPS - 1)


@functools.cache
def heat_table():
    """Matplotlib's `cool`, RGBA."""
    share = np.arange(STEPS) / (STEPS - 1)
    one = np.ones(STEPS)
    return np.stack([share, 1 - share, one, one], axis=-1)


@functools.cache
def inferno():
    """uint8 `(STEPS, 3)`, Matplotlib's colours."""
    # On first use: who only predicts needs no Matplotlib.
    from matplotlib import colormaps

    table = colormaps["inferno"](np.arange(STEPS))[:, :3]
    return np.rint(255 * table).astype("uint8")
