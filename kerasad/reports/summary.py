"""The first section of a report: what was measured, and what it is worth."""

import numpy as np

from kerasad import metrics
from kerasad.reports.markup import join, tag

Z = 1.959964  # of a 95 % interval


def number(value, digits=3) -> str:
    return "undefined" if value is None else f"{value:.{digits}f}"


def tiles(evaluation):
    """Each metric beside what it is worth without looking at the image."""
    table = evaluation.metrics
    labels = np.array([sample.label for sample in evaluation.samples])
    share = labels.mean()
    floor = table["f1_floor"]
    limit = table["aupro_fpr_limit"]
    everything = "calling all defective"
    at = table["at_threshold"]

    def interval(metric):
        return metrics.bootstrap(
            metric, labels, evaluation.scores, strata=labels
        )

    rows = [
        (
            "Image ROC-AUC",
            "image_roc_auc",
            (0.5, "chance"),
            interval(metrics.roc_auc),
        ),
        (
            "Image AP",
            "image_ap",
            (share, "chance"),
            interval(metrics.average_precision),
        ),
        ("F1 at the fitted threshold", "f1", (floor, everything), None),
        ("F1 at the best threshold", "f1_max", (floor, everything), None),
        ("Pixel ROC-AUC", "pixel_roc_auc", (0.5, "chance"), None),
        ("Pixel AP", "pixel_ap", (evaluation.masks.mean(), "chance"), None),
        (f"AUPRO to FPR {limit:g}", "aupro", (limit / 2, "chance"), None),
        ("AUPIMO", "aupimo", (0.0, "chance"), None),
    ]
    values = table | {"f1": at["f1"]}
    return join(
        tile(name, values[key], reason(key, evaluation), *rest)
        for name, key, *rest in rows
        if key in values
    )


def tile(name, value, why, floor, interval):
    if value is None:
        return tag(
            "div",
            tag("h3", name),
            tag("p", "undefined", class_="value undefined"),
            tag("p", why),
            class_="tile",
        )
    least, meaning = floor
    bar = tag(
        "svg",
        tag("rect", width="100%", height="4", class_="all"),
        tag("rect", width=f"{100 * value:.1f}%", height="4"),
        tag("rect", x=f"{100 * least:.1f}%", y="-3", width="2", height="10"),
        class_="bar" if value > least else "bar under",
        aria_hidden="true",
    )
    lines = [tag("p", f"{meaning}: {number(least)}")]
    if interval is not None:
        low, high = interval
        lines.append(tag("p", f"95 %: {number(low)} to {number(high)}"))
    return tag(
        "div",
        tag("h3", name),
        tag("p", number(value), class_="value"),
        bar,
        *lines,
        class_="tile",
    )


def reason(key, evaluation) -> str:
    """Why a metric is undefined for this test split."""
    table = evaluation.metrics
    if key in ("image_roc_auc", "image_ap"):
        return (
            "needs good and defective images; there are "
            f"{table['normal']} and {table['anomalous']}"
        )
    if key in ("f1", "f1_max", "recall"):
        return "there is no defective image"
    if key == "precision":
        return "no image is flagged"
    if key == "fpr":
        return "there is no good image"
    if evaluation.masks.all():
        return "every pixel is marked as defect"
    if not evaluation.masks.any():
        return "no pixel is marked as defect"
    return "there is no image without defect pixels"


def remarks(evaluation, threshold):
    """What an engineer should know first, in sentences."""
    table = evaluation.metrics
    at = table["at_threshold"]
    found, defective = at["tp"], at["tp"] + at["fn"]
    alarms, good = at["fp"], at["fp"] + at["tn"]
    sentences = []
    if defective:
        sentences.append(
            f"{found} of {count(defective, 'defective image')} found: recall "
            f"{between(found, defective)}."
        )
    else:
        sentences.append(
            "The test split has no defective image: nothing can be said "
            "about missed defects."
        )
    if good:
        sentences.append(
            f"{alarms} of {count(good, 'good image')} flagged: false-positive "
            f"rate {between(alarms, good)}."
        )
    else:
        sentences.append(
            "The test split has no good image: nothing can be said about "
            "false alarms."
        )
    sentences.append(f"Promise of the threshold: {threshold['promise']}.")
    if at["f1"] is not None and at["f1"] <= table["f1_floor"]:
        sentences.append(
            f"F1 {number(at['f1'])} does not exceed {number(table['f1_floor'])}"
            ", the F1 of calling every image defective: judge this test split "
            "by recall and false alarms."
        )
    sentences += [f"{remark}." for remark in evaluation.remarks]
    if table["shift"]:
        shift = table["shift"]
        sentences.append(
            f"The test images were shifted: {shift['name']}, severity "
            f"{shift['severity']:g}, seed {shift['seed']}."
        )
    if table["min_defect_area"]:
        sentences.append(
            f"Defects under {table['min_defect_area']} pixels were left out."
        )
    return tag("ul", *(tag("li", s) for s in sentences), class_="remarks")


def between(part, whole) -> str:
    low, high = wilson(part, whole)
    return (
        f"{100 * part / whole:.1f} % (95 %: {100 * low:.1f} to "
        f"{100 * high:.1f} %)"
    )


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Interval of a rate, 95 %.

    >>> low, high = wilson(1, 23)
    >>> print(f"{low:.3f} {high:.3f}")
    0.008 0.210

    Reference:

    - Wilson, 1927, Probable inference, the law of succession
    """
    centre = (part + Z**2 / 2) / (whole + Z**2)
    spread = part * (whole - part) / whole + Z**2 / 4
    half = Z * spread**0.5 / (whole + Z**2)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def count(images, noun) -> str:
    return f"{images} {noun}" if images == 1 else f"{images} {noun}s"
