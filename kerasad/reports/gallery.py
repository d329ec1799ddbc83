"""The gallery of a report: every test image as a card."""

import numpy as np

from kerasad.reports.colours import heat_colours
from kerasad.reports.pictures import LEAST, heat_layer, outline, picture
from kerasad.reports.plots import per_cent

# The same words as in `report.js`.
OUTCOMES = {
    "fn": "missed",
    "fp": "false alarm",
    "tp": "found",
    "tn": "passed",
}
STOPS = 9


def outcome(flagged, label) -> str:
    """One of tp, fp, fn, tn."""
    right = "t" if bool(flagged) == bool(label) else "f"
    return right + ("p" if flagged else "n")


def cards(evaluation, map_range, side):
    """Misclassified first, each kind by score, highest first."""
    outcomes = [
        outcome(flagged, sample.label)
        for flagged, sample in zip(
            evaluation.flagged, evaluation.samples, strict=True
        )
    ]
    order = sorted(
        range(len(outcomes)),
        key=lambda i: (outcomes[i][0] != "f", -evaluation.scores[i]),
    )
    for index in order:
        sample, mask = evaluation.samples[index], evaluation.masks[index]
        card = {
            "index": index,
            "outcome": outcomes[index],
            "image": picture(evaluation.images[index], side),
            "heat": heat_layer(evaluation.maps[index], *map_range, side),
            "outline": outline(mask),
            "box": f"0 0 {mask.shape[1]} {mask.shape[0]}",
            "score": evaluation.scores[index],
            "name": f"{sample.defect}/{sample.path.name}",
            "reconstruction": None,
        }
        if evaluation.reconstructions is not None:
            image = evaluation.reconstructions[index]
            card["reconstruction"] = picture(image, min(side, LEAST))
        yield card


def colour_scale(detector):
    """The scale of all heatmaps, with what it is made of."""
    low, high = detector.calibration["map_range"]
    shares = np.linspace(0, 1, STOPS)
    stops = [
        {
            "offset": per_cent(share),
            "color": "rgb({:.0f}, {:.0f}, {:.0f})".format(*255 * rgba[:3]),
            "opacity": f"{rgba[3]:.3f}",
        }
        for share, rgba in zip(shares, heat_colours(shares), strict=True)
    ]
    peak = max(detector.calibration["map_maxima"])
    digits = max(0, 2 - int(np.floor(np.log10(max(high - low, 1e-12)))))
    low, high, peak = (
        f"{round(value, digits) + 0.0:.{digits}f}"  # -0.0 + 0.0 is 0.0
        for value in (low, high, peak)
    )
    words = (
        f"Anomaly map: {low} (median pixel of the calibration images) to "
        f"{high} or more. Their highest value is {peak}."
    )
    return {"stops": stops, "words": words}
