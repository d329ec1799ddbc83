"""From a detector and a labelled test split to numbers."""

import dataclasses
import time
from dataclasses import dataclass, field

import keras
import numpy as np

from kerasad import metrics
from kerasad.calibration.conformal import fpr_range
from kerasad.data.category import at_size, read_sample
from kerasad.data.flaws import leak, leaked, remarks
from kerasad.data.images import read_image
from kerasad.data.layouts import open_category
from kerasad.data.likeness import Fingerprints, fingerprint
from kerasad.data.mask_flaws import MaskFlaws
from kerasad.data.shifts import shift_all
from kerasad.errors import InputError
from kerasad.evaluation.diagnosis import Diagnosis
from kerasad.evaluation.measures import (
    FPR_LIMIT,
    Scored,
    confidence,
    measured,
)
from kerasad.provenance import versions

CHUNK = 64  # images in memory at full precision at a time


@dataclass
class Evaluation:
    """What `evaluate` measured, and what figures are drawn from.

    `images` uint8 `(n, H, W, 3)`, `reconstructions` uint8 likewise or `None`,
    `maps` float32 `(n, H, W)`, `masks` bool `(n, H, W)`, all in the order of
    `samples`; `scores` float64 `(n,)`, `flagged` bool `(n,)`. `remarks` are
    sentences on what is wrong with the data, see `kerasad.data.flaws`,
    `leaked` the samples that the detector has seen; `diagnosis`, of a detector
    with a domain, tells how the images were taken.
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
    leaked: list = field(default_factory=list)
    diagnosis: Diagnosis | None = None

    @property
    def scored(self) -> Scored:
        """What the rows of `METRICS` are computed from."""
        labels = np.array([sample.label for sample in self.samples])
        return Scored(labels, self.scores, self.masks, self.maps)


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
        data: a folder that `kerasad.data.layouts.open_category` can read, or
            the `Category`.
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
    category = open_category(data)
    everything = category.samples("test")
    sides = detector.image_size
    flaws = MaskFlaws(category.root, sides)
    split = load_test(everything, category.root, sides, min_defect_area, flaws)
    leaks = seen_before(detector, category, split)
    left_out = 0
    if shift is not None:
        split, gone = split.shifted(shift, seed, severity)
        left_out = int(gone.sum())
        split = split.only(~gone)
    samples, images, masks = split.samples, split.images, split.masks
    maps, domain = np.empty(masks.shape, "float32"), []
    reconstructions, scores = None, np.empty(len(samples))
    for start in range(0, len(samples), CHUNK):
        stop = min(start + CHUNK, len(samples))
        result = detector.predict(images[start:stop])
        maps[start:stop] = result["anomaly_map"]
        scores[start:stop] = result["anomaly_score"]
        if "domain" in result:
            domain.append((result["domain"], result["in_domain"]))
        if "reconstruction" in result:
            if reconstructions is None:
                reconstructions = np.empty_like(images)
            found = np.rint(result["reconstruction"] * 255.0)
            reconstructions[start:stop] = found
        if progress is not None:
            progress(stop, len(samples))
    threshold = detector.threshold["threshold"]
    scored = Scored(split.labels, scores, masks, maps, seed)
    table = measure(samples, scored, threshold)
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
    found = None
    if domain:
        found = Diagnosis(*map(np.concatenate, zip(*domain, strict=True)))
        table["domain"] = found.measured(split.labels, scores > threshold)
    table["confidence"] = confidence(scored)
    provenance = detector.provenance or {}
    table |= {
        "leaked_images": None if leaks is None else len(leaks),
        "leaked": [
            sample.path.relative_to(category.root).as_posix()
            for sample in leaks or ()
        ],
        "min_defect_area": min_defect_area,
        "defects_below_a_pixel": flaws.small,
        "shift": shift and {"name": shift, "severity": severity, "seed": seed},
        "left_out": left_out,
        "backend": keras.backend.backend(),
        "versions": versions(),
        "config": provenance.get("config", {}).get("name"),
        "seed": provenance.get("seed"),
        "seconds": round(time.monotonic() - started, 3),
    }
    seen = "the images that the detector has seen"
    sentences = leak(leaks, category.root, seen) + remarks(category)
    sentences += flaws.sentences()
    if left_out:
        sentences.append(
            f"{left_out} defective images are left out, whose whole defect "
            "the shift moved out of the picture"
        )
    return Evaluation(
        samples=samples,
        images=images,
        masks=masks,
        maps=maps,
        reconstructions=reconstructions,
        scores=scores,
        flagged=scores > threshold,
        p_values=detector.p_values(scores),
        metrics=table,
        remarks=sentences,
        leaked=leaks or [],
        diagnosis=found,
    )


@dataclass
class TestSplit:
    """Labelled images at one size; `indices` are their places in the split."""

    __test__ = False  # its name is not pytest's business

    samples: list
    images: np.ndarray
    masks: np.ndarray
    indices: np.ndarray
    fingerprints: Fingerprints

    @property
    def labels(self):
        """int `(n,)`: 0 normal, 1 anomalous."""
        return np.array([sample.label for sample in self.samples])

    def only(self, keep):
        """The same of the images where `keep`, bool `(n,)`, is true."""
        kept = [s for s, own in zip(self.samples, keep, strict=True) if own]
        return TestSplit(
            kept,
            self.images[keep],
            self.masks[keep],
            self.indices[keep],
            self.fingerprints[keep],
        )

    def shifted(self, name, seed, severity):
        """The split after a shift, and whose whole defect left the picture."""
        images, masks, gone = shift_all(
            name, self.images, self.masks, seed, self.indices, severity
        )
        return dataclasses.replace(self, images=images, masks=masks), gone


def load_test(samples, root, sides, min_defect_area=0, flaws=None) -> TestSplit:
    """Reads samples, without those whose defect is smaller.

    What is doubtful about the masks is gathered in `flaws`, a `MaskFlaws`.
    """
    kept, images, masks, indices, prints = [], [], [], [], []
    for index, sample in enumerate(samples):
        whole = read_sample(sample)
        image, mask, small = at_size(*whole, sides)
        if mask is None:
            mask = np.zeros(image.shape[:2], bool)
        elif sample.label and mask.sum() < min_defect_area:
            continue
        if flaws is not None:
            flaws.look(sample, whole[1], small)
        kept.append(sample)
        images.append(image)
        masks.append(mask)
        indices.append(index)
        prints.append(fingerprint(whole[0]))
    if not kept:
        raise InputError(
            f"{root}: no test image has a defect of {min_defect_area} pixels; "
            "lower --min-defect-area"
        )
    return TestSplit(
        kept,
        np.stack(images),
        np.stack(masks),
        np.array(indices),
        Fingerprints.of(prints),
    )


def seen_before(detector, category, split) -> list | None:
    """The test images that a detector has seen; `None` if none can tell."""
    known, near = detector.known("learnt", "held_out")
    if known is None and category.train:  # a file of an older version
        photos = (read_image(s.path, page=s.page) for s in category.train)
        known, near = Fingerprints.of([fingerprint(p) for p in photos]), True
    if known is None:
        return None
    return leaked(split.samples, split.fingerprints, known, near)


def measure(samples, scored, threshold) -> dict:
    """What `metrics.json` says of scores and maps; `None` where undefined."""
    labels, scores = scored.labels, scored.scores
    return {
        **measured(scored),
        "aupro_fpr_limit": FPR_LIMIT,
        "f1_floor": metrics.f1_floor(labels),
        "at_threshold": metrics.confusion(labels, scores > threshold),
        "images": len(samples),
        "normal": int((labels == 0).sum()),
        "anomalous": int((labels == 1).sum()),
        "per_defect": metrics.per_defect(
            [sample.defect for sample in samples], scores, threshold
        ),
        "by_defect_size": metrics.by_defect_size(
            scored.masks, labels, scores, threshold
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
    known = detector.calibration
    if fitted["method"] != "conformal" or "folds" in known or "picked" in known:
        return None
    count = fitted.get("groups", fitted["images"])
    return list(fpr_range(count, fitted["fpr"]))
