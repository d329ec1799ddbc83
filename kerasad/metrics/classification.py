"""Image-level metrics of labels and scores."""

import numpy as np

from kerasad.errors import InputError


def roc_auc(labels, scores) -> float | None:
    """Chance that an anomalous image outscores a normal one, ties half.

    `None` unless there are images of both classes.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    labels, scores = check_pair(labels, scores)
    normal = np.sort(scores[~labels])
    anomalous = scores[labels]
    if normal.size == 0 or anomalous.size == 0:
        return None
    below = np.searchsorted(normal, anomalous, "left")
    upto = np.searchsorted(normal, anomalous, "right")
    wins = below.sum(dtype="float64") + upto.sum(dtype="float64")
    return float(wins / (2 * normal.size * anomalous.size))


def average_precision(labels, scores) -> float | None:
    """Precision averaged over the steps of recall, without interpolation.

    `None` unless there are images of both classes.

    >>> average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.8333333333333333
    """
    labels, scores = check_pair(labels, scores)
    if labels.all() or not labels.any():
        return None
    tp, fp, _ = counts_at_scores(labels, scores)
    return float(np.sum(np.diff(tp, prepend=0) * tp / (tp + fp)) / tp[-1])


def f1_max(labels, scores) -> tuple[float | None, float | None]:
    """Best F1 of `score > threshold` and the highest threshold that has it.

    The best that any threshold could do on these very images, chosen with
    their labels: an upper bound, not a way to set a threshold. The threshold
    is one of the scores, or just below the lowest if every image is flagged;
    `(None, None)` without anomalous images.

    >>> f1_max([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    (0.8, 0.1)
    """
    labels, scores = check_pair(labels, scores)
    if not labels.any():
        return None, None
    tp, fp, values = counts_at_scores(labels, scores)
    f1 = 2 * tp / (tp + fp + labels.sum())
    best = int(np.argmax(f1))
    if best + 1 < values.size:
        return float(f1[best]), float(values[best + 1])
    return float(f1[best]), float(np.nextafter(values[-1], -np.inf))


def f1_floor(labels) -> float | None:
    """F1 of calling every image anomalous, `None` without anomalous ones.

    >>> round(f1_floor([1] * 109 + [0] * 23), 3)
    0.905
    """
    labels = check_labels(labels)
    if not labels.any():
        return None
    return float(2 * labels.sum() / (labels.sum() + labels.size))


def confusion(labels, flagged) -> dict:
    """Counts and rates of a decision, a rate is `None` where it is undefined.

    F1 is undefined without anomalous images, `precision` without flagged
    ones.

    >>> confusion([0, 0, 1, 1], [False, True, True, True])["precision"]
    0.6666666666666666
    """
    labels, flagged = check_labels(labels), check_labels(flagged, "flagged")
    check_lengths(labels=labels, flagged=flagged)
    tp, tn = int((labels & flagged).sum()), int((~labels & ~flagged).sum())
    fp, fn = int((~labels & flagged).sum()), int((labels & ~flagged).sum())
    return {
        "tp": tp,
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "accuracy": ratio(tp + tn, labels.size),
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "f1": ratio(2 * tp, 2 * tp + fp + fn) if tp + fn else None,
        "fpr": ratio(fp, fp + tn),
    }


def counts_at_scores(labels, scores):
    """Anomalous and normal counts with `score >= value`, values descending."""
    order = np.argsort(scores, kind="stable")[::-1]
    values = scores[order]
    last = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    tp = np.cumsum(labels[order])[last]
    return tp, last + 1 - tp, values[last]


def ratio(part, whole):
    """`part / whole`, `None` where that is undefined."""
    return part / whole if whole else None


def check_pair(labels, scores):
    """Labels as bool and scores, both `(n,)` and finite, or an error."""
    labels = check_labels(labels)
    scores = np.asarray(scores).ravel()
    check_lengths(labels=labels, scores=scores)
    if not np.isfinite(scores).all():
        raise InputError(
            "Anomaly scores must be finite. Received: "
            f"{np.sum(~np.isfinite(scores))} of {scores.size} are not. "
            "Training has probably diverged."
        )
    return labels, scores


def check_labels(labels, name="labels"):
    """bool `(n,)`, or `ValueError` for what is not 0 or 1."""
    labels = np.asarray(labels).ravel()
    as_bool = labels.astype(bool)
    if labels.dtype != bool and not np.array_equal(labels, as_bool):
        raise ValueError(
            f"Argument `{name}` must hold 0 and 1 only. "
            f"Received: {np.unique(labels)[:5]}"
        )
    return as_bool


def check_lengths(**arrays):
    """`ValueError`, naming them, unless all arrays are equally long."""
    if len({len(array) for array in arrays.values()}) > 1:
        sizes = ", ".join(f"len({n})={len(a)}" for n, a in arrays.items())
        raise ValueError(
            f"Arguments must have one entry an image. Received: {sizes}"
        )
