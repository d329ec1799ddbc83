from keras import ops

HALVINGS = 16  # of the range of a map; the rest is rounding


def medians(maps):
    """The median of each map `(B, H, W)`, to 1/65536 of its range: `(B,)`.

    By halving the range, as sums and comparisons, which every export has;
    many have no sorting.
    """
    low, high = ops.min(maps, axis=(1, 2)), ops.max(maps, axis=(1, 2))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = ops.cast(maps > middle[:, None, None], "float32")
        upper = ops.mean(above, axis=(1, 2)) > 0.5
        low = ops.where(upper, middle, low)
        high = ops.where(upper, high, middle)
    return 0.5 * (low + high)
