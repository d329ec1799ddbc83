"""A threshold by the name of its method, with what it guarantees."""

import numpy as np

from kerasad.calibration.conformal import conformal
from kerasad.calibration.rules import (
    check_scores,
    fpr_percentile,
    iqr,
    mad,
    n_sigma,
)
from kerasad.calibration.tail import gpd_tail
from kerasad.errors import InputError
from kerasad.text import counted

METHODS = {
    "n-sigma": n_sigma,
    "fpr": fpr_percentile,
    "iqr": iqr,
    "mad": mad,
    "conformal": conformal,
    "evt": gpd_tail,
}
PARAMETERS = {
    "n-sigma": {"k": 3.0},
    "fpr": {"fpr": 0.05},
    "iqr": {"k": 1.5},
    "mad": {"k": 3.0},
    # Of 22 images 5 % is the largest score: one odd image would decide.
    "conformal": {"fpr": 0.1},
    "evt": {"fpr": 0.01},
}


def fit_threshold(
    method: str,
    scores,
    k: float | None = None,
    fpr: float | None = None,
    groups=None,
) -> dict:
    """Fits one of `METHODS` to the scores of normal images.

    Args:
        method: key of `METHODS`.
        scores: anomaly scores of held-out normal images, finite.
        k: width for `n-sigma`, `iqr` and `mad`.
        fpr: wished false-positive rate for `fpr`, `conformal` and `evt`. Left
            out, `conformal` takes 0.1, or the least that so few scores can
            guarantee.
        groups: label of each score, such as the number of the part that its
            image shows; `None` where images are independent.

    Returns:
        A dict that goes through JSON unchanged: `method`, `threshold`, `k` or
        `fpr` (the one used), `images` (how many scores), `groups` (how many,
        where there are any) and `promise`, which says in words what the
        threshold guarantees for new normal images.

    Example:

    >>> fitted = fit_threshold("conformal", [0.1, 0.2, 0.3, 0.4], fpr=0.2)
    >>> fitted["threshold"]
    0.4
    """
    return fit(method, scores, k, fpr, groups, "normal images are flagged")


def pixel_threshold(
    peaks,
    method: str = "conformal",
    k: float | None = None,
    fpr: float | None = None,
    groups=None,
) -> dict:
    """Fits the threshold of per-pixel masks, one number a normal image.

    A mask is `anomaly_map > threshold`. Pixels of one image are not
    exchangeable with those of another, images are: the rate counts normal
    images that show a flagged pixel, and memory does not grow with pixels.

    Args:
        peaks: maximum of the anomaly map of each held-out normal image.
        method, k, fpr, groups: see `fit_threshold`.

    Returns:
        See `fit_threshold`.
    """
    event = "normal images show any flagged pixel"
    return fit(method, peaks, k, fpr, groups, event)


def fit(method, scores, k, fpr, groups, event):
    """What `fit_threshold` returns; `event` is what is counted, in words."""
    if method not in METHODS:
        raise InputError(
            f"Unknown threshold method '{method}'. "
            f"Choose one of: {', '.join(METHODS)}."
        )
    given = {"k": k, "fpr": fpr}
    given = {name: value for name, value in given.items() if value is not None}
    parameters = PARAMETERS[method] | given
    for name in given:
        if name not in PARAMETERS[method]:
            (own,) = PARAMETERS[method]
            raise InputError(
                f"Threshold method '{method}' has no `{name}`, its parameter "
                f"is `{own}`. Received: {name}={given[name]:g}"
            )
    images = (scores := check_scores(scores)).size
    options, count = {}, images
    if groups is not None:
        count = len(np.unique(groups))
    if count == images:
        groups = None  # of one image each: as if there were none
    if groups is not None and method == "conformal":
        options = {"groups": groups}
    elif groups is not None and method == "evt":
        # A tail of independent scores: the highest of each group.
        scores = scores[np.lexsort((scores, groups))]
        last = np.append(np.diff(np.sort(groups)) != 0, True)
        scores = scores[last]
    if method == "conformal" and fpr is None:
        # Few images guarantee less: the least that they can.
        least = 1.0 / (count + 1)
        parameters = {"fpr": max(parameters["fpr"], least)}
    with np.errstate(over="ignore"):
        threshold = METHODS[method](scores, **parameters, **options)
    if not np.isfinite(threshold):
        raise InputError(
            f"Threshold method '{method}' gives no finite threshold. "
            f"Received: k={k:g}"
        )
    return {
        "method": method,
        "threshold": threshold,
        **{name: float(value) for name, value in parameters.items()},
        "images": images,
        **({} if groups is None else {"groups": count}),
        "promise": guarantee(method, images, count, parameters, event),
    }


def guarantee(method, images, groups, parameters, event):
    """What a threshold guarantees of new normal images, in words."""
    if "fpr" not in parameters:
        return "no guaranteed rate"
    rate = f"{100 * parameters['fpr']:.4g} %"
    if method == "conformal":
        them, those = "they are", f"{images} calibration images"
        if groups != images:
            them = "the groups that they come from are"
            those = f"{counted(groups, 'group')} of the {those}"
        return (
            f"at most {rate} of {event}, if {them} exchangeable with the "
            f"{those}"
        )
    if method == "evt":
        return (
            f"extrapolation: about {rate} of {event}, if the tail of the "
            f"{groups} calibration scores goes on as it begins"
        )
    return (
        f"no guaranteed rate: at most {rate} of the {images} calibration "
        "images lie above, more of new ones"
    )
