"""Percentile bootstrap over images."""

import numpy as np

from kerasad.metrics.classification import check_lengths


def bootstrap(
    metric,
    *arrays,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    strata=None,
) -> tuple[float | None, float | None]:
    """Interval of a metric over test sets that might have been drawn.

    Images are drawn with replacement; draws on which the metric is `None`
    (one class only) are left out. The interval says nothing about training
    with another seed.

    Args:
        metric: callable that takes the arrays and returns a float or `None`.
        *arrays: one entry an image each.
        n: number of draws.
        seed: of the draws.
        level: share of the draws inside the interval.
        strata: one value an image. If given, every draw has as many images
            of each value as the test set: its composition counts as fixed.

    Returns:
        `(low, high)`, or `(None, None)` if the metric is undefined on the
        images themselves.

    Example:

    >>> low, high = bootstrap(np.mean, [0.0, 1.0] * 50)
    >>> print(f"{low:.2f} to {high:.2f}")
    0.40 to 0.60

    Reference:

    - [Efron, 1979](https://doi.org/10.1214/aos/1176344552)
    """
    arrays = [np.asarray(array) for array in arrays]
    check_lengths(**{f"arrays[{i}]": array for i, array in enumerate(arrays)})
    if metric(*arrays) is None:
        return None, None
    rng = np.random.default_rng(seed)
    draws = draw_images(len(arrays[0]), n, rng, strata)
    values = [metric(*(array[draw] for array in arrays)) for draw in draws]
    return interval([value for value in values if value is not None], level)


def draw_images(images, n, rng, strata=None):
    """Indices of `n` draws, `(n, images)`."""
    strata = np.zeros(images) if strata is None else np.asarray(strata)
    if len(strata) != images:
        raise ValueError(
            "Argument `strata` must have one entry an image. "
            f"Received: {len(strata)} for {images} images"
        )
    draws = np.empty((n, images), dtype=int)
    for value in np.unique(strata):
        members = np.flatnonzero(strata == value)
        draws[:, members] = rng.choice(members, (n, members.size))
    return draws


def interval(values, level):
    """The middle share `level` of resampled values, `(low, high)`."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
