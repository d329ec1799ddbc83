"""Curves and histograms as paths of SVG that stretch to their place.

Lines live in a viewBox of 1000 by 1000 that is stretched; words and dots are
placed in per cent outside of it, and keep their shape.
"""

import numpy as np

from kerasad import metrics
from kerasad.reports.facts import number, reason

UNIT = 1000
BINS = 44
CURVE_POINTS = 200


class ScoreAxis:
    """Places scores: linear among calibration scores, logarithmic beyond.

    Position 0 lies below all scores, 1 above all. The same formula is in
    `report.js`.
    """

    def __init__(self, calibration, *others):
        calibration = np.asarray(calibration, "float64")
        scores = np.concatenate([calibration, *others])
        self.centre = float(np.median(calibration))
        self.width = float(np.ptp(calibration)) or float(np.ptp(scores)) or 1.0
        bent = np.arcsinh((scores - self.centre) / self.width)
        margin = 0.03 * (np.ptp(bent) or 1.0)
        self.low = float(bent.min() - margin)
        self.high = float(bent.max() + margin)

    def place(self, scores):
        """Where scores lie along the axis, 0 to 1."""
        bent = np.arcsinh((np.asarray(scores) - self.centre) / self.width)
        return (bent - self.low) / (self.high - self.low)

    def ticks(self, apart=0.11):
        """Round scores, the roundest first, none closer than `apart`."""
        ends = np.sinh([self.low, self.high]) * self.width + self.centre
        top = int(np.ceil(np.log10(np.abs(ends).max())))
        decades = 10.0 ** np.arange(top, top - 7, -1)
        sizes = np.concatenate([decades * factor for factor in (1, 5, 2, 3)])
        chosen = []
        for value in [0.0, *sizes, *-sizes]:
            place = float(self.place(value))
            near = any(abs(place - other) < apart for _, other in chosen)
            if 0 <= place <= 1 and not near:
                chosen.append((f"{value:g}", place))
        return sorted(chosen, key=lambda tick: tick[1])


def per_cent(share) -> str:
    """A share for CSS."""
    return f"{100 * float(share):.4g}%"


def histogram(evaluation, axis, calibration, threshold):
    """Bars of the scores, and where the threshold cuts them."""
    labels = np.array([sample.label for sample in evaluation.samples])
    places = axis.place(evaluation.scores)
    here = axis.place(threshold["threshold"])
    return {
        "cut": f"{float(here) * UNIT:.1f}",
        "here": per_cent(here),
        "good": bars(places[labels == 0]),
        "defective": bars(places[labels == 1]),
        "calibration": bars(axis.place(calibration)),
        "ticks": axis.ticks(),
    }


def bars(shares):
    """Of positions on the axis, `[0, 1]`."""
    counts, _ = np.histogram(shares, bins=BINS, range=(0, 1))
    step, most = UNIT / BINS, max(counts.max(), 1)
    path = "".join(
        f"M{i * step + 1.5:.1f} {UNIT}v{-UNIT * count / most:.1f}"
        f"h{step - 3:.1f}V{UNIT}Z"
        for i, count in enumerate(counts)
        if count
    )
    return {"count": len(shares), "most": int(most), "path": path}


def curves(evaluation):
    """ROC and precision-recall of images, PRO of pixels."""
    return [*image_curves(evaluation), region_curve(evaluation)]


def image_curves(evaluation):
    """ROC and precision-recall, or why there are none."""
    table = evaluation.metrics
    labels = np.array([s.label for s in evaluation.samples], bool)
    if labels.all() or not labels.any():
        why = reason("both", evaluation)
        return [{"name": n, "why": why} for n in ("ROC", "Precision-recall")]
    from sklearn.metrics import precision_recall_curve, roc_curve

    share, scores = labels.mean(), evaluation.scores
    alarms, found, _ = roc_curve(labels, scores, drop_intermediate=False)
    # From the lowest threshold to the highest, where both end at a point of
    # scikit-learn's own that no threshold has.
    precision, recall, _ = precision_recall_curve(labels, scores)
    precision, recall = precision[-2::-1], recall[-2::-1]
    roc = curve(
        "ROC",
        f"images, area {number(table['image_roc_auc'])}",
        ("false-positive rate", "recall"),
        thinned(alarms, found),
        ((0, 0), (1, 1)),
    )
    points = np.append(0, recall), np.append(precision[0], precision)
    precision_recall = curve(
        "Precision-recall",
        f"images, area {number(table['image_ap'])}",
        ("recall", "precision"),
        thinned(*points),
        ((0, share), (1, share)),
        steps=True,
    )
    return roc, precision_recall


def region_curve(evaluation):
    """PRO up to its limit, or why there is none."""
    limit = evaluation.metrics["aupro_fpr_limit"]
    points = metrics.pro_curve(
        evaluation.masks, evaluation.maps, limit, CURVE_POINTS
    )
    if points is None:
        return {"name": "PRO", "why": reason("pixels", evaluation)}
    return curve(
        "PRO",
        f"defect regions, area {number(evaluation.metrics['aupro'])}",
        ("false-positive rate of pixels", "overlap per region"),
        points,
        ((0, 0), (limit, limit)),
        x_most=limit,
    )


def curve(name, note, axes, points, toss, steps=False, x_most=1.0):
    """One curve in a square frame.

    Args:
        axes: labels of x and y.
        points: `(x, y)` arrays, y in `[0, 1]`.
        toss: pair of points, the line of a coin toss.
        steps: first along y, then along x, from point to point.
        x_most: right end of the x axis.
    """
    return {
        "name": name,
        "note": note,
        "axes": axes,
        "x_most": x_most,
        "path": polyline(*points, x_most, steps),
        "toss": polyline(*zip(*toss, strict=True), x_most),
        "why": None,
    }


def polyline(x, y, x_most=1.0, steps=False) -> str:
    """The path of an SVG through points in `[0, 1]`."""
    x = np.asarray(x, "float64") / x_most * UNIT
    y = (1 - np.asarray(y, "float64")) * UNIT
    if steps:
        x, y = np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
    points = (f"{a:.5g} {b:.5g}" for a, b in zip(x, y, strict=True))
    return f"M{'L'.join(points)}"


def thinned(x, y):
    """At most `CURVE_POINTS` of the points, the ends among them."""
    if len(x) <= CURVE_POINTS:
        return x, y
    kept = np.linspace(0, len(x) - 1, CURVE_POINTS).astype(int)
    return x[kept], y[kept]
