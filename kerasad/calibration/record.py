"""What a detector keeps of the normal images that it is calibrated on."""

import numpy as np

from kerasad.calibration.colours import colour_range
from kerasad.calibration.cross import without_guarantee
from kerasad.calibration.fit import fit_threshold, pixel_threshold
from kerasad.calibration.pictures import encoded
from kerasad.calibration.roughness import roughened
from kerasad.calibration.shifted import TOGETHER, shifted_calibration


def record_of(detector, images, groups=None) -> dict:
    """Scores of held-out normal images and what else is fitted to them.

    Args:
        detector: `kerasad.Detector`.
        images: uint8 `(n, H, W, 3)`, normal and not trained on.
        groups: label of each image; `None` where they are independent.

    Returns:
        The `calibration` of `kerasad.Detector`, which goes through JSON.
    """
    images = np.asarray(images)
    seen, parts = roughened(images), []
    for start in range(0, len(images) or 1, TOGETHER):
        found = detector.predict(seen[start : start + TOGETHER])
        # Without the reconstructions, the largest of what it gives.
        parts.append((found["anomaly_score"], found["anomaly_map"]))
    scores, maps = map(np.concatenate, zip(*parts, strict=True))
    # Of many images some tell the middle of the colour scale.
    low = np.quantile(maps[:: -(-len(maps) // TOGETHER)], 0.5)
    maxima = maps.max(axis=(1, 2))
    own = {}
    if groups is not None:
        own["groups"] = [int(label) for label in groups]
    if detector.domain is not None:
        found = shifted_calibration(detector, images, groups)
        own |= {} if found is None else {"shifted": found}
    return {
        **own,
        "scores": [float(score) for score in scores],
        "map_maxima": [float(value) for value in maxima],
        "map_range": colour_range(low, maxima),
        "images": encoded(images, detector.image_size),
    }


def thresholds_of(record, method, k=None, fpr=None) -> tuple[dict, dict]:
    """The thresholds of images and of pixels, by one rule.

    Args:
        record: dict of `record_of`.
        method, k, fpr: see `kerasad.calibration.fit_threshold`.
    """
    groups = record.get("groups")
    fitted = (
        fit_threshold(method, record["scores"], k, fpr, groups),
        pixel_threshold(record["map_maxima"], method, k, fpr, groups),
    )
    return tuple(without_guarantee(one, record) for one in fitted)
