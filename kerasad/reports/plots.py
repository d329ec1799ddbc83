"""Curves and histograms as SVG that stretches to its place.

Lines live in a viewBox of 1000 by 1000 that is stretched; words and dots are
placed in per cent outside of it, and keep their shape.
"""

import numpy as np

from kerasad.reports.markup import Markup, join, tag

UNIT = 1000
BINS = 44


class ScoreAxis:
    """Places scores: linear among calibration scores, logarithmic beyond.

    Position 0 lies below all scores, 1 above all. The same formula is in
    `report.js`.
    """

    def __init__(self, calibration, *others):
        calibration = np.asarray(calibration, "float64")
        scores = np.concatenate([calibration, *others])
        self.centre = float(np.median(calibration))
        self.width = float(np.ptp(calibration)) or float(np.ptp(scores)) or 1.0
        bent = np.arcsinh((scores - self.centre) / self.width)
        margin = 0.03 * (np.ptp(bent) or 1.0)
        self.low = float(bent.min() - margin)
        self.high = float(bent.max() + margin)

    def place(self, scores):
        bent = np.arcsinh((np.asarray(scores) - self.centre) / self.width)
        return (bent - self.low) / (self.high - self.low)

    def ticks(self, apart=0.11):
        """Round scores, the roundest first, none closer than `apart`."""
        ends = np.sinh([self.low, self.high]) * self.width + self.centre
        top = int(np.ceil(np.log10(np.abs(ends).max())))
        decades = 10.0 ** np.arange(top, top - 7, -1)
        sizes = np.concatenate([decades * factor for factor in (1, 5, 2, 3)])
        chosen = []
        for value in [0.0, *sizes, *-sizes]:
            place = float(self.place(value))
            near = any(abs(place - other) < apart for _, other in chosen)
            if 0 <= place <= 1 and not near:
                chosen.append((f"{value:g}", place))
        return sorted(chosen, key=lambda tick: tick[1])

    def as_dict(self):
        return vars(self)


def per_cent(share) -> str:
    return f"{100 * float(share):.4g}%"


def band(name, kind, shares):
    """One row of the histogram, both sides of the threshold apart; see `cut`.

    Args:
        name: what the bars count.
        kind: CSS class, `good`, `defective` or `calibration`.
        shares: positions on the axis, `[0, 1]`.
    """
    counts, _ = np.histogram(shares, bins=BINS, range=(0, 1))
    step, most = UNIT / BINS, max(counts.max(), 1)
    bars = "".join(
        f"M{i * step + 1.5:.1f} {UNIT}v{-UNIT * count / most:.1f}"
        f"h{step - 3:.1f}V{UNIT}Z"
        for i, count in enumerate(counts)
        if count
    )
    sides = [
        tag("path", d=bars, class_=side, clip_path=f"url(#{side})")
        for side in ("below", "above")
    ]
    tallest = f"tallest bar {most}" if len(shares) else "none"
    name = tag("span", tag("b", name), f" {len(shares)}")
    label = tag("div", name, tag("span", tallest), class_="of")
    drawn = stretched(*sides)
    return join([label, tag("div", drawn, class_=f"band {kind}")])


def stretched(*children):
    return tag(
        "svg",
        *children,
        viewBox=f"0 0 {UNIT} {UNIT}",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
        aria_hidden="true",
    )


def score_ticks(axis):
    return tag(
        "svg",
        *(
            tag("text", label, x=per_cent(place), y=16, text_anchor="middle")
            for label, place in axis.ticks()
        ),
        class_="ticks",
        aria_hidden="true",
    )


def curve(name, note, axes, points, steps=False, x_most=1.0, extra=()):
    """One curve in a square frame.

    Args:
        name: heading, and `data-curve` of the dot at the threshold.
        note: behind the heading.
        axes: labels of x and y.
        points: `(x, y)` arrays, y in `[0, 1]`.
        steps: first along y, then along x, from point to point.
        x_most: right end of the x axis.
        extra: pairs `((x, y), (x, y))`, the line of a coin toss.
    """
    marks = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        where = per_cent(share)
        down = per_cent(1 - share)
        marks += [
            tag("line", x1=where, x2=where, y1="0", y2="100%"),
            tag("line", x1="0", x2="100%", y1=down, y2=down),
            tag("text", f"{share:g}", x="-8", y=down, dy="4", class_="y"),
        ]
        x_label = f"{share * x_most:.3g}"
        marks.append(tag("text", x_label, x=where, y="100%", dy="18"))
    chance = [
        tag("path", d=polyline(*zip(*ends, strict=True), x_most), class_="toss")
        for ends in extra
    ]
    x, y = points
    path = polyline(x, y, x_most, steps)
    lines = stretched(*chance, tag("path", d=path, class_="curve"))
    dot = tag("circle", r="5", class_="now", data_curve=name, hidden=True)
    frame = tag(
        "svg",
        *marks,
        lines,
        dot,
        role="img",
        aria_label=f"{name} curve, {note}",
    )
    return tag(
        "figure",
        tag("figcaption", tag("b", name), " ", tag("span", note)),
        tag("p", axes[1], class_="axis"),
        tag("div", frame, class_="frame"),
        tag("p", axes[0], class_="axis x"),
        class_="plot",
    )


def polyline(x, y, x_most=1.0, steps=False) -> str:
    x = np.asarray(x, "float64") / x_most * UNIT
    y = (1 - np.asarray(y, "float64")) * UNIT
    if steps:
        x, y = np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
    points = (f"{a:.5g} {b:.5g}" for a, b in zip(x, y, strict=True))
    return f"M{'L'.join(points)}"


def missing(name, reason) -> Markup:
    return tag(
        "figure",
        tag("figcaption", tag("b", name)),
        tag("p", f"undefined: {reason}", class_="undefined"),
        class_="plot",
    )


def cut(place):
    """Clip paths on either side of the threshold; `report.js` moves them."""
    here = float(place) * UNIT
    below = tag("rect", height=UNIT, x=0, width=f"{here:.1f}")
    above = tag("rect", height=UNIT, x=f"{here:.1f}", width=UNIT)
    return tag(
        "svg",
        tag("clipPath", below, id="below"),
        tag("clipPath", above, id="above"),
        width="0",
        height="0",
        class_="cut",
    )
