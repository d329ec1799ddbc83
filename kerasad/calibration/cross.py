"""Cross calibration: every normal image calibrates, and most train.

A split holds out a tenth of the images, and 22 images cannot guarantee a rate
under 1/23. Here each of k folds is scored by a detector trained without it;
the pooled scores calibrate a final detector, which is k + 1 trainings.
"""

import numpy as np

from kerasad.calibration.colours import colour_range
from kerasad.calibration.conformal import cross_conformal_scores
from kerasad.calibration.groups import numbered
from kerasad.errors import InputError
from kerasad.stored import chosen


def out_of_fold(
    images, folds: int, seed: int, fit, say=lambda text: None, groups=None
):
    """The calibration of a detector from all of the images.

    Args:
        images: uint8 `(n, H, W, 3)`, normal images only.
        folds: number of folds, of about as many images each.
        seed: int, of who is in which fold.
        fit: callable that takes indices of images and returns a detector
            trained on these, and only on these.
        say: called with one line of commentary at a time.
        groups: label of each image; none of a group are in other folds.

    Returns:
        The dict `calibration` of `kerasad.Detector`, with `folds`.
    """
    calibrations = []
    labels = np.arange(len(images)) if groups is None else np.asarray(groups)
    members = fold_members(labels, folds, seed)
    for number, fold in enumerate(members, start=1):
        others = np.setdiff1d(np.arange(len(images)), fold)
        say(
            f"fold {number} of {folds}: a detector from {len(others)} images "
            f"to score the other {len(fold)}"
        )
        own = None if groups is None else labels[fold]
        calibrations.append(
            fit(others).calibration_of(chosen(images, fold), own)
        )
    return pooled(calibrations)


def fold_members(groups, folds: int, seed: int) -> list[np.ndarray]:
    """Indices of each fold: at random, and each image in one of them.

    Args:
        groups: number of images, or the label of the group of each, none of
            which is in two folds.

    >>> [fold.tolist() for fold in fold_members(5, 2, seed=0)]
    [[2, 3, 4], [0, 1]]
    >>> [fold.tolist() for fold in fold_members([7, 7, 8, 8, 9], 2, seed=0)]
    [[0, 1, 4], [2, 3]]
    """
    labels, place = numbered(groups)
    count = len(labels)
    if not 2 <= folds <= count:
        noun = "good images" if count == len(place) else "groups of images"
        raise InputError(
            f"{count} {noun} cannot be cut into {folds} folds; set "
            f"folds to 2 or more, and at most {count}"
        )
    order = np.random.default_rng(seed).permutation(count)
    return [
        np.isin(place, part).nonzero()[0]
        for part in np.array_split(order, folds)
    ]


def pooled(calibrations) -> dict:
    """The calibrations of several detectors as that of one."""
    columns = {
        name: cross_conformal_scores([one[name] for one in calibrations])
        for name in ("scores", "map_maxima")
    }
    if all("groups" in one for one in calibrations):
        columns["groups"] = np.concatenate([c["groups"] for c in calibrations])
    shifted = pooled_shifted(calibrations)
    low = float(np.median([one["map_range"][0] for one in calibrations]))
    return {
        **{name: column.tolist() for name, column in columns.items()},
        "map_range": colour_range(low, columns["map_maxima"]),
        "folds": len(calibrations),
        **({} if shifted is None else {"shifted": shifted}),
        **{k: v for k, v in calibrations[0].items() if k == "images"},
    }


def pooled_shifted(calibrations) -> dict | None:
    """Those of several detectors as that of one; no image is in two."""
    known = [one["shifted"] for one in calibrations if one.get("shifted")]
    if not known:
        return None
    scores = [score for one in known for score in one["scores"]]
    groups = [
        f"{fold}-{label}"
        for fold, one in enumerate(known)
        for label in one["groups"]
    ]
    return {
        "source": "copies",
        "scores": scores,
        "groups": np.unique(groups, return_inverse=True)[1].tolist(),
        "novelty_limit": max(one["novelty_limit"] for one in known),
    }


def without_guarantee(fitted: dict, calibration: dict) -> dict:
    """A fitted threshold that says what holds if little is guaranteed.

    Of out-of-fold scores, see `kerasad.calibration.cross_conformal_scores`:
    the final detector is not the one that gave them. Of images by which the
    best epoch was picked: they are not new to the detector.
    """
    conditions = ""
    if "folds" in calibration:
        folds = calibration["folds"]
        conditions += f", and leaving out one of {folds} folds barely changes "
        conditions += "scores"
    if calibration.get("picked"):
        conditions += ", and picking the best epoch by them changed little"
    if not conditions or fitted["method"] not in ("conformal", "evt"):
        return fitted  # or guarantees nothing anyway
    words = fitted["promise"].replace("at most", "no guaranteed rate: about", 1)
    return fitted | {"promise": words + conditions}
