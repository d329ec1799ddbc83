"""Pixel-level metrics, exact, from one sort of all pixels.

Between two neighbouring scores of *anomalous* pixels no true positive is
gained, so a curve is known everywhere from the counts at those few scores.
Normal pixels, nearly all, are only sorted and counted by binary search.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from kerasad.errors import InputError

FPR_LIMIT = 0.3


def pixel_roc_auc(masks, maps) -> float | None:
    """ROC-AUC over all pixels of all images, `None` if all are of a class."""
    return roc_auc_of(rank_pixels(masks, maps))


def pixel_ap(masks, maps) -> float | None:
    """Average precision over all pixels, `None` if all are of a class."""
    return average_precision_of(rank_pixels(masks, maps))


def aupro(masks, maps, fpr_limit: float = FPR_LIMIT) -> float | None:
    """Area under the per-region overlap curve up to `fpr_limit`, over it.

    Every 8-connected defect region weighs the same, however small; the
    false-positive rate is over the normal pixels of all images; equal scores
    are one point of the curve, points are joined by lines.

    >>> masks = np.zeros((1, 4, 4), bool)
    >>> masks[0, 0, 0] = True
    >>> aupro(masks, masks.astype("float32"))
    1.0

    Reference:

    - [Bergmann et al., 2021](https://doi.org/10.1007/s11263-020-01400-4),
      section 5.1.2
    """
    return aupro_of(rank_pixels(masks, maps), masks, fpr_limit)


def pro_curve(masks, maps, fpr_limit: float = FPR_LIMIT, points: int = 200):
    """Per-region overlap over the false-positive rate, to be drawn.

    Args:
        masks, maps, fpr_limit: see `aupro`.
        points: number of points, denser towards a rate of 0.

    Returns:
        `(fpr, overlap)`, float arrays `(points,)` that rise from `(0, 0)`,
        or `None` where `aupro` is undefined.
    """
    pixels = rank_pixels(masks, maps)
    if pixels is None:
        return None
    fpr = fpr_limit * np.linspace(0, 1, points - 1) ** 2
    overlap = np.interp(fpr, *overlap_curve(pixels, masks))
    return np.append(0.0, fpr), np.append(0.0, overlap)


class RankedPixels(NamedTuple):
    """Counts at every distinct score of an anomalous pixel, descending."""

    order: np.ndarray  # sorts `maps[masks]`, descending
    tp: np.ndarray  # anomalous pixels at or above the score
    fp: np.ndarray  # normal pixels at or above it
    fp_above: np.ndarray  # normal pixels above it
    normal: int  # pixels in all


def rank_pixels(masks, maps):
    """The one sort; `None` if all pixels are of a class."""
    masks, maps = check_maps(masks, maps)
    normal, anomalous = np.sort(maps[~masks]), maps[masks]
    if normal.size == 0 or anomalous.size == 0:
        return None
    order = np.argsort(anomalous, kind="stable")[::-1]
    ranked = anomalous[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    values = ranked[last][::-1]  # ascending: binary search stays in cache
    below = np.searchsorted(normal, values, "left")[::-1]
    upto = np.searchsorted(normal, values, "right")[::-1]
    return RankedPixels(
        order, last + 1, normal.size - below, normal.size - upto, normal.size
    )


def roc_auc_of(pixels):
    """Area under the ROC curve in `[0, 1]`, ties counted by half."""
    if pixels is None:
        return None
    outscored = 2.0 * pixels.normal - pixels.fp - pixels.fp_above
    wins = np.diff(pixels.tp, prepend=0) @ outscored
    return float(wins / (2.0 * pixels.normal * pixels.tp[-1]))


def average_precision_of(pixels):
    """Area under precision over recall, as steps, in `[0, 1]`."""
    if pixels is None:
        return None
    precision = pixels.tp / (pixels.tp + pixels.fp)
    return float(np.diff(pixels.tp, prepend=0) @ precision / pixels.tp[-1])


def aupro_of(pixels, masks, fpr_limit):
    """Area under the PRO curve up to `fpr_limit`, scaled to `[0, 1]`."""
    if not 0 < fpr_limit <= 1:
        raise ValueError(
            "Argument `fpr_limit` must be in (0, 1]. "
            f"Received: fpr_limit={fpr_limit}"
        )
    if pixels is None:
        return None
    return area_up_to(*overlap_curve(pixels, masks), fpr_limit)


def overlap_curve(pixels, masks):
    """Corners of the per-region overlap over the false-positive rate."""
    weights = region_weights(np.asarray(masks))[pixels.order]
    overlap = np.cumsum(weights)[pixels.tp - 1]
    overlap /= overlap[-1]  # the number of regions
    # Normal pixels between two scores move along, then a score moves up.
    x = np.stack([pixels.fp_above, pixels.fp], axis=1).ravel()
    x = np.concatenate([[0], x, [pixels.normal]]) / pixels.normal
    y = np.repeat(np.concatenate([[0.0], overlap]), 2)
    return x, y


def area_up_to(x, y, limit):
    """Mean height of a polyline over `[0, limit]`, x rising from 0 to 1."""
    inside = int(np.searchsorted(x, limit, "right"))
    if inside < x.size:
        left = inside - 1
        slope = (y[inside] - y[left]) / (x[inside] - x[left])
        end = y[left] + slope * (limit - x[left])
        x, y = np.append(x[:inside], limit), np.append(y[:inside], end)
    return float(np.trapezoid(y, x) / limit)


def region_weights(masks):
    """One over the area of its region, for each pixel of `maps[masks]`."""
    weights = []
    for mask in masks[masks.any((1, 2))]:
        regions, _ = ndimage.label(mask, structure=np.ones((3, 3)))
        regions = regions[mask]
        weights.append(1.0 / np.bincount(regions)[regions])
    return np.concatenate(weights)


def check_maps(masks, maps):
    """bool masks and finite float maps, both `(n, H, W)`, or an error."""
    masks, maps = np.asarray(masks), np.asarray(maps)
    if masks.shape != maps.shape or maps.ndim != 3:
        raise ValueError(
            "Arguments `masks` and `maps` must have one shape, (batch, height, "
            f"width). Received: masks.shape={masks.shape}, "
            f"maps.shape={maps.shape}"
        )
    if masks.dtype != bool:
        raise ValueError(
            "Argument `masks` must be of type bool: write `masks > 0`. "
            f"Received: masks.dtype={masks.dtype}"
        )
    if maps.dtype.kind != "f":
        maps = maps.astype("float32")
    if not np.isfinite(maps).all():
        raise InputError(
            "Anomaly maps must be finite. Received: "
            f"{np.sum(~np.isfinite(maps))} of {maps.size} pixels are not. "
            "Training has probably diverged."
        )
    return masks, maps
