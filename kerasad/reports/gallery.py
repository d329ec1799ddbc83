"""The gallery of a report: every test image as a card."""

import numpy as np

from kerasad.reports.markup import join, tag
from kerasad.reports.pictures import (
    LEAST,
    heat_colours,
    heat_layer,
    outline,
    picture,
    side_of,
)
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
    right = "t" if bool(flagged) == bool(label) else "f"
    return right + ("p" if flagged else "n")


def gallery(evaluation, map_range):
    """Cards, misclassified first, each kind by score, highest first."""
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
    side = side_of(len(outcomes), evaluation.images.shape[1])
    return join(
        card(evaluation, index, outcomes[index], map_range, side)
        for index in order
    )


def card(evaluation, index, kind, map_range, side):
    sample = evaluation.samples[index]
    sides = {"width": side, "height": side, "alt": "", "decoding": "async"}
    layers = [
        tag("img", src=picture(evaluation.images[index], side), **sides),
        tag(
            "img",
            src=heat_layer(evaluation.maps[index], *map_range, side),
            class_="heat",
            **sides,
        ),
        outline(evaluation.masks[index]),
    ]
    label = [
        tag("span", *layers, class_="picture"),
        tag("span", OUTCOMES[kind], class_="outcome"),
        tag("span", f"{evaluation.scores[index]:.4g}", class_="score"),
        tag("span", f"{sample.defect}/{sample.path.name}", class_="name"),
    ]
    button = tag(
        "button",
        *label,
        type="button",
        data_reconstruction=None
        if evaluation.reconstructions is None
        else picture(evaluation.reconstructions[index], min(side, LEAST)),
    )
    return tag("li", button, data_index=index, data_outcome=kind)


def colour_scale(detector):
    """The scale of all heatmaps, with what it is made of."""
    low, high = detector.calibration["map_range"]
    shares = np.linspace(0, 1, STOPS)
    stops = [
        tag(
            "stop",
            offset=per_cent(share),
            stop_color="rgb({:.0f}, {:.0f}, {:.0f})".format(*255 * rgba[:3]),
            stop_opacity=f"{rgba[3]:.3f}",
        )
        for share, rgba in zip(shares, heat_colours(shares), strict=True)
    ]
    gradient = tag("linearGradient", *stops, id="heat")
    bar = tag(
        "svg",
        tag("defs", gradient),
        tag("rect", width="100%", height="100%", class_="ground"),
        tag("rect", width="100%", height="100%", fill="url(#heat)"),
        aria_hidden="true",
    )
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
    return tag("div", bar, tag("p", words), class_="scale")


def defect_choices(names):
    return join(
        tag("option", name, value=index) for index, name in enumerate(names)
    )
