"""Bootstrap of the pixel metrics without sorting the pixels again."""

from typing import NamedTuple

import numpy as np

from kerasad.metrics.per_image import FPR_BOUNDS
from kerasad.metrics.pixels import FPR_LIMIT, check_maps, region_weights
from kerasad.metrics.resampling import draw_images, interval


def pixel_bootstrap(
    masks,
    maps,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    fpr_limit: float = FPR_LIMIT,
    fpr_bounds=FPR_BOUNDS,
    bins: int = 2000,
) -> dict:
    """Intervals of the four metrics of `pixel_metrics` over drawn images.

    Draws images with replacement, as many normal and anomalous ones as there
    are. Each image is summarised by its counts above about `bins` thresholds;
    between two of them a curve is only known to rise. The interval runs from
    the quantile of the least areas to that of the greatest: it contains the
    interval that sorting all pixels of every draw would give. For 132 maps of
    256x256 pixels either end lies less than 0.001 further out; the distance
    halves with twice the bins. Memory: about 160 MB.

    Returns:
        `(low, high)` for `pixel_roc_auc`, `pixel_ap`, `aupro` and `aupimo`;
        `(None, None)` where the metric is undefined.
    """
    masks, maps = check_maps(masks, maps)
    anomalous = masks.any((1, 2))
    undefined = (None, None)
    if masks.all() or not anomalous.any():
        names = ("pixel_roc_auc", "pixel_ap", "aupro", "aupimo")
        return dict.fromkeys(names, undefined)

    counts = count_pixels(masks, maps, thresholds_of(masks, maps, bins))
    draws = draw_images(len(maps), n, np.random.default_rng(seed), anomalous)
    times = np.stack([np.bincount(d, minlength=len(maps)) for d in draws])
    times = times.astype("float64")  # (n, B)

    fp, tp = times @ counts.normal, times @ counts.anomalous  # (n, K)
    overlap, recall = times @ counts.overlap, times @ counts.recall
    fpr, tpr = fp / fp[:, -1:], tp / tp[:, -1:]
    areas = {
        "pixel_roc_auc": area(fpr, tpr),
        "pixel_ap": precision_area(fp, tp),
        "aupro": area(
            np.minimum(fpr / fpr_limit, 1.0), overlap / overlap[:, -1:]
        ),
    }
    if not anomalous.all():
        fp = (times * ~anomalous) @ counts.normal
        low, high = np.log(fpr_bounds)
        rate = np.clip(fp / fp[:, -1:], *fpr_bounds)
        areas["aupimo"] = area(
            (np.log(rate) - low) / (high - low), recall / anomalous.sum()
        )
    intervals = {
        name: (interval(least, level)[0], interval(most, level)[1])
        for name, (least, most) in areas.items()
    }
    return {"aupimo": undefined} | intervals


class PixelCounts(NamedTuple):
    """Per image and threshold, thresholds descending, arrays of `(B, K)`."""

    normal: np.ndarray  # normal pixels above it
    anomalous: np.ndarray  # anomalous pixels above it
    overlap: np.ndarray  # sum over regions of the share above it
    recall: np.ndarray  # share of the anomalous pixels above it


def thresholds_of(masks, maps, bins):
    """Scores at which to count, from above the highest to below the lowest.

    Half of them evenly spread over the ranks of anomalous pixels, half over
    the logarithms of the ranks of normal ones: AUPIMO and precision depend
    on the highest 1e-4 of those.
    """
    chosen = []
    for values, ranks in (
        (maps[masks], np.linspace),
        (maps[~masks], np.geomspace),
    ):
        ranks = ranks(1, values.size, bins // 2).astype(int)
        chosen.append(np.sort(values)[values.size - ranks])
    chosen = np.unique(np.concatenate([*chosen, [maps.max()]]))
    return np.append(chosen[::-1], chosen.dtype.type(-np.inf))


def count_pixels(masks, maps, thresholds):
    """`PixelCounts` of each image above each of falling thresholds."""

    def above(values):
        return values.size - np.searchsorted(np.sort(values), rising, "right")

    rising = thresholds[::-1]
    shape = (len(maps), thresholds.size)
    normal, anomalous, overlap = (np.zeros(shape) for _ in range(3))
    for index, (mask, scores) in enumerate(zip(masks, maps, strict=True)):
        normal[index] = above(scores[~mask])
        if mask.any():
            anomalous[index] = above(scores[mask])
            overlap[index] = weight_above(mask, scores[mask], rising)
    share = anomalous / np.maximum(anomalous[:, :1], 1)
    arrays = (normal, anomalous, overlap, share)
    return PixelCounts(*(array[:, ::-1] for array in arrays))


def weight_above(mask, scores, rising):
    """Summed share of regions above each of `rising` thresholds."""
    order = np.argsort(scores)
    missed = np.cumsum(np.append(0.0, region_weights(mask[None])[order]))
    return missed[-1] - missed[np.searchsorted(scores[order], rising, "right")]


def area(x, y):
    """Least and greatest area under rising curves through these points."""
    step = np.diff(x, axis=1)
    return (step * y[:, :-1]).sum(1), (step * y[:, 1:]).sum(1)


def precision_area(fp, tp):
    """Least and greatest average precision: normal pixels first, or last."""
    step = np.diff(tp, axis=1) / tp[:, -1:]
    least = tp[:, :-1] / np.maximum(tp[:, :-1] + fp[:, 1:], 1)
    most = tp[:, 1:] / np.maximum(tp[:, 1:] + fp[:, :-1], 1)
    return (step * least).sum(1), (step * most).sum(1)
