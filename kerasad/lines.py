"""What is said of one image in JSON, whatever scored it."""

from kerasad.regions import defect_regions


def line_of(detector, outputs, p_value, sides) -> dict:
    """A decision as `kerasad predict`, the runtime and the server print it.

    Args:
        detector: a `kerasad.Detector`, or an exported one of
            `kerasad.runtime`: its two thresholds are taken.
        outputs: dict of what `predict` gave for this image.
        p_value: of the score, by the calibration; `None` if the detector
            does not hold enough of it.
        sides: `(height, width)` of the image in pixels, upright.

    Returns:
        A dict that goes through JSON: `anomaly_score`, `p_value`,
        `is_anomalous`, `threshold` and `regions`, see `defect_regions`;
        `None` if the detector has no pixel threshold.
    """
    pixel = detector.pixel_threshold
    regions = None
    if pixel is not None:
        regions = defect_regions(
            outputs["anomaly_map"], pixel["threshold"], sides
        )
    return {
        "anomaly_score": float(outputs["anomaly_score"]),
        "p_value": None if p_value is None else float(p_value),
        "is_anomalous": bool(outputs["is_anomalous"]),
        "threshold": detector.threshold["threshold"],
        "regions": regions,
    }
