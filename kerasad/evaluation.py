"""From a detector and a labelled test split to numbers."""

import time
from dataclasses import dataclass, field

import keras
import numpy as np

from kerasad import metrics
from kerasad.calibration import fpr_range, p_values
from kerasad.data.flaws import leaked, remarks
from kerasad.data.mvtec import read_sample, test_samples
from kerasad.data.shifts import apply_shift
from kerasad.errors import InputError
from kerasad.provenance import versions

FPR_LIMIT = 0.3
STRICT_FPR_LIMIT = 0.05
CHUNK = 64  # images in memory at full precision at a time


@dataclass
class Evaluation:
    """What `evaluate` measured, and what figures are drawn from.

    `images` uint8 `(n, S, S, 3)`, `reconstructions` uint8 likewise
    or `None`,  `maps`
    float32 `(n, S, S)`, `masks` bool `(n, S, S)`, all in the order of
    `samples`; `scores` float64 `(n,)`, `flagged` bool `(n,)`. `remarks` are
    sentences on what is wrong with the data, see `kerasad.data.flaws`.
    """

    samples: list
    images: np.ndarray
    masks: np.ndarray
    maps: np.ndarray
    reconstructions: np.ndarray | None
    scores: np.ndarray
    flagged: np.ndarray
    p_values: np.ndarray
    metrics: dict
    remarks: list = field(default_factory=list)


def evaluate(
    detector,
    data,
    shift=None,
    severity=1.0,
    seed=0,
    min_defect_area=0,
    progress=None,
) -> Evaluation:
    """Scores the test split of `data` and compares with its labels.

    Args:
        detector: a calibrated `kerasad.Detector`.
        data: a category in MVTec layout.
        shift: name from `kerasad.data.shifts.SHIFTS`, applied to each test
            image and its mask; `None` for the images as they are.
        severity: float, 0 to 2; 1 is the paper's shift.
        seed: int, of the shift and of the bootstrap.
        min_defect_area: int, in pixels at the detector's resolution. Leaves
            out images whose defect is smaller (the paper's test-set 2).
        progress: callable `(images done, images in all)`.

    Raises:
        InputError: no test split, or the detector is not calibrated.
    """
    started = time.monotonic()
    detector.check_calibrated()
    size = detector.image_size[0]
    samples, images, masks = load_test(data, size, min_defect_area)
    if shift is not None:
        for index in range(len(samples)):
            images[index], masks[index] = apply_shift(
                shift, images[index], masks[index], seed, index, severity
            )
    maps = np.empty((len(samples), size, size), "float32")
    reconstructions = None
    scores = np.empty(len(samples))
    for start in range(0, len(samples), CHUNK):
        stop = min(start + CHUNK, len(samples))
        result = detector.predict(images[start:stop])
        maps[start:stop] = result["anomaly_map"]
        scores[start:stop] = result["anomaly_score"]
        if "reconstruction" in result:
            if reconstructions is None:
                reconstructions = np.empty_like(images)
            found = np.rint(result["reconstruction"] * 255.0)
            reconstructions[start:stop] = found
        if progress is not None:
            progress(stop, len(samples))
    threshold = detector.threshold["threshold"]
    table = measure(samples, masks, maps, scores, threshold)
    table["at_threshold"] = {
        "method": detector.threshold["method"],
        "threshold": threshold,
        **table["at_threshold"],
        "promise": detector.threshold["promise"],
        "fpr_range": rate_range(detector),
    }
    table["at_pixel_threshold"] = pixel_decision(
        masks, maps, detector.pixel_threshold
    )
    table["confidence"] = confidence(samples, masks, maps, scores, seed)
    provenance = detector.provenance or {}
    found = leaked(data, samples)
    table |= {
        "leaked_images": None if found is None else len(found),
        "min_defect_area": min_defect_area,
        "shift": shift and {"name": shift, "severity": severity, "seed": seed},
        "backend": keras.backend.backend(),
        "versions": versions(),
        "config": provenance.get("config", {}).get("name"),
        "seed": provenance.get("seed"),
        "seconds": round(time.monotonic() - started, 3),
    }
    return Evaluation(
        samples=samples,
        images=images,
        masks=masks,
        maps=maps,
        reconstructions=reconstructions,
        scores=scores,
        flagged=scores > threshold,
        p_values=p_values(detector.calibration["scores"], scores),
        metrics=table,
        remarks=remarks(data, test_samples(data), found),
    )


