"""One HTML file of an evaluation that needs nothing beside it."""

import base64
import hashlib
import re
from importlib import resources

import numpy as np

from kerasad import metrics
from kerasad.files import write_text
from kerasad.metrics.classification import counts_at_scores
from kerasad.reports import operating_point, summary
from kerasad.reports.gallery import colour_scale, defect_choices, gallery
from kerasad.reports.markup import Markup, island, join, tag, text
from kerasad.reports.origin import category, origin
from kerasad.reports.plots import ScoreAxis, curve, missing
from kerasad.reports.shift_table import shift_table

CURVE_POINTS = 200


def write_report(evaluation, detector, path, shift_section: dict | None = None):
    """Writes `report.html`: figures, curves, gallery and provenance.

    The file loads nothing, works without a server, and is the same for the
    same input.

    Args:
        evaluation: `kerasad.evaluation.Evaluation`.
        detector: the calibrated `kerasad.Detector` that was evaluated.
        path: of the file, replaced atomically.
        shift_section: see `kerasad.reports.shift_table.shift_table`.
    """
    write_text(path, report(evaluation, detector, shift_section))


def report(evaluation, detector, shift_section=None) -> str:
    threshold = detector.threshold
    calibration = detector.calibration["scores"]
    axis = ScoreAxis(calibration, evaluation.scores, [threshold["threshold"]])
    defects = sorted({sample.defect for sample in evaluation.samples})
    style, script = resource("report.css"), resource("report.js")
    slots = {
        "policy": policy(style, script),
        "style": Markup(style),
        "script": Markup(script),
        "category": category(evaluation),
        "remarks": summary.remarks(evaluation, threshold),
        "tiles": summary.tiles(evaluation),
        "histogram": operating_point.histogram(
            evaluation, axis, calibration, threshold["threshold"]
        ),
        "matrix": operating_point.confusion_matrix(
            evaluation.metrics["at_threshold"]
        ),
        "rates": operating_point.rates(evaluation),
        "fitted": operating_point.fitted(threshold),
        "defects": operating_point.defect_table(evaluation),
        "curves": curves(evaluation),
        "choices": defect_choices(defects),
        "scale": colour_scale(detector),
        "gallery": gallery(evaluation, detector.calibration["map_range"]),
        "shift": shift(shift_section),
        "places": places(shift_section),
        "origin": origin(evaluation, detector),
        "data": island(
            {
                "scores": [float(score) for score in evaluation.scores],
                "labels": [sample.label for sample in evaluation.samples],
                "defects": [s.defect for s in evaluation.samples],
                "pValues": [float(value) for value in evaluation.p_values],
                "calibration": [float(score) for score in calibration],
                "choices": defects,
                "threshold": float(threshold["threshold"]),
                "axis": axis.as_dict(),
            }
        ),
    }
    # In one pass: what is filled in is not looked through again.
    return re.sub(
        r"\{\{(\w+)\}\}",
        lambda match: text(slots[match[1]]),
        resource("report.html"),
    )


def resource(name) -> str:
    return resources.files("kerasad.reports").joinpath(name).read_text("utf-8")


def policy(style, script) -> str:
    """Nothing from anywhere: no network, and no script or style but ours."""

    def sha256(source):
        digest = hashlib.sha256(source.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

    return (
        "default-src 'none'; img-src data:; base-uri 'none'; "
        f"form-action 'none'; style-src {sha256(style)}; "
        f"script-src {sha256(script)}"
    )


def curves(evaluation):
    return join([*image_curves(evaluation), region_curve(evaluation)])


def image_curves(evaluation):
    table = evaluation.metrics
    labels = np.array([s.label for s in evaluation.samples], bool)
    if labels.all() or not labels.any():
        why = summary.reason("image_roc_auc", evaluation)
        return missing("ROC", why), missing("Precision-recall", why)
    tp, fp, _ = counts_at_scores(labels, evaluation.scores)
    recall, precision = tp / tp[-1], tp / (tp + fp)
    roc = thinned(np.append(0, fp / fp[-1]), np.append(0, recall))
    steps = thinned(np.append(0, recall), np.append(precision[0], precision))
    share = labels.mean()
    first = curve(
        "ROC",
        f"images, area {summary.number(table['image_roc_auc'])}",
        ("false-positive rate", "recall"),
        roc,
        extra=[((0, 0), (1, 1))],
    )
    second = curve(
        "Precision-recall",
        f"images, area {summary.number(table['image_ap'])}",
        ("recall", "precision"),
        steps,
        steps=True,
        extra=[((0, share), (1, share))],
    )
    return first, second


def region_curve(evaluation):
    limit = evaluation.metrics["aupro_fpr_limit"]
    points = metrics.pro_curve(
        evaluation.masks, evaluation.maps, limit, CURVE_POINTS
    )
    if points is None:
        return missing("PRO", summary.reason("aupro", evaluation))
    return curve(
        "PRO",
        f"defect regions, area {summary.number(evaluation.metrics['aupro'])}",
        ("false-positive rate of pixels", "overlap per region"),
        points,
        x_most=limit,
        extra=[((0, 0), (limit, limit))],
    )


def thinned(x, y):
    """At most `CURVE_POINTS` of the points, the ends among them."""
    if len(x) <= CURVE_POINTS:
        return x, y
    kept = np.linspace(0, len(x) - 1, CURVE_POINTS).astype(int)
    return x[kept], y[kept]


def places(section):
    names = ["threshold", "curves", "shift", "gallery", "origin"]
    words = ["Threshold", "Curves", "Shifts", "Images", "Provenance"]
    return join(
        tag("a", word, href=f"#{name}")
        for name, word in zip(names, words, strict=True)
        if name != "shift" or section is not None
    )


def shift(section):
    if section is None:
        return ""
    return tag(
        "section",
        tag("h2", "Robustness to shifts"),
        shift_table(section),
        id="shift",
    )
