"""Cross calibration: every normal image calibrates, and most train.

A split holds out a tenth of the images, and 22 images cannot promise a rate
under 1/23. Here each of k folds is scored by a detector trained without it;
the pooled scores calibrate a final detector, which is k + 1 trainings.
"""

import numpy as np

from kerasad.calibration.conformal import cross_conformal_scores
from kerasad.errors import InputError


def out_of_fold(images, folds: int, seed: int, fit, say=lambda text: None):
    """The calibration of a detector from all of the images.

    Args:
        images: uint8 `(n, H, W, 3)`, normal images only.
        folds: number of folds, of about as many images each.
        seed: int, of who is in which fold.
        fit: callable that takes images and returns a detector trained on
            them, and only on them.
        say: called with one line of commentary at a time.

    Returns:
        The dict `calibration` of `kerasad.Detector`, with `folds`.
    """
    calibrations = []
    members = fold_members(len(images), folds, seed)
    for number, fold in enumerate(members, start=1):
        others = np.delete(images, fold, axis=0)
        say(
            f"fold {number} of {folds}: a detector from {len(others)} images "
            f"to score the other {len(fold)}"
        )
        calibrations.append(fit(others).calibration_of(images[fold]))
    return pooled(calibrations)


def fold_members(count: int, folds: int, seed: int) -> list[np.ndarray]:
    """Indices of each fold: at random, and each image in one of them.

    >>> [fold.tolist() for fold in fold_members(5, 2, seed=0)]
    [[2, 3, 4], [0, 1]]
    """
    if not 2 <= folds <= count:
        raise InputError(
            f"{count} good images cannot be cut into {folds} folds; set "
            f"folds to 2 or more, and at most {count}"
        )
    order = np.random.default_rng(seed).permutation(count)
    return [np.sort(part) for part in np.array_split(order, folds)]


def pooled(calibrations) -> dict:
    """The calibrations of several detectors as that of one."""
    columns = {
        name: cross_conformal_scores([one[name] for one in calibrations])
        for name in ("scores", "map_maxima")
    }
    low = float(np.median([one["map_range"][0] for one in calibrations]))
    high = float(columns["map_maxima"].max())
    return {
        **{name: column.tolist() for name, column in columns.items()},
        "map_range": [low, high + (high - low)],
        "folds": len(calibrations),
        **{k: v for k, v in calibrations[0].items() if k == "images"},
    }


def without_guarantee(fitted: dict, folds: int) -> dict:
    """A fitted threshold that says what holds with out-of-fold scores.

    See `kerasad.calibration.cross_conformal_scores`: the final detector is not
    the one that gave the calibration scores, so nothing is guaranteed.
    """
    if fitted["method"] not in ("conformal", "evt"):
        return fitted  # promises nothing anyway
    words = fitted["promise"].replace("at most", "no guaranteed rate: about", 1)
    condition = f"and leaving out one of {folds} folds barely changes scores"
    return fitted | {"promise": f"{words}, {condition}"}
