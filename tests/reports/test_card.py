"""The model card against the evaluation it is of."""

import json

import pytest
import yaml

from kerasad.evaluation.measures import METRICS
from kerasad.reports.card import card
from tests.cli.conftest import category, succeed, trained  # noqa: F401
from tests.reports.evaluations import make_detector, make_evaluation


def parts(text):
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def test_it_says_what_was_measured():
    detector = make_detector()
    metrics = make_evaluation(detector).metrics
    head, body = parts(card(metrics, detector))
    assert head["library_name"] == "keras" and "kerasad" in head["tags"]
    [entry] = head["model-index"]
    [result] = entry["results"]
    assert result["dataset"]["name"] == "capsule"
    found = {one["type"]: one["value"] for one in result["metrics"]}
    assert found == {
        metric.key: pytest.approx(metrics[metric.key], abs=1e-4)
        for metric in METRICS
    }
    at = metrics["at_threshold"]
    assert f"finds {at['tp']} of 7 defective ones" in body
    assert "5 good and 7 defective test images" in body
    assert "- alignment: 0.93 of the variance at one place: parts move" in body
    assert "- backend: torch" in body and "0123456789abcdef" in body
    low, high = metrics["confidence"]["image_roc_auc"]
    assert f"{low:.3f} to {high:.3f} |" in body


def test_what_is_not_defined_is_left_out_and_what_leaked_is_said():
    detector = make_detector(provenance=None)
    metrics = make_evaluation(detector).metrics
    metrics |= {"pixel_pro": None, METRICS[0].key: None, "leaked_images": 2}
    head, body = parts(card(metrics, detector))
    types = {m["type"] for m in head["model-index"][0]["results"][0]["metrics"]}
    assert METRICS[0].key not in types and types
    assert "| undefined |" in body
    assert "2 of the test images were trained or calibrated on" in body


def test_names_are_no_markup():
    hostile = "a\n---\n# <b>[x](y)"
    detector = make_detector()
    detector.provenance["data"] = hostile
    text = card(make_evaluation(detector).metrics, detector)
    head, body = parts(text)
    assert hostile not in text and "<b>" not in body
    assert "\\<b\\>\\[x\\](y)" in body
    assert "\n" not in head["model-index"][0]["name"]


def test_evaluate_writes_it(trained, category, tmp_path):  # noqa: F811
    succeed("evaluate", trained[0] / "detector.keras", "--data", category,
            "--out", tmp_path)  # fmt: skip
    head, body = parts((tmp_path / "card.md").read_text())
    measured = json.loads((tmp_path / "metrics.json").read_text())
    found = head["model-index"][0]["results"][0]["metrics"]
    assert all(
        one["value"] == pytest.approx(measured[one["type"]], abs=1e-4)
        for one in found
    )
    assert "- recipe: default" in body
