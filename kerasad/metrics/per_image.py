"""AUPIMO, recall at hardly any false alarm, and all pixel metrics at once."""

import numpy as np

from kerasad.metrics.pixels import (
    FPR_LIMIT,
    aupro_of,
    average_precision_of,
    check_maps,
    rank_pixels,
    roc_auc_of,
)

FPR_BOUNDS = (1e-5, 1e-4)


def aupimo(masks, maps, fpr_bounds=FPR_BOUNDS) -> float | None:
    """Mean over anomalous images of `image_recalls`, `None` if undefined."""
    recalls = image_recalls(masks, maps, fpr_bounds)
    recalls = recalls[~np.isnan(recalls)]
    return float(recalls.mean()) if recalls.size else None


def image_recalls(masks, maps, fpr_bounds=FPR_BOUNDS) -> np.ndarray:
    """Share of its defect pixels that each image shows at hardly any alarm.

    AUPIMO of single images: the recall of one image, averaged over the
    logarithm of the false-positive rate within `fpr_bounds`. That rate is
    over the pixels of normal images only; at each rate the threshold is the
    lowest that does not exceed it. Resolution: at 1e-5, 23 images of 256x256
    pixels allow 15 pixels.

    Returns:
        Float array `(batch,)` in `[0, 1]`; NaN for normal images, and for all
        if there is no normal image.

    Reference:

    - [Bertoldo et al., 2024](https://arxiv.org/abs/2401.01984), which samples
      the curve at many thresholds; this is the limit, without sampling
    """
    masks, maps = check_maps(masks, maps)
    low, high = fpr_bounds
    if not 0 < low < high <= 1:
        raise ValueError(
            "Argument `fpr_bounds` must rise within (0, 1]. "
            f"Received: fpr_bounds={fpr_bounds}"
        )
    recalls = np.full(len(maps), np.nan)
    anomalous = masks.any((1, 2))
    normal = maps[~anomalous].ravel()
    if normal.size == 0:
        return recalls

    # `allowed` false positives hold for rates in [allowed, allowed + 1) / n.
    least, most = np.floor(np.array([low, high]) * normal.size + 1e-9)
    allowed = np.arange(int(least), int(most) + 1)
    edges = np.append(allowed, allowed[-1] + 1) / normal.size
    weights = np.diff(np.log(np.clip(edges, low, high)))
    weights /= np.log(high / low)

    kept = min(allowed[-1] + 1, normal.size)
    top = np.sort(np.partition(normal, normal.size - kept)[-kept:])[::-1]
    above = allowed < kept
    thresholds = top[np.minimum(allowed, kept - 1)]
    for index in np.flatnonzero(anomalous):
        scores = np.sort(maps[index][masks[index]])
        missed = np.searchsorted(scores, thresholds, "right") / scores.size
        recalls[index] = weights @ np.where(above, 1.0 - missed, 1.0)
    return recalls


def pixel_metrics(
    masks, maps, fpr_limit: float = FPR_LIMIT, fpr_bounds=FPR_BOUNDS
) -> dict:
    """`pixel_roc_auc`, `pixel_ap`, `aupro` and `aupimo` from one sort.

    Args:
        masks: bool array, `(batch, height, width)`. True on defects; an
            image without any True pixel counts as normal.
        maps: float array of that shape, higher = more anomalous.
        fpr_limit: see `aupro`.
        fpr_bounds: see `aupimo`.

    Returns:
        Floats in `[0, 1]`, `None` where undefined.
    """
    pixels = rank_pixels(masks, maps)
    return {
        "pixel_roc_auc": roc_auc_of(pixels),
        "pixel_ap": average_precision_of(pixels),
        "aupro": aupro_of(pixels, masks, fpr_limit),
        "aupimo": aupimo(masks, maps, fpr_bounds),
    }