def load_test(data, size, min_defect_area=0):
    samples, images, masks = [], [], []
    for sample in test_samples(data):
        image, mask = read_sample(sample, size)
        if sample.label and mask.sum() < min_defect_area:
            continue
        samples.append(sample)
        images.append(image)
        masks.append(mask)
    if not samples:
        raise InputError(
            f"{data}: no test image has a defect of {min_defect_area} pixels; "
            "lower --min-defect-area"
        )
    return samples, np.stack(images), np.stack(masks)


def measure(samples, masks, maps, scores, threshold) -> dict:
    """The metrics of DESIGN's `metrics.json`; `None` where undefined."""
    labels = np.array([sample.label for sample in samples])
    best_f1 = metrics.f1_max(labels, scores)
    return {
        "image_roc_auc": metrics.roc_auc(labels, scores),
        "image_ap": metrics.average_precision(labels, scores),
        **metrics.pixel_metrics(masks, maps, fpr_limit=FPR_LIMIT),
        "aupro_fpr_limit": FPR_LIMIT,
        "aupro_005": metrics.aupro(masks, maps, STRICT_FPR_LIMIT),
        "f1_max": best_f1 and best_f1[0],
        "f1_floor": metrics.f1_floor(labels),
        "at_threshold": metrics.confusion(labels, scores > threshold),
        "images": len(samples),
        "normal": int((labels == 0).sum()),
        "anomalous": int((labels == 1).sum()),
        "per_defect": metrics.per_defect(
            [sample.defect for sample in samples], scores, threshold
        ),
        "by_defect_size": metrics.by_defect_size(
            masks, labels, scores, threshold
        ),
    }


def pixel_decision(masks, maps, fitted) -> dict | None:
    """How well the pixels above the pixel threshold cover the defects."""
    if fitted is None:
        return None
    # A numpy scalar: a bare float would be rounded to the map's float32.
    flagged = maps > np.float64(fitted["threshold"])
    counts = metrics.confusion(masks, flagged)
    tp = counts["tp"]
    either = tp + counts["fp"] + counts["fn"]
    return {
        "method": fitted["method"],
        "threshold": fitted["threshold"],
        **{key: counts[key] for key in ("precision", "recall", "f1")},
        "iou": tp / either if either else None,
        "fpr": counts["fpr"],
    }


def rate_range(detector):
    """Where the true false-positive rate lies, for a conformal threshold."""
    fitted = detector.threshold
    if fitted["method"] != "conformal" or "folds" in detector.calibration:
        return None
    return list(fpr_range(fitted["images"], fitted["fpr"]))


def confidence(samples, masks, maps, scores, seed=0) -> dict:
    """95 % bootstrap intervals over images, `None` where undefined."""
    labels = np.array([sample.label for sample in samples])
    functions = {
        "image_roc_auc": metrics.roc_auc,
        "image_ap": metrics.average_precision,
        "f1_max": lambda labels, scores: metrics.f1_max(labels, scores)[0],
    }
    intervals = {
        name: metrics.bootstrap(
            function, labels, scores, seed=seed, strata=labels
        )
        for name, function in functions.items()
    }
    intervals |= metrics.pixel_bootstrap(
        masks, maps, seed=seed, fpr_limit=FPR_LIMIT
    )
    return {
        name: None if low is None else [low, high]
        for name, (low, high) in intervals.items()
    }
