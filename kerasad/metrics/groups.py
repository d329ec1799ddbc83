"""The same metrics for kinds and sizes of defects."""

import numpy as np

from kerasad.metrics.classification import (
    check_labels,
    check_lengths,
    confusion,
    roc_auc,
)


def per_defect(defects, scores, threshold: float | None = None) -> dict:
    """How well each kind of defect is told from all the good images.

    Args:
        defects: one name an image, `"good"` for normal ones.
        scores: anomaly scores.
        threshold: of images, for the recall.

    Returns:
        For each kind, in order of name: `images`, `roc_auc` against the good
        images and `recall`; `None` where undefined.

    >>> per_defect(["good", "crack", "crack"], [0.1, 0.3, 0.2], 0.2)
    {'crack': {'images': 2, 'roc_auc': 1.0, 'recall': 0.5}}
    """
    defects, scores = np.asarray(defects), np.asarray(scores)
    check_lengths(defects=defects, scores=scores)
    good = defects == "good"
    return {
        str(name): group(defects == name, good, scores, threshold)
        for name in np.unique(defects[~good])
    }


def by_defect_size(
    masks, labels, scores, threshold: float | None = None, groups: int = 3
) -> list[dict]:
    """How well small defects are told from all the good images, and large.

    The anomalous images are ordered by the share of their pixels that is
    defect (of all regions together) and cut into `groups` of about as many
    images; images of equal share stay together.

    Returns:
        For each group, smallest defects first: `least` and `most`, shares of
        the image in `[0, 1]`, `images`, `roc_auc` and `recall` as in
        `per_defect`.
    """
    labels, scores = check_labels(labels), np.asarray(scores)
    check_lengths(masks=masks, labels=labels, scores=scores)
    shares = np.array([np.mean(mask) for mask in masks])
    ordered = np.sort(shares[labels])
    cuts = [part[0] for part in np.array_split(ordered, groups) if part.size]
    rank = np.searchsorted(np.unique(cuts), shares, "right")
    rows = []
    for value in np.unique(rank[labels]):
        members = labels & (rank == value)
        rows.append(
            {
                "least": float(shares[members].min()),
                "most": float(shares[members].max()),
                **group(members, ~labels, scores, threshold),
            }
        )
    return rows


def group(members, good, scores, threshold):
    """Measures of one group against the good images, see `per_defect`."""
    chosen = members | good
    recall = None
    if threshold is not None:
        recall = confusion(members[members], scores[members] > threshold)[
            "recall"
        ]
    return {
        "images": int(members.sum()),
        "roc_auc": roc_auc(members[chosen], scores[chosen]),
        "recall": recall,
    }
