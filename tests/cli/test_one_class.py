"""A test split with good images only, or with defective ones only."""

import json
import re
import shutil

import pytest

from tests.cli.conftest import succeed

DEFECTS = ("crack", "scratch", "squeeze")
FEW = ("scratch", "squeeze")  # left out where defects are wanted: quicker
NO_DEFECTS = (
    "the test split has no defective image: nothing can be said about missed "
    "defects"
)
NO_GOOD = (
    "the test split has no good image: nothing can be said about false alarms"
)
IMAGES = {"image_roc_auc", "image_ap", "aupimo"}
PIXELS = {"pixel_roc_auc", "pixel_ap", "aupro", "aupro_005"}
CASES = {
    "good only": (DEFECTS, NO_DEFECTS, IMAGES | PIXELS | {"f1_max", "f1_floor"},
                  {"recall", "f1"}),
    "defective only": (("good", *FEW), NO_GOOD, IMAGES, {"fpr"}),
}  # fmt: skip
OPTIONS = {
    "plain": [],
    "shifted": ["--shift", "noise"],
    "swept": ["--sweep", "--shift", "noise", "--severities", "1"],
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("case", CASES)
def test_what_can_be_computed_is(
    case, options, detector, category_copy, tmp_path
):
    missing, why, undefined, rates = CASES[case]
    for name in missing:
        shutil.rmtree(category_copy / "test" / name)
        shutil.rmtree(category_copy / "ground_truth" / name, True)
    out = tmp_path / "out"
    arguments = ["--data", category_copy, "--out", out, *OPTIONS[options]]
    result = succeed("evaluate", detector, *arguments)
    assert f"undefined          {why}\n" in result.stdout
    metrics = json.loads((out / "metrics.json").read_text())
    every = IMAGES | PIXELS | {"f1_max", "f1_floor"}
    assert {name for name in every if metrics[name] is None} == undefined
    at = metrics["at_threshold"]
    assert at["accuracy"] is not None
    assert all(at[name] is None for name in rates)
    assert metrics["images"] == metrics["normal"] + metrics["anomalous"] > 0
    assert "NaN" not in (out / "metrics.json").read_text()
    report = (out / "report.html").read_text()
    assert why[1:] in report
    words = re.sub("<[^>]*>", " ", report.split("<body")[1].split("<script")[0])
    assert not re.search(r"\bnan\b", words, re.IGNORECASE)
    assert len(list((out / "heatmaps").iterdir())) == metrics["images"]
    assert (out / "sweep.png").is_file() == (options == "swept")
    if options == "swept":
        section = json.loads((out / "sweep.json").read_text())
        (row,) = section["rows"]
        assert row["drop"] is None and row["image_roc_auc"] is None
        assert (row["fpr"] is None) == (case == "defective only")
