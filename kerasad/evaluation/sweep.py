"""What each change of the camera costs a detector, as a sweep of shifts."""

import numpy as np

from kerasad import metrics
from kerasad.data.layouts import open_category
from kerasad.data.shifts import SHIFTS, apply_shift
from kerasad.errors import InputError
from kerasad.evaluation.diagnosis import shares_of_good
from kerasad.evaluation.evaluate import CHUNK, load_test

SEVERITIES = (0.25, 0.5, 1.0, 1.5, 2.0)


def sweep(
    detector,
    data,
    shifts=None,
    severities=SEVERITIES,
    seed=0,
    progress=None,
    min_defect_area=0,
) -> dict:
    """Scores the test split of `data` under each shift at each severity.

    A drop is paired: the ROC-AUC of the same images without shift, less that
    with it, and the images are resampled in pairs for its interval. Defective
    images whose whole defect leaves the picture are neither good nor
    defective: they are counted and left out, of both sides of the drop.

    Args:
        detector: a calibrated `kerasad.Detector`.
        data: see `kerasad.evaluation.evaluate`.
        shifts: names from `kerasad.data.shifts.SHIFTS`; `None` for all, the
            paper's mixture and each factor alone.
        severities: floats in `(0, 2]`; 1 is the paper's.
        seed: int, of the shifts and of the resampling.
        progress: callable `(images scored, images in all)`.
        min_defect_area: see `kerasad.evaluation.evaluate`.

    Returns:
        A dict that goes through JSON and is a section of
        `kerasad.reports.html.write_report`: `seed`, `threshold`, `note`;
        `baseline`, a dict of `image_roc_auc`, `fpr`, `images`, `normal` and
        `anomalous` without shift; `rows`, a list of dicts of `name`,
        `severity`, `image_roc_auc`, `drop` (positive = worse),
        `drop_interval` (95 %, a pair), `fpr` (share of the shifted normal
        images over the threshold) and `left_out` (images); of a detector with
        a domain also the shares of `kerasad.evaluation.diagnosis`.

    Raises:
        InputError: no test split, no such shift or severity, or the detector
            is not calibrated.
    """
    shifts, severities = check_sweep(detector, shifts, severities)
    category = open_category(data)
    split = load_test(
        category.samples("test"),
        category.root,
        detector.image_size,
        min_defect_area,
    )
    labels = split.labels
    steps = len(labels) * (1 + len(shifts) * len(severities))
    done = 0

    def scored(name, severity):
        nonlocal done
        scores, gone = np.empty(len(labels)), np.zeros(len(labels), bool)
        judged = np.ones(len(labels), bool)
        for start in range(0, len(labels), CHUNK):
            chosen = np.zeros(len(labels), bool)
            chosen[start : start + CHUNK] = True
            part, left = split.only(chosen).shifted(name, seed, severity)
            result = detector.predict(part.images)
            scores[chosen] = result["anomaly_score"]
            judged[chosen] = result.get("in_domain", True)
            gone[chosen] = left
            done += len(left)
            if progress is not None:
                progress(done, steps)
        return scores, gone, judged

    threshold = detector.threshold["threshold"]
    before, _, _ = scored(shifts[0], 0.0)  # severity 0 changes nothing
    rows = []
    for name in shifts:
        for severity in severities:
            after, left, in_domain = scored(name, severity)
            shares = shares_of_good(labels, after > threshold, in_domain)
            rows.append(
                {
                    "name": name,
                    "severity": severity,
                    **compare(labels, before, after, ~left, seed),
                    "fpr": false_alarms(labels, after, threshold),
                    **(shares if detector.domain is not None else {}),
                    "left_out": int(left.sum()),
                }
            )
    return {
        "seed": seed,
        "threshold": threshold,
        "note": note(labels, rows),
        "baseline": {
            "image_roc_auc": metrics.roc_auc(labels, before),
            "fpr": false_alarms(labels, before, threshold),
            "images": len(labels),
            "normal": int((labels == 0).sum()),
            "anomalous": int((labels == 1).sum()),
        },
        "rows": rows,
    }


def compare(labels, before, after, kept, seed):
    """ROC-AUC with the shift, and how far it lies below that without."""

    def drop(labels, before, after):
        without = metrics.roc_auc(labels, before)
        if without is None:
            return None
        return without - metrics.roc_auc(labels, after)

    arrays = labels[kept], before[kept], after[kept]
    low, high = metrics.bootstrap(drop, *arrays, seed=seed, strata=arrays[0])
    return {
        "image_roc_auc": metrics.roc_auc(arrays[0], arrays[2]),
        "drop": drop(*arrays),
        "drop_interval": None if low is None else [low, high],
    }


def false_alarms(labels, scores, threshold):
    """Share of normal images above the threshold; `None` without any."""
    return metrics.confusion(labels, scores > threshold)["fpr"]


def note(labels, rows) -> str:
    """How the numbers of a sweep came about, in words."""
    good, bad = int((labels == 0).sum()), int((labels == 1).sum())
    text = (
        f"Each shift drawn once for each of {good} good and {bad} defective "
        "test images; false alarms at the fitted threshold."
    )
    most = max(rows, key=lambda row: row["left_out"])
    if most["left_out"]:
        text += (
            " Defects that a shift moves out of the picture are left out: at "
            f"most {most['left_out']}, by {most['name']} at severity "
            f"{most['severity']:g}."
        )
    return text


def check_sweep(detector, shifts, severities):
    """Names of shifts and severities as floats, or `InputError`."""
    detector.check_calibrated()
    shifts = list(SHIFTS if shifts is None else shifts)
    severities = [float(severity) for severity in severities]
    if not shifts or not severities:
        raise InputError(
            "a sweep needs at least one shift and one severity. Received: "
            f"shifts={shifts}, severities={severities}"
        )
    pixel, mask = np.zeros((1, 1, 3), "uint8"), np.zeros((1, 1), bool)
    for name in shifts:  # before hours of scoring
        for severity in severities:
            apply_shift(name, pixel, mask, 0, 0, severity)
    if min(severities) == 0:
        raise InputError(
            "the severities of a sweep must be over 0, which is its baseline "
            f"anyway. Received: {severities}"
        )
    return shifts, severities
