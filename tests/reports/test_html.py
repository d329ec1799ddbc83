import copy
import json
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from kerasad.reports import figures, pictures
from kerasad.reports.html import PAGES, island, report, write_report
from kerasad.reports.plots import ScoreAxis
from kerasad.reports.results import write_results
from tests.reports.evaluations import (
    DEFECTS,
    SHIFTS,
    make_detector,
    make_evaluation,
)

VOID = {"meta", "link", "img", "input"}
HOSTILE = [
    "<img src=x onerror=alert(1)>.png",
    "<!-- <script> {{data}}.png",
    '"><svg onload=alert(1)>.png',
    "'onmouseover='alert(1).png",
    "\u2028\u202e\x00\n&lt;.png",
    "script><script>alert(1).png",
    os.fsdecode(b"\xff\xfe.png"),
]


class Page(HTMLParser):
    """What a browser would see: elements, their text, nothing left open."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.words = [], [], {}
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        assert len(dict(attributes)) == len(attributes), "doubled attribute"
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if self.open:
            self.words.setdefault(self.open[-1], []).append(data)

    def all(self, name, **attributes):
        return [
            own
            for tag_name, own in self.elements
            if tag_name == name and attributes.items() <= own.items()
        ]

    @property
    def text(self):
        shown = {k: v for k, v in self.words.items() if k != "script"}
        return " ".join(word for words in shown.values() for word in words)


@pytest.fixture
def detector():
    return make_detector()


@pytest.fixture
def evaluation(detector):
    return make_evaluation(detector)


def test_structure(evaluation, detector):
    page = Page(report(evaluation, detector, SHIFTS))
    identifiers = [own["id"] for _, own in page.elements if "id" in own]
    assert len(identifiers) == len(set(identifiers))
    sections = {own.get("id") for own in page.all("section")}
    wanted = {"summary", "threshold", "curves", "gallery", "shift", "origin"}
    assert sections == wanted
    labels = [own["aria-label"] for own in page.all("svg", role="img")]
    assert [label.split()[0] for label in labels] == [
        "ROC",
        "Precision-recall",
        "PRO",
    ]
    floor = f"{evaluation.metrics['f1_floor']:.3f}"
    assert f"calling all defective: {floor}" in page.text
    assert detector.threshold["promise"] in page.text
    assert detector.provenance["files"] in page.text
    assert "0.93 of the variance at one place: parts move" in page.text
    assert "Worst factor: noise at severity 1" in page.text


def test_without_shifts(evaluation, detector):
    page = Page(report(evaluation, detector))
    assert "shift" not in {own.get("id") for own in page.all("section")}
    assert "#shift" not in {own["href"] for own in page.all("a")}


def test_the_gallery_shows_what_is_wrong_first(evaluation, detector):
    page = Page(report(evaluation, detector))
    cards = [own for own in page.all("li") if "data-index" in own]
    order = [int(own["data-index"]) for own in cards]
    labels = np.array([sample.label for sample in evaluation.samples])
    wrong = evaluation.flagged != labels
    assert 0 < wrong.sum() < len(wrong)
    assert sorted(order) == list(range(len(DEFECTS)))
    assert wrong[order].tolist() == sorted(wrong, reverse=True)
    for kind in (True, False):
        scores = evaluation.scores[[i for i in order if wrong[i] == kind]]
        assert (np.diff(scores) <= 0).all()
    words = {(1, 1): "tp", (1, 0): "fp", (0, 1): "fn", (0, 0): "tn"}
    for own, index in zip(cards, order, strict=True):
        pair = int(evaluation.flagged[index]), labels[index]
        assert own["data-outcome"] == words[pair]


def test_nothing_is_loaded(evaluation, detector):
    page = Page(report(evaluation, detector))
    for name, own in page.elements:
        for key in ("src", "href", "action", "srcset", "data"):
            assert own.get(key, "#").startswith(("data:", "#")), (name, own)
        assert not any(key.startswith("on") for key in own), (name, own)
        assert "style" not in own  # the policy would refuse it
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy["content"]


def test_hostile_names_are_text(detector):
    defects = ["good"] * 4 + ["<b>crack", "<", "&amp;"]
    evaluation = make_evaluation(detector, defects, HOSTILE)
    plain = make_evaluation(detector, ["good"] * 4 + ["a", "b", "c"])
    plain = Page(report(plain, detector, SHIFTS))

    detector.provenance["config"]["name"] = "<script>alert(2)</script>"
    detector.provenance["data"] = "-->"
    shifts = copy.deepcopy(SHIFTS)
    shifts["rows"][0]["name"] = "<i>blur</i>"
    source = report(evaluation, detector, shifts)
    source.encode("utf-8")  # halves of surrogate pairs are gone
    page = Page(source)

    def skeleton(page):
        return sorted((name, *own) for name, own in page.elements)

    assert skeleton(page) == skeleton(plain)
    for defect, name in [("good", HOSTILE[0]), ("<", HOSTILE[5])]:
        assert f"{defect}/{name}" in page.text
    assert "{{data}}" in page.text  # is not filled in
    assert "<script>alert(2)</script>" in page.text
    for character in "\u2028\u202e\x00":
        assert character not in source

    data = json.loads(page.words["script"][0])
    assert data["defects"] == defects
    inside = re.search(r'id="data">(.*?)</script>', source, re.S)[1]
    assert not set("<>&\u2028") & set(inside)


def test_island_and_text():
    hostile = "</script><!--\u2028&"
    assert json.loads(island({hostile: [hostile]})) == {hostile: [hostile]}
    assert set(island([hostile])).isdisjoint("<>&\u2028")
    with pytest.raises(ValueError, match="not JSON compliant"):
        island([float("nan")])
    page = PAGES.from_string('<a title="{{ text }}">{{ text }}</a>')
    assert page.render(text="a\x1b\udcffb").count("a\ufffd\ufffdb") == 2
    assert page.render(text="'\"<") == (
        '<a title="&#39;&#34;&lt;">&#39;&#34;&lt;</a>'
    )


def test_the_same_input_gives_the_same_bytes(evaluation, detector, tmp_path):
    write_report(evaluation, detector, tmp_path / "a.html", SHIFTS)
    evaluation.metrics["seconds"] += 1.0
    write_report(evaluation, detector, tmp_path / "b.html", SHIFTS)
    first = (tmp_path / "a.html").read_bytes()
    assert first == (tmp_path / "b.html").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.html", "b.html"]
    assert b"/data/capsule" not in first  # no path of this machine
    assert len(first) < 500_000


def test_results_hold_the_report(detector, tmp_path):
    evaluation = make_evaluation(detector, ["good", "crack"])
    write_results(evaluation, detector, tmp_path / "out")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {
        *("metrics.json", "scores.csv", "heatmaps", "report.html", "card.md")
    }
    source = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert source == report(evaluation, detector)


@pytest.mark.parametrize("defects", [["good"] * 4, ["crack"] * 4])
def test_one_class_only(detector, defects):
    evaluation = make_evaluation(detector, defects)
    page = Page(report(evaluation, detector))
    good = defects.count("good")
    why = f"needs good and defective images; there are {good} and {4 - good}"
    assert page.text.count(why) == 4  # two numbers and two curves
    assert "nan" not in page.text.split()
    if good:
        assert "undefined: there is no defective image" in page.text
        assert "no pixel is marked as defect" in page.text
    else:
        assert "undefined: there is no good image" in page.text


def test_nothing_flagged_and_no_provenance(evaluation):
    scores = make_detector().calibration["scores"]
    detector = make_detector(provenance=None)
    detector.threshold = {
        "method": "n-sigma",
        "threshold": 1e9,
        "k": 3.0,
        "images": len(scores),
        "promise": "no guaranteed rate",
    }
    page = Page(report(make_evaluation(detector), detector))
    assert "undefined: no image is flagged" in page.text
    assert "unknown" in page.text
    assert "no guaranteed rate" in page.text


def test_the_heat_layer_is_the_overlay_of_the_figures(rng):
    image = rng.integers(0, 256, (16, 16, 3)).astype("uint8")
    values = np.linspace(-1, 6, 256).reshape(16, 16).astype("float32")
    colours = pictures.heat_colours(np.clip((values - 0.2) / 4.4, 0, 1))
    alpha = colours[..., 3:]
    laid = (1 - alpha) * image + alpha * 255 * colours[..., :3]
    expected = figures.overlay(image, values, 0.2, 4.6)
    np.testing.assert_allclose(laid, expected, atol=1.0)


def test_outline():
    mask = np.zeros((32, 32), bool)
    assert pictures.outline(mask) == ""
    mask[10:20, 5:15] = True
    path = pictures.outline(mask)
    points = np.array(re.findall(r"([-\d.]+) ([-\d.]+)", path), float)
    # One pixel outside of the mask, x before y.
    assert points.min(0) == pytest.approx([4, 9])
    assert points.max(0) == pytest.approx([16, 21])
    assert pictures.outline(np.ones((32, 32), bool)).count("M") == 1


def test_the_axis_of_scores():
    axis = ScoreAxis([1.0, 2.0, 3.0], [-5.0, 400.0])
    places = axis.place([-5.0, 1.0, 2.0, 3.0, 400.0])
    assert (np.diff(places) > 0).all()
    assert 0 < places[0] < 0.05 and 0.95 < places[-1] < 1
    gaps = np.diff([place for _, place in axis.ticks()])
    assert len(gaps) >= 3 and (gaps >= 0.11 - 1e-9).all()
    same = ScoreAxis([1.0, 1.0], [1.0])
    assert 0 < same.place(1.0) < 1
