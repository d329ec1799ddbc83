"""What follows from a threshold: histogram, confusion matrix, rates.

Drawn here for the fitted threshold; `report.js` draws it for any other.
"""

import numpy as np

from kerasad.reports.gallery import OUTCOMES
from kerasad.reports.markup import join, tag
from kerasad.reports.plots import band, cut, per_cent, score_ticks
from kerasad.reports.summary import number, reason

RATES = {
    "recall": "Recall",
    "fpr": "False-positive rate",
    "precision": "Precision",
    "f1": "F1",
    "accuracy": "Accuracy",
}


def histogram(evaluation, axis, calibration, threshold):
    labels = np.array([sample.label for sample in evaluation.samples])
    places = axis.place(evaluation.scores)
    here = axis.place(threshold)
    line = tag("line", x1=per_cent(here), x2=per_cent(here), y1="0", y2="100%")
    return join(
        [
            cut(here),
            band("Good", "good", places[labels == 0]),
            band("Defective", "defective", places[labels == 1]),
            band("Calibration, good", "calibration", axis.place(calibration)),
            tag("svg", line, class_="cutline", aria_hidden="true"),
            score_ticks(axis),
        ]
    )


def confusion_matrix(counts):
    """Cells are buttons that filter the gallery."""

    def cell(kind):
        button = tag(
            "button",
            tag("b", counts[kind], data_count=kind),
            tag("span", OUTCOMES[kind]),
            tag("abbr", kind.upper()),
            type="button",
            data_show=kind,
            aria_pressed="false",
        )
        return tag("td", button, class_=kind)

    head = [tag("td")] + [
        tag("th", name, scope="col") for name in ("Flagged", "Not flagged")
    ]
    rows = [
        tag("tr", tag("th", name, scope="row"), cell(left), cell(right))
        for name, left, right in (
            ("Defective", "tp", "fn"),
            ("Good", "fp", "tn"),
        )
    ]
    hint = tag("small", "press a cell to see its images", class_="control")
    return tag(
        "table",
        tag("caption", "Confusion matrix ", hint),
        tag("thead", tag("tr", *head)),
        tag("tbody", *rows),
        class_="matrix",
    )


def rates(evaluation):
    """Rates at the threshold; why one is undefined is in its title."""
    at = evaluation.metrics["at_threshold"]
    rows = []
    for key, name in RATES.items():
        value = number(at[key])
        if at[key] is None:
            value = f"undefined: {reason(key, evaluation)}"
        if key == "f1":
            floor = number(evaluation.metrics["f1_floor"])
            name = [name, tag("small", f" calling all defective: {floor}")]
        rows.append(tag("dt", *([name] if isinstance(name, str) else name)))
        rows.append(tag("dd", value, data_rate=key))
    return tag("dl", *rows, class_="rates")


def defect_table(evaluation):
    head = ("defect", "images", "ROC-AUC", "found", "recall")
    rows = []
    for name, row in evaluation.metrics["per_defect"].items():
        found = round(row["recall"] * row["images"])
        auc = number(row["roc_auc"])
        if row["roc_auc"] is None:
            auc = "undefined: no good image"
        rows.append(
            tag(
                "tr",
                tag("th", name, scope="row"),
                tag("td", row["images"]),
                tag("td", auc),
                tag("td", found, data_found=name),
                tag("td", number(row["recall"]), data_recall=name),
            )
        )
    if not rows:
        return tag("p", "The test split has no defective image.")
    return tag(
        "table",
        tag("thead", tag("tr", *(tag("th", h, scope="col") for h in head))),
        tag("tbody", *rows),
        class_="defects",
    )


def fitted(threshold):
    """How the threshold was fitted, and what that promises."""
    parameter = ", ".join(
        f"{name} = {threshold[name]:g}"
        for name in ("fpr", "k")
        if threshold.get(name) is not None
    )
    return tag(
        "p",
        "Fitted threshold ",
        tag("b", f"{threshold['threshold']:.4g}"),
        f": {threshold['method']}",
        f" ({parameter})" if parameter else "",
        f" on {threshold['images']} calibration images. Promise: ",
        f"{threshold['promise']}.",
    )
