"""What follows from exchangeability alone, whatever the distribution."""

import math

import numpy as np

from kerasad.calibration.rules import check_fpr, check_scores
from kerasad.errors import InputError


def conformal(scores, fpr: float = 0.1, groups=None) -> float:
    """Smallest threshold that flags a new normal image with rate <= `fpr`.

    The `ceil((n + 1) * (1 - fpr))`-th smallest of the `n` scores. The guarantee
    holds for every distribution if the new image is exchangeable with the
    calibration images (held out of training, taken under the same
    conditions). It averages over calibration sets: the rate that one set
    happens to give scatters around it, see `fpr_range`.

    With `groups`, labels of the images such as the number of the part that
    each shows, groups are exchangeable and images are not: `n` counts groups,
    and a score counts as the share that it is of its group. The guarantee is of
    an image of a new group.

    >>> conformal([0.1, 0.2, 0.3, 0.4], fpr=0.4)
    0.3
    >>> conformal([0.1, 0.1, 0.1, 0.2, 0.5, 0.9], 0.5, [1, 1, 1, 2, 2, 3])
    0.5

    Reference:

    - [Vovk et al., 2005](https://doi.org/10.1007/b106715), chapter 2
    - [Lee et al., 2023](https://arxiv.org/abs/2306.06342), section 3: groups
    """
    scores = check_scores(scores)
    order = np.argsort(scores)
    count, shares = group_shares(scores.size, groups)
    conformal_rank(count, fpr)  # refuses what so few cannot guarantee
    needed = (count + 1) * (1 - fpr) - 1e-9
    rank = np.searchsorted(np.cumsum(shares[order]), needed)
    return float(scores[order[min(rank, scores.size - 1)]])


def group_shares(images, groups):
    """The number of groups, and what share of its group each image is."""
    if groups is None:
        return images, np.ones(images)
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return len(sizes), 1.0 / sizes[place]


def fpr_range(images: int, fpr: float, level: float = 0.95):
    """Where the rate of one `conformal` threshold lies, `(low, high)`.

    With probability `level` over calibration sets of that many images, for
    scores without ties; of groups, about.

    >>> low, high = fpr_range(22, 0.05)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.001 to 0.154
    """
    from scipy import stats  # 0.5 s, too long for `kerasad --help`

    above = images + 1 - conformal_rank(images, fpr)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = stats.beta(above, images + 1 - above).ppf(tails)
    return float(low), float(high)


def p_values(calibration_scores, scores, groups=None) -> np.ndarray:
    """Conformal p-values in `(0, 1]`, low = anomalous.

    `(1 + #{calibration scores >= score}) / (n + 1)`. For a normal image the
    chance of a p-value <= `a` is at most `a`; a p-value <= `fpr` says the
    same as a score above the `conformal` threshold of that `fpr`. With
    `groups`, see there, a score counts as the share that it is of its group.

    >>> p_values([0.1, 0.2, 0.3], [0.0, 0.2, 0.9])
    array([1.  , 0.75, 0.25])
    """
    calibration = check_scores(calibration_scores)
    order = np.argsort(calibration)
    count, shares = group_shares(calibration.size, groups)
    scores = np.asarray(scores, dtype="float64")
    rank = np.searchsorted(calibration[order], scores, side="left")
    below = np.concatenate([[0.0], np.cumsum(shares[order])])[rank]
    p = (1 + count - below) / (count + 1)
    return np.where(np.isnan(scores), np.nan, p)


def cross_conformal_scores(fold_scores) -> np.ndarray:
    """Pools out-of-fold scores, so that every normal image calibrates.

    `fold_scores[j]` are the scores of fold `j` by a detector trained without
    that fold. What the pooled scores guarantee, for `conformal` at rate `fpr`:

    - If a new image is scored by all the fold detectors and compared with
      each fold by the detector of that fold, it is flagged with rate at most
      `2 * fpr + sqrt(2 / n)`; about `fpr` in practice.
    - If it is scored by one final detector trained on all images, there is
      no guarantee: about `fpr` if leaving out a fold barely changes the
      scores. A final detector that saw more images usually gives lower
      scores, which errs towards fewer flags.

    >>> cross_conformal_scores([[0.1, 0.3], [0.2]])
    array([0.1, 0.3, 0.2])

    Reference:

    - [Barber et al., 2021](https://doi.org/10.1214/20-AOS1965), theorem 4
    """
    folds = [check_scores(scores) for scores in fold_scores]
    if len(folds) < 2:
        raise InputError(
            "Cross-conformal calibration needs at least 2 folds. "
            f"Received: {len(folds)}"
        )
    return np.concatenate(folds)


def conformal_rank(images, fpr):
    """Place, from 1, of the threshold among the scores in rising order.

    Raises:
        InputError: so few images guarantee no such `fpr`, a share in [0, 1).
    """
    rank = math.ceil((images + 1) * (1 - check_fpr(fpr)) - 1e-9)
    if rank <= images:
        return rank
    wish = (
        f"{fpr:g} needs at least {math.ceil(1 / fpr - 1 - 1e-9)} images"
        if fpr > 0
        else "0 cannot be guaranteed with any number of images"
    )
    raise InputError(
        f"With {images} calibration images no threshold guarantees a false-"
        f"positive rate under 1/{images + 1} = {1 / (images + 1):.4g}. "
        f"Received: fpr={fpr:g}. Raise fpr to that or give more normal "
        f"images: {wish}."
    )
