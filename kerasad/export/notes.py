"""What travels with an exported model beside its graph."""

import json

from kerasad.detector import plain
from kerasad.provenance import versions

FILE = "kerasad.json"
SCORES = 20_000  # calibration scores, at most


def notes(detector, size) -> dict[str, str]:
    """Facts of a detector by name, each as JSON.

    ONNX and OpenVINO keep them as their metadata; the other formats as one
    file, `FILE`: see `together`.

    Args:
        size: `(height, width)` in pixels that the model takes.
    """
    threshold, calibration = detector.threshold, detector.calibration or {}
    pixel = detector.pixel_threshold or {}
    scores = calibration.get("scores", [])
    facts = {
        "threshold": threshold["threshold"],
        "pixel_threshold": pixel.get("threshold"),
        "fitted": {"threshold": threshold, "pixel_threshold": pixel or None},
        "method": threshold.get("method"),
        "promise": threshold.get("promise"),
        "pixel_promise": pixel.get("promise"),
        "input_size": list(size),
        "map_size": list(detector.image_size),
        "map_range": calibration.get("map_range"),
        "calibration_scores": scores if len(scores) <= SCORES else None,
        "calibration_groups": calibration.get("groups"),
        "preprocessing": preprocessing(detector),
        "provenance": detector.provenance,
        "versions": versions(),
    }
    return {
        name: json.dumps(plain(value))
        for name, value in facts.items()
        if value is not None
    }


def preprocessing(detector) -> dict:
    """What the graph does to raw pixels, for whoever checks it."""
    return {
        "images": "uint8 RGB, (batch, height, width, 3), upright",
        "resize": "triangle filter, widened when shrinking: Pillow's BILINEAR",
        "rounded": detector.rounded,
        "scale": "1/255",
    }


def together(facts) -> str:
    """All of `notes` as the text of one JSON file."""
    values = {name: json.loads(text) for name, text in facts.items()}
    return json.dumps(values, indent=1) + "\n"
