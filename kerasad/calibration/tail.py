"""Extrapolation beyond the largest normal score."""

import numpy as np

from kerasad.calibration.rules import check_fpr, check_scores
from kerasad.errors import InputError

LEAST_IN_TAIL = 20  # fewer do not determine two parameters


def gpd_tail(scores, fpr: float = 0.01, tail_share: float = 0.2) -> float:
    """Threshold from a generalised Pareto fit to the highest normal scores.

    For rates under `1 / (n + 1)`, which no calibration set can guarantee. An
    extrapolation: in simulations with five distributions (Gaussian, gamma,
    lognormal, exponential, Student), 100 to 200 images and a wish of 0.001,
    the mean rate was 0.1 to 2 times the wish, and in one draw of ten more
    than 0.4 to 4 times.

    The fit is by maximum likelihood with a shape of at least 0: a tail that
    ends (shape < 0) cannot be told from so few scores, and believing in one
    gave 3 to 9 times the wished rate in the same simulations.

    Args:
        scores: anomaly scores of normal images, at least 100 for the
            default `tail_share`.
        fpr: the wished share of flagged normal images, in `(0, tail_share)`.
        tail_share: share of the scores that counts as the tail, in `(0, 1)`.

    Reference:

    - [Coles, 2001](https://doi.org/10.1007/978-1-4471-3675-0), section 4.3
    """
    from scipy import stats  # 0.5 s, too long for `kerasad --help`

    scores = np.sort(check_scores(scores))
    in_tail = int(tail_share * scores.size + 1e-9)
    if not 0 < check_fpr(fpr) < tail_share < 1:
        raise InputError(
            "Argument `fpr` of the tail fit must lie between 0 and "
            f"tail_share={tail_share:g}. Received: fpr={fpr:g}. Use "
            "the conformal method for larger rates."
        )
    if in_tail < LEAST_IN_TAIL:
        raise InputError(
            f"A tail fit needs at least {round(LEAST_IN_TAIL / tail_share)} "
            f"normal images. Received: {scores.size}. Give more, or use the "
            "conformal method."
        )
    start = scores[-in_tail - 1]
    excess = scores[-in_tail:] - start
    unit = excess.mean()  # the fit is not scale-free in floats
    if not unit > 0:
        raise InputError(
            f"The highest {in_tail} scores of normal images are all equal to "
            f"{start:g}: there is no tail to fit. Use the conformal method."
        )
    shape, _, scale = stats.genpareto.fit(excess / unit, floc=0)
    if not shape > 0:
        shape, scale = 0.0, 1.0  # the exponential tail of the same mean
    share = (in_tail + 1) / (scores.size + 1)  # a new score lies in the tail
    return float(
        start + unit * stats.genpareto.isf(fpr / share, shape, scale=scale)
    )
