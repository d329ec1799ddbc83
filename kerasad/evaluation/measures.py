"""The metrics of an evaluation: a row each, which every output loops over.

The table on the terminal, the tiles of the report, `metrics.json` and the
confidence intervals follow from `METRICS`; a new metric is a new row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kerasad import metrics

FPR_LIMIT = 0.3
STRICT_FPR_LIMIT = 0.05


@dataclass
class Scored:
    """Labels `(n,)`, scores `(n,)`, masks and maps `(n, H, W)` of images."""

    labels: np.ndarray
    scores: np.ndarray
    masks: np.ndarray
    maps: np.ndarray
    seed: int = 0  # of the resampling

    @cached_property
    def pixel(self) -> dict:
        """All metrics of pixels, from one pass over them."""
        return metrics.pixel_metrics(self.masks, self.maps, FPR_LIMIT)

    @cached_property
    def pixel_intervals(self) -> dict:
        """95 % intervals of what is counted in pixels; slow."""
        return metrics.pixel_bootstrap(
            self.masks, self.maps, seed=self.seed, fpr_limit=FPR_LIMIT
        )

    def resampled(self, function):
        """95 % interval of a function of labels and scores, over images."""
        return metrics.bootstrap(
            function,
            self.labels,
            self.scores,
            seed=self.seed,
            strata=self.labels,
        )


@dataclass(frozen=True)
class Metric:
    """One row.

    Args:
        key: str. In `metrics.json`.
        name: str. For people.
        compute: callable of `Scored`; `None` where undefined.
        floor: callable of `Scored`: what the metric is without looking.
        floor_name: str. What that is.
        interval: callable of `Scored`: a pair, or `None` for no interval.
        needs: str, `"both"` kinds of images, `"defective"` ones, or `"pixels"`
            of both kinds.
    """

    key: str
    name: str
    compute: Callable[[Scored], float | None]
    floor: Callable[[Scored], float]
    floor_name: str = "chance"
    interval: Callable | None = None
    needs: str = "pixels"


def of_pixels(key):
    """The measure under a key of `Scored.pixel`."""
    return lambda scored: scored.pixel[key]


def interval_of_pixels(key):
    """The interval under a key of `Scored.pixel_intervals`."""
    return lambda scored: scored.pixel_intervals[key]


def best_f1(labels, scores):
    """The highest F1 score over all thresholds, without its threshold."""
    return metrics.f1_max(labels, scores)[0]


def half(scored):
    """The area that a score without any knowledge has."""
    return 0.5


METRICS = (
    Metric(
        "image_roc_auc",
        "image ROC-AUC",
        lambda s: metrics.roc_auc(s.labels, s.scores),
        half,
        interval=lambda s: s.resampled(metrics.roc_auc),
        needs="both",
    ),
    Metric(
        "image_ap",
        "image AP",
        lambda s: metrics.average_precision(s.labels, s.scores),
        lambda s: s.labels.mean(),
        interval=lambda s: s.resampled(metrics.average_precision),
        needs="both",
    ),
    Metric(
        "pixel_roc_auc",
        "pixel ROC-AUC",
        of_pixels("pixel_roc_auc"),
        half,
        interval=interval_of_pixels("pixel_roc_auc"),
    ),
    Metric(
        "pixel_ap",
        "pixel AP",
        of_pixels("pixel_ap"),
        lambda s: s.masks.mean(),
        interval=interval_of_pixels("pixel_ap"),
    ),
    Metric(
        "aupro",
        f"AUPRO to FPR {FPR_LIMIT:g}",
        of_pixels("aupro"),
        lambda s: FPR_LIMIT / 2,
        interval=interval_of_pixels("aupro"),
    ),
    Metric(
        "aupro_005",
        f"AUPRO to FPR {STRICT_FPR_LIMIT:g}",
        lambda s: metrics.aupro(s.masks, s.maps, STRICT_FPR_LIMIT),
        lambda s: STRICT_FPR_LIMIT / 2,
    ),
    Metric(
        "aupimo",
        "AUPIMO",
        of_pixels("aupimo"),
        lambda s: 0.0,
        interval=interval_of_pixels("aupimo"),
    ),
    Metric(
        "f1_max",
        "F1 at best",
        lambda s: best_f1(s.labels, s.scores),
        lambda s: metrics.f1_floor(s.labels),
        "calling all defective",
        lambda s: s.resampled(best_f1),
        needs="defective",
    ),
)


def measured(scored) -> dict:
    """Every metric by its key."""
    return {metric.key: metric.compute(scored) for metric in METRICS}


def confidence(scored) -> dict:
    """95 % bootstrap intervals over images, `None` where undefined."""
    found = {
        metric.key: metric.interval(scored)
        for metric in METRICS
        if metric.interval is not None
    }
    return {
        key: None if pair[0] is None else list(pair)
        for key, pair in found.items()
    }
