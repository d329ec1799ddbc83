"""One HTML file of an evaluation that needs nothing beside it."""

import base64
import hashlib
import json

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kerasad.files import write_text
from kerasad.reports import facts
from kerasad.reports.gallery import OUTCOMES, cards, colour_scale
from kerasad.reports.pictures import side_of
from kerasad.reports.plots import ScoreAxis, curves, histogram, per_cent
from kerasad.reports.shift_table import shift_section

CARD = 158  # pixels, side of a square picture in the gallery


def write_report(evaluation, detector, path, swept: dict | None = None):
    """Writes `report.html`: figures, curves, gallery and provenance.

    The file loads nothing, works without a server, and is the same for the
    same input.

    Args:
        evaluation: `kerasad.evaluation.Evaluation`.
        detector: the calibrated `kerasad.Detector` that was evaluated.
        path: of the file, replaced atomically.
        swept: of `kerasad.evaluation.sweep`.
    """
    write_text(path, report(evaluation, detector, swept))


def report(evaluation, detector, swept=None) -> str:
    """The whole page, which loads nothing from elsewhere."""
    threshold, table = detector.threshold, evaluation.metrics
    calibration = detector.calibration["scores"]
    axis = ScoreAxis(calibration, evaluation.scores, [threshold["threshold"]])
    choices = sorted({sample.defect for sample in evaluation.samples})
    sides = evaluation.images.shape[1:3]
    side = side_of(len(evaluation.samples), sides)
    height, width = (round(own * side / max(sides)) for own in sides)
    style = room_for(height, width) + source("report.css")
    script = source("report.js")
    data = {
        "scores": [float(score) for score in evaluation.scores],
        "labels": [sample.label for sample in evaluation.samples],
        "defects": [sample.defect for sample in evaluation.samples],
        "pValues": [float(value) for value in evaluation.p_values],
        "calibration": [float(score) for score in calibration],
        "choices": choices,
        "threshold": float(threshold["threshold"]),
        "axis": vars(axis),
    }
    return PAGES.get_template("report.html").render(
        policy=policy(style, script),
        style=Markup(style),
        script=Markup(script),
        data=island(data),
        category=facts.category(evaluation),
        remarks=facts.remarks(evaluation, threshold),
        places=places(swept),
        tiles=facts.tiles(evaluation),
        histogram=histogram(evaluation, axis, calibration, threshold),
        counts=table["at_threshold"],
        outcomes=OUTCOMES,
        rates=facts.rates(evaluation),
        f1_floor=table["f1_floor"],
        threshold=threshold,
        parameter=facts.parameter(threshold),
        defects=table["per_defect"],
        curves=curves(evaluation),
        shift=shift_section(swept),
        choices=choices,
        scale=colour_scale(detector),
        width=width,
        height=height,
        cards=cards(evaluation, detector.calibration["map_range"], side),
        origin=facts.origin(evaluation, detector),
        config=(detector.provenance or {}).get("config"),
    )


def places(swept):
    """Anchors and titles of the sections that there are."""
    found = {
        "threshold": "Threshold",
        "curves": "Curves",
        "shift": "Shifts",
        "gallery": "Images",
        "origin": "Provenance",
    }
    return [item for item in found.items() if swept or item[0] != "shift"]


def room_for(height, width) -> str:
    """Variables of the style sheet that follow from the shape of an image.

    Cards of strips are as large as those of squares; longer ones lie below
    each other in the viewer. Here, for the policy allows no `style=`.
    """
    card = min(max(CARD * (width / height) ** 0.5, 96), 640)
    columns = 1 if width > 2 * height else 3
    return (
        f":root {{ --shape: {width} / {height}; --card-side: {card:.0f}px; "
        f"--columns: {columns}; }}\n"
    )


def policy(style, script) -> str:
    """Nothing from anywhere: no network, and no script or style but ours."""

    def sha256(text):
        digest = hashlib.sha256(text.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

    return (
        "default-src 'none'; img-src data:; base-uri 'none'; "
        f"form-action 'none'; style-src {sha256(style)}; "
        f"script-src {sha256(script)}"
    )


def printable(value):
    """What has no printed form becomes a replacement character.

    Control characters, line separators, the halves of a file name that is no
    text.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    if value.isprintable():  # so are megabytes of pictures
        return value
    return "".join(c if c.isprintable() else "\ufffd" for c in value)


def island(data) -> Markup:
    """JSON that nothing inside can end or turn into HTML.

    >>> island(["</script>"])
    Markup('["\\\\u003c/script\\\\u003e"]')
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def source(name) -> str:
    """The text of a file among the templates."""
    return PAGES.loader.get_source(PAGES, name)[0]


PAGES = Environment(
    loader=PackageLoader("kerasad.reports"),
    autoescape=True,
    finalize=printable,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= {
    "number": facts.number,
    "per_cent": per_cent,
    "plain": facts.plain,
    "rate": facts.rate,
    "short": lambda value: f"{value:.4g}",
}
