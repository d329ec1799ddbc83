"""Are the last images still like those that the threshold was fitted to?"""

import math
from collections import deque

import numpy as np

from kerasad.calibration.conformal import conformal_rank
from kerasad.lines import alarming

WINDOW = 200  # images that are compared
LEAST = 20  # images below which nothing is said
ALARM = 1e-3  # chance under which it is


class Drift:
    """The last scores of a detector beside its calibration.

    Two comparisons, each with the chance of what was seen, or more of it, if
    all images are good and come as the calibration images did. Defects count
    as drift, for nobody says which images have one.
    """

    def __init__(self, detector):
        fitted = detector.threshold
        self.calibration = detector.calibration.get("scores")
        self.guaranteed = None
        if fitted.get("method") == "conformal" and "fpr" in fitted:
            self.guaranteed = fitted["fpr"]
            self.units = fitted.get("groups", fitted.get("images"))
        self.last = deque(maxlen=WINDOW)
        self.images = self.flagged = 0
        self.beyond = deque(maxlen=WINDOW)  # whether each was not judged

    def add(self, line):
        """Counts an image by the line predicted for it."""
        flagged = alarming(line)
        self.last.append((line["anomaly_score"], flagged))
        self.beyond.append(line["is_anomalous"] is None)
        self.images += 1
        self.flagged += flagged

    def summary(self) -> dict:
        """What the operator sees; a chance is `None` where none is known."""
        scores = [score for score, _ in self.last]
        flagged = sum(flagged for _, flagged in self.last)
        rate = shape = None
        if len(scores) >= LEAST:
            if self.guaranteed is not None:
                rate = chance_of_flags(
                    flagged, len(scores), self.units, self.guaranteed
                )
            if self.calibration:
                shape = chance_of_distance(scores, self.calibration)
        chances = [chance for chance in (rate, shape) if chance is not None]
        return {
            "images": self.images,
            "flagged": self.flagged,
            "window": len(scores),
            "flagged_in_window": flagged,
            "not_judged_in_window": sum(self.beyond),
            "promised": self.guaranteed,
            "chance_of_flags": rate,
            "chance_of_scores": shape,
            "alarm": any(chance < ALARM for chance in chances),
            "scores": scores,
        }


def chance_of_flags(flagged, images, units, fpr) -> float:
    """Of so many flags or more among good images, by a conformal threshold.

    The rate behind a threshold of `units` calibration scores is itself drawn,
    from a beta distribution, so the number is beta-binomial: a threshold that
    was a little unlucky is no drift.

    >>> round(chance_of_flags(1, 1, 9, 0.1), 6)  # the guarantee itself
    0.1
    """
    rank = conformal_rank(units, fpr)
    above = units + 1 - rank
    whole = log_beta(above, rank)
    chance = 0.0
    for count in range(flagged, images + 1):
        ways = -log_beta(count + 1, images - count + 1)
        ways -= math.log(images + 1)
        both = log_beta(count + above, images - count + rank)
        chance += math.exp(ways + both - whole)
    return min(1.0, chance)


def log_beta(a, b) -> float:
    """Logarithm of the beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def chance_of_distance(scores, others) -> float:
    """Of two samples of one distribution being so far apart: the two-sample
    Kolmogorov-Smirnov test, by its asymptotic distribution.

    Reference:

    - Stephens, 1970, https://doi.org/10.1111/j.2517-6161.1970.tb00821.x
    """
    scores, others = np.sort(scores), np.sort(others)
    values = np.concatenate([scores, others])
    shares = [
        np.searchsorted(sample, values, side="right") / len(sample)
        for sample in (scores, others)
    ]
    distance = np.abs(shares[0] - shares[1]).max()
    size = math.sqrt(len(scores) * len(others) / len(values))
    reach = (size + 0.12 + 0.11 / size) * distance
    if reach < 0.2:  # the series converges slowly; its value is 1
        return 1.0
    terms = np.arange(1, 101)
    signs = np.where(terms % 2, 1.0, -1.0)
    return float(
        np.clip(2 * np.sum(signs * np.exp(-2 * (terms * reach) ** 2)), 0, 1)
    )
