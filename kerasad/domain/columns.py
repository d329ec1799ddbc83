"""What is said of how an image was taken; knows no Keras."""

# What is estimated of an image, and from which difference on it matters.
ESTIMATES = {
    "rotation": 0.2,  # degrees, counter-clockwise
    "zoom": 0.004,  # its logarithm
    "right": 0.003,  # shares of the mean side
    "down": 0.003,
    "gain": 0.02,  # its logarithm
    "offset": 0.01,  # shares of the range
    "cast": 0.02,  # between the gains of the channels, a logarithm
    "noise": 0.001,  # deviation, in shares of the range
    "sharpness": 0.02,  # slope of edges, 1 as in training
    "clipped": 0.01,  # share of values that are black or white
}
LIGHT = ("gain", "offset", "cast")
LOGARITHMS = ("zoom", "gain", "cast")
# How an image differs that no normalisation brings back, and the least that
# counts of it.
NOVELTIES = {
    "mismatch": 0.005,  # 1 less the correlation with the template
    "hidden": 0.02,  # share of the template that the image does not show
    "light": 0.1,  # logarithm of the gain, either way
    "cast": 0.05,
    "noise": 0.005,
    "blur": 0.1,  # 1 less the sharpness
}
# The columns of the output `domain`: estimates; correlation with the template
# and share of it that is seen; how far the image lies from good ones, but for
# its light, over 1 if it is normalised; and from good ones under other
# conditions, over 1 if it is not judged.
COLUMNS = (*ESTIMATES, "match", "visible", "change", "novelty")


def is_changed(domain):
    """Of rows of the output `domain`: whether the image was normalised."""
    return domain[..., COLUMNS.index("change")] > 1.0


def named(row) -> dict[str, float]:
    """A row of the output `domain`, by name.

    `rotation` in degrees, counter-clockwise; `zoom`, `gain` and `cast` as
    factors; `right` and `down` in shares of the mean side; `offset`, `noise`
    and `clipped` in shares of the range; `sharpness` 1 as in training.
    """
    return {
        name: round(float(value), 5)
        for name, value in zip(COLUMNS, row, strict=True)
    }
