"""How an image was taken, on the command line."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from kerasad.data.affine import affine
from kerasad.domain.columns import COLUMNS
from tests.cli.conftest import run, succeed
from tests.parts import SIDES, part


def write(folder, images):
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{index:02d}.png")


@pytest.fixture(scope="module")
def accurate(tmp_path_factory):
    """A detector with a domain, its category, and a folder of a new mount."""
    root = tmp_path_factory.mktemp("domain")
    rng = np.random.default_rng(5)
    good = [part(rng) for _ in range(44)]
    defective = np.array(good[:3])
    defective[:, 20:28, 24:32] = (250, 240, 40)
    write(root / "data/train/good", good[:24])
    write(root / "data/test/good", good[24:28])
    write(root / "data/test/paint", defective)
    write(root / "still", good[34:])
    moved = [affine(x, angle=3.0, scale=1.1) for x in good[22:34]]
    write(root / "moved", moved)
    settings = ["weights=random", "taps=[block_1]", "head_steps=20"]
    settings.append(f"image_size={list(SIDES)}")
    succeed(
        *("train", "--config", "accurate", "--data", root / "data"),
        *("--out", root / "run", "--set", "validation_share=0.4"),
        *[word for text in settings for word in ("--set", text)],
    )
    return root / "run/detector.keras", root / "data", root / "moved"


def lines_of(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_predict_tells_how_an_image_was_taken(accurate):
    detector, _, moved = accurate
    lines = lines_of(succeed("predict", detector, moved))
    for line in lines:
        assert list(line["domain"]) == list(COLUMNS)
        assert line["domain"]["rotation"] == pytest.approx(3.0, abs=0.7)
        assert line["domain"]["zoom"] == pytest.approx(1.1, abs=0.02)
        assert line["in_domain"] is True
        assert line["is_anomalous"] in (True, False)


def test_what_is_not_judged_alarms(accurate, tmp_path, rng):
    image = rng.integers(0, 256, (*SIDES, 3)).astype("uint8")
    Image.fromarray(image).save(tmp_path / "another.png")
    arguments = ("predict", accurate[0], tmp_path / "another.png")
    (line,) = lines_of(succeed(*arguments))
    assert line["in_domain"] is False
    assert line["is_anomalous"] is None
    result = run(*arguments, "--fail-on-anomaly")
    assert result.exit_code == 3


def test_evaluate_under_a_shift_says_who_is_judged(accurate, tmp_path):
    detector, data, _ = accurate
    result = succeed(
        *("evaluate", detector, "--data", data, "--shift", "zoom"),
        *("--out", tmp_path),
    )
    found = json.loads((tmp_path / "metrics.json").read_text())["domain"]
    assert found["normalised"] == 7
    assert found["medians"]["zoom"] > 1.25
    assert "brought to the conditions of training" in result.stdout
    assert "brought to the conditions of training" in (
        tmp_path / "report.html"
    ).read_text(encoding="utf-8")
    text = (tmp_path / "scores.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert float(rows[0]["zoom"]) > 1.25
    assert rows[0]["in_domain"] in ("0", "1")


def test_a_sweep_tells_what_was_not_judged(accurate, tmp_path):
    detector, data, _ = accurate
    result = succeed(
        *("evaluate", detector, "--data", data, "--sweep", "--out", tmp_path),
        *("--shift", "noise", "--severities", "0.5,2"),
    )
    rows = json.loads((tmp_path / "sweep.json").read_text())["rows"]
    for row in rows:
        either = row["good_flagged_or_not_judged"]
        assert row["good_flagged"] == row["fpr"]
        assert either >= max(row["good_not_judged"], row["fpr"])
    assert "Not judged: at most" in result.stdout


def test_threshold_shifted(accurate, tmp_path):
    detector, data, moved = accurate
    still = data.parent / "still"
    copy = tmp_path / "detector.keras"
    copy.write_bytes(detector.read_bytes())
    arguments = ("threshold", copy, "--method", "conformal", "--fpr", "0.2")
    refused = run(*arguments, "--data", still, "--shifted")
    assert refused.exit_code == 2
    assert "leave out --shifted" in refused.output
    assert copy.read_bytes() == detector.read_bytes()
    result = succeed(*arguments, "--data", moved, "--shifted")
    assert "other conditions: at most 20 % of normal images" in result.stderr
    refused = run(*arguments, "--shifted")
    assert refused.exit_code == 2
    assert "--shifted goes with --data" in refused.output
