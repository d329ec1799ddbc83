"""What is said of one image in JSON, whatever scored it."""

from kerasad.domain.columns import named
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
        `None` if the detector has no pixel threshold. Of a detector with a
        domain also `domain`, see `kerasad.domain.columns.named`, and
        `in_domain`; what lies beyond is not judged: its `is_anomalous` is
        `None`, its score and regions are told all the same.
    """
    pixel = detector.pixel_threshold
    regions = None
    if pixel is not None:
        regions = defect_regions(
            outputs["anomaly_map"], pixel["threshold"], sides
        )
    line = {
        "anomaly_score": float(outputs["anomaly_score"]),
        "p_value": None if p_value is None else float(p_value),
        "is_anomalous": bool(outputs["is_anomalous"]),
        "threshold": detector.threshold["threshold"],
        "regions": regions,
    }
    if "domain" in outputs:
        line["domain"] = named(outputs["domain"])
        line["in_domain"] = bool(outputs["in_domain"])
        if not line["in_domain"]:
            line["is_anomalous"] = None
    return line


def alarming(line) -> bool:
    """Whether a line is of an image that a person must look at.

    Anomalous, or not judged: a defect may hide behind a shift.
    """
    decision = line.get("is_anomalous", False)
    return decision is None or bool(decision)
