"""Rules of thumb: none of them guarantees a false-positive rate."""

import math

import numpy as np

from kerasad.errors import InputError


def n_sigma(scores, k: float = 3.0) -> float:
    """Mean plus `k` population standard deviations of the normal scores.

    Anomaly scores are skewed, so the normal share above the threshold is
    not the Gaussian one.

    >>> n_sigma([1.0, 3.0], k=2.0)
    4.0

    Reference:

    - The paper, section 3.3, equation 5; its `k=0.0001` leaves about half of
      the normal images above the threshold
    """
    scores = check_scores(scores)
    return float(scores.mean() + check_k(k) * scores.std())


def fpr_percentile(scores, fpr: float = 0.05) -> float:
    """Smallest normal score that leaves at most a share `fpr` above it.

    A statement about the given images only: a new normal image is flagged
    with probability `(floor(fpr * n) + 1) / (n + 1)`, which exceeds `fpr`:
    8.7 % for `fpr=0.05` and 22 images. `conformal` corrects for that.

    >>> fpr_percentile([0.1, 0.2, 0.3, 0.4], fpr=0.25)
    0.3

    Reference:

    - The paper, section 4.5, "False Positive Rate"
    """
    scores = np.sort(check_scores(scores))
    allowed = math.floor(check_fpr(fpr) * scores.size + 1e-9)
    return float(scores[scores.size - 1 - allowed])


def iqr(scores, k: float = 1.5) -> float:
    """Third quartile plus `k` interquartile ranges, Tukey's upper fence.

    >>> iqr([0.0, 1.0, 2.0, 3.0, 4.0], k=1.5)
    6.0

    Reference:

    - The paper, section 4.5, "Interquartile Range"
    """
    low, high = np.quantile(check_scores(scores), [0.25, 0.75])
    return float(high + check_k(k) * (high - low))


def mad(scores, k: float = 3.0) -> float:
    """Median plus `k` scaled median absolute deviations.

    The factor 1.4826 makes the deviation that of a Gaussian sample; up to
    half of the scores may be outliers.

    >>> round(mad([0.0, 1.0, 2.0, 3.0, 100.0], k=1.0), 4)
    3.4826
    """
    scores = check_scores(scores)
    median = np.median(scores)
    deviation = 1.4826 * np.median(np.abs(scores - median))
    return float(median + check_k(k) * deviation)


def check_scores(scores):
    """Scores as finite float64 `(n,)`, at least one, or `InputError`."""
    scores = np.asarray(scores, dtype="float64").ravel()
    finite = int(np.isfinite(scores).sum())
    if scores.size == 0:
        raise InputError(
            "A threshold needs the scores of normal images. Received: none. "
            "Give a folder with at least one normal image."
        )
    if finite < scores.size:
        raise InputError(
            "The scores of normal images must be finite. Received: "
            f"{scores.size - finite} of {scores.size} are not. Training has "
            "probably diverged: lower the learning rate and train again."
        )
    return scores


def check_k(k):
    """`k`, a finite number of deviations, or `InputError`."""
    if not (math.isfinite(k) and k >= 0):
        raise InputError(
            f"Argument `k` must be a finite number >= 0. Received: k={k}"
        )
    return k


def check_fpr(fpr):
    """`fpr`, a share in `[0, 1)`, or `InputError`."""
    if not 0 <= fpr < 1:
        raise InputError(
            f"Argument `fpr` must be in [0, 1), a share. Received: fpr={fpr}"
        )
    return fpr
