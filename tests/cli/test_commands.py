"""Each command: its effect, checked with the library."""

import csv
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import yaml
from PIL import Image

import kerasad
from kerasad.calibration import fpr_range
from kerasad.cli import COMMANDS
from kerasad.data.images import read_mask
from tests.cli.conftest import TINY, run, succeed


def read_rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_train_writes_what_it_guarantees(trained):
    folder, result = trained
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "config.yaml",
        "curves.png",
        "detector.keras",
        "history.csv",
    }
    rows = read_rows(folder / "history.csv")
    assert [row["epoch"] for row in rows] == ["0", "1"]
    settings = yaml.safe_load((folder / "config.yaml").read_text())
    assert settings["epochs"] == 2
    loaded = kerasad.load(folder / "detector.keras")
    assert len(loaded.calibration["scores"]) == 4
    assert loaded.provenance["config"]["image_size"] == 64
    assert "threshold" in result.stdout and "guarantee" in result.stdout
    assert "epoch 2 of 2" in result.stderr


def test_train_takes_the_calibration(category, tmp_path):
    arguments = ["--calibration", "cross", "--folds", 11, "--out", tmp_path]
    settings = ["--set=image_size=64", "--set=crop=32"]
    result = run("train", "--data", category, *arguments, *settings)
    assert result.exit_code == 2
    assert "10 good images cannot be cut into 11 folds" in result.output


def test_the_written_config_trains_the_same_weights(
    trained, category, tmp_path
):
    folder, _ = trained
    config = folder / "config.yaml"
    succeed("train", "--config", config, "--data", category, "--out", tmp_path)
    first = kerasad.load(folder / "detector.keras").get_weights()
    again = kerasad.load(tmp_path / "detector.keras").get_weights()
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_that_diverges_is_given_up(category, tmp_path):
    settings = {**TINY, "optimizer": "sgd", "learning_rate": 1e6, "clipnorm": 0}
    settings = [f"--set={key}={value}" for key, value in settings.items()]
    result = run("train", "--data", category, "--out", tmp_path, *settings)
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: the training diverged in epoch 1: its loss")
    assert last.endswith("; set a learning_rate below 1e+06, or clipnorm=1")
    assert list(tmp_path.iterdir()) == []


def test_other_textures_are_another_run(category, tmp_path):
    settings = [f"--set={key}={value}" for key, value in TINY.items()]
    start = ["train", "--data", category, "--out", tmp_path / "run", *settings]
    succeed(*start)
    good = category / "train" / "good"  # textures as good as any
    result = run(*start, "--textures", good, "--resume")
    assert result.exit_code == 2
    assert "detector.keras: was begun with textures=" in result.stderr


def test_a_plain_folder_of_good_images(category, tmp_path):
    good = category / "train" / "good"
    settings = ["image_size=32", "crop=0", "filters=[8]", "epochs=1",
                "threshold=n-sigma", "memory_images=4"]  # fmt: skip
    settings = [f"--set={setting}" for setting in settings]
    succeed("train", "--data", good, "--out", tmp_path, *settings)
    assert (tmp_path / "detector.keras").is_file()


KEYS = {
    "image_roc_auc", "image_ap", "pixel_roc_auc", "pixel_ap", "aupro",
    "aupro_fpr_limit", "f1_max", "f1_floor", "at_threshold", "images",
    "normal", "anomalous", "per_defect", "shift", "backend", "versions",
    "config", "seed", "seconds", "aupimo", "aupro_005", "by_defect_size",
    "at_pixel_threshold", "confidence",
}  # fmt: skip


def test_evaluate(detector, category, tmp_path):
    out = tmp_path / "evaluation"
    result = succeed("evaluate", detector, "--data", category, "--out", out)
    metrics = json.loads((out / "metrics.json").read_text())
    assert KEYS <= set(metrics)
    assert metrics["images"] == 9 and metrics["normal"] == 3
    assert metrics["f1_floor"] == pytest.approx(2 * 6 / (6 + 9))
    assert metrics["backend"] == keras.backend.backend()
    assert set(metrics["per_defect"]) == {"crack", "scratch", "squeeze"}
    assert len(list((out / "heatmaps").glob("*.png"))) == 9
    assert (out / "report.html").is_file()
    rows = read_rows(out / "scores.csv")
    scores = [float(row["anomaly_score"]) for row in rows]
    images = [np.asarray(Image.open(category / row["path"])) for row in rows]
    expected = kerasad.load(detector).predict(images)["anomaly_score"]
    np.testing.assert_allclose(scores, expected, rtol=1e-4)
    at = metrics["at_threshold"]
    flagged = np.array(scores) > at["threshold"]
    labels = np.array([int(row["label"]) for row in rows])
    assert at["tp"] == (flagged & (labels == 1)).sum()
    assert at["fp"] == (flagged & (labels == 0)).sum()
    for name, interval in metrics["confidence"].items():
        low, high = interval
        assert low - 1e-3 <= metrics[name] <= high + 1e-3
    assert sum(row["images"] for row in metrics["by_defect_size"]) == 6
    assert metrics["aupro_005"] <= 1.0
    low, high = metrics["confidence"]["image_roc_auc"]
    shown = f"{metrics['image_roc_auc']:.3f} (95 %: {low:.3f} to {high:.3f})"
    assert f"image ROC-AUC      {shown}" in result.stdout


def test_evaluate_at_the_pixel_threshold(detector, category, tmp_path):
    fitted = kerasad.load(detector)
    masks = sorted((category / "ground_truth").glob("*/*.png"))
    masks = np.stack([read_mask(path) for path in masks])
    good = sorted((category / "test" / "good").iterdir())
    masks = np.concatenate([np.zeros((len(good), 64, 64), bool), masks])
    names = sorted((category / "test").glob("*/*.png"))
    names = good + [path for path in names if path not in good]
    maps = fitted.predict([np.asarray(Image.open(name)) for name in names])
    maps = maps["anomaly_map"]
    fitted.pixel_threshold["threshold"] = float(np.quantile(maps, 0.98))
    fitted.save(detector)
    succeed("evaluate", detector, "--data", category, "--out", tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    at = metrics["at_pixel_threshold"]
    flagged = maps > at["threshold"]
    tp = np.sum(flagged & masks)
    expected = {
        "precision": tp / flagged.sum(),
        "recall": tp / masks.sum(),
        "f1": 2 * tp / (flagged.sum() + masks.sum()),
        "iou": tp / np.sum(flagged | masks),
        "fpr": np.sum(flagged & ~masks) / np.sum(~masks),
    }
    # A pixel within rounding of the threshold may fall on either side.
    for name, value in expected.items():
        assert at[name] == pytest.approx(value, rel=0.02), name


def test_evaluate_says_what_the_calibration_guarantees(
    detector, category, tmp_path
):
    fitted = kerasad.load(detector)
    fitted.set_threshold("conformal", fpr=0.25)
    fitted.save(detector)
    arguments = ["--data", category, "--out", tmp_path]
    result = succeed("evaluate", detector, *arguments)
    at = json.loads((tmp_path / "metrics.json").read_text())["at_threshold"]
    assert at["promise"].startswith("at most 25 % of normal images")
    assert at["fpr_range"] == list(fpr_range(4, 0.25))
    low, high = (100 * rate for rate in at["fpr_range"])
    said = f"the true rate lies between {low:.2g} and {high:.2g} %"
    assert f"for this calibration set {said}" in result.stdout


def test_evaluate_a_sweep_of_shifts(detector, category, tmp_path):
    out = tmp_path / "swept"
    arguments = ["--data", category, "--out", out, "--severities", "0.5 1"]
    result = succeed(
        "evaluate", detector, *arguments, "--sweep", "--shift", "noise"
    )
    section = json.loads((out / "sweep.json").read_text())
    assert [row["severity"] for row in section["rows"]] == [0.5, 1.0]
    assert {row["name"] for row in section["rows"]} == {"noise"}
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["shift"] is None
    assert section["baseline"]["image_roc_auc"] == metrics["image_roc_auc"]
    assert section["baseline"]["fpr"] == metrics["at_threshold"]["fpr"]
    assert (out / "sweep.png").is_file()
    assert "Robustness to shifts" in (out / "report.html").read_text()
    assert "good images flagged, by severity" in result.stdout
    assert "sweeping: 27 of 27" in result.stderr
    assert "writing the report" in result.stderr


def test_evaluate_shifted(detector, category, tmp_path):
    out = tmp_path / "shifted"
    arguments = ["--shift", "--severity", 0.5, "--out", out]
    succeed("evaluate", detector, "--data", category, *arguments)
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["shift"] == {"name": "paper", "severity": 0.5, "seed": 0}


def test_evaluate_large_defects_only(detector, category, tmp_path):
    masks = (category / "ground_truth").glob("*/*.png")
    areas = sorted(int(read_mask(mask).sum()) for mask in masks)
    arguments = ["--min-defect-area", areas[3], "--out", tmp_path]
    succeed("evaluate", detector, "--data", category, *arguments)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    kept = sum(area >= areas[3] for area in areas)
    assert metrics["normal"] == 3 and metrics["anomalous"] == kept < 6


def test_threshold_is_set_anew(detector):
    scores = kerasad.load(detector).calibration["scores"]
    result = succeed("threshold", detector, "--method", "fpr", "--fpr", 0.25)
    expected = sorted(scores)[-2]
    assert float(result.stdout) == pytest.approx(expected, rel=1e-4)
    assert kerasad.load(detector).threshold["threshold"] == expected


def test_threshold_from_other_images(detector, category):
    good = category / "test" / "good"
    succeed("threshold", detector, "--method", "iqr", "--data", good)
    fitted = kerasad.load(detector)
    assert fitted.threshold["images"] == 3


def test_predict(detector, category, tmp_path):
    folder = category / "test" / "crack"
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    arguments = [folder, broken, "--out", tmp_path / "o"]
    result = run("predict", detector, *arguments)
    assert result.exit_code == 2
    assert "1 images could not be read" in result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [set(line) for line in lines[:2]] == [
        {"path", "anomaly_score", "p_value", "is_anomalous", "threshold",
         "regions", "overlay"}
    ] * 2  # fmt: skip
    assert "not a readable image" in lines[2]["error"]
    for line in lines[:2]:
        flagged = line["anomaly_score"] > line["threshold"]
        assert line["is_anomalous"] == flagged
        assert 0.0 < line["p_value"] <= 1.0
    written = {str(path) for path in (tmp_path / "o").glob("*.png")}
    assert written == {line["overlay"] for line in lines[:2]}


def test_predict_from_stdin_and_globs(detector, category, monkeypatch):
    monkeypatch.chdir(category)
    result = succeed("predict", detector, "-", input="test/crack\n")
    again = succeed("predict", detector, "test/cra*/*.png")
    assert result.stdout == again.stdout
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.parametrize("limit, status", [(-1e9, 3), (1e9, 0)])
def test_predict_fails_on_anomaly(limit, status, detector, category, tmp_path):
    fitted = kerasad.load(detector)
    fitted.threshold["threshold"] = limit
    fitted.save(detector)
    photos = category / "test" / "good"
    assert run("predict", detector, photos).exit_code == 0
    result = run("predict", detector, photos, "--fail-on-anomaly")
    assert result.exit_code == status
    # Not all was looked at: that comes first.
    result = run("predict", detector, photos, "no.png", "--fail-on-anomaly")
    assert result.exit_code == 2


def test_a_file_left_out_is_no_success(detector, category, tmp_path):
    fitted = kerasad.load(detector)
    fitted.threshold["threshold"] = 1e9  # nothing is anomalous
    fitted.save(detector)
    photos = shutil.copytree(category / "test", tmp_path / "photos")
    (photos / "good" / "raw.cr2").write_bytes(b"?")
    result = run("predict", detector, photos)
    assert result.exit_code == 0 and "raw.cr2" in result.stderr
    assert len(result.stdout.splitlines()) == 9  # of every folder below
    result = run("predict", detector, photos, "--fail-on-anomaly")
    assert result.exit_code == 2


def test_predict_ends_quietly_when_nobody_listens(detector, category):
    command = [sys.executable, "-c", "from kerasad.cli import cli; cli()"]
    photo = next((category / "test" / "good").iterdir())
    process = subprocess.Popen(
        [*command, "predict", str(detector), "-", "--batch-size", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdin.write(f"{photo}\n".encode())
    process.stdin.flush()
    line = process.stdout.readline()  # at once, though stdin is open
    assert json.loads(line)["path"] == str(photo)
    process.stdout.close()
    _, errors = process.communicate(f"{photo}\n".encode() * 3, timeout=120)
    assert process.returncode == 1
    assert b"Traceback" not in errors and b"BrokenPipe" not in errors


def test_data_check(category):
    lines = succeed("data", "check", category).stdout.splitlines()
    assert lines[0].split() == "train/good 10 images of 64 x 64".split()
    assert len(lines) == 5


def test_data_check_finds_an_empty_mask(tmp_path, category):
    copy = shutil.copytree(category, tmp_path / "copy")
    mask = next((copy / "ground_truth" / "crack").glob("*.png"))
    Image.new("L", (64, 64)).save(mask)
    result = run("data", "check", copy)
    assert result.exit_code == 2
    assert f"{mask}: marks no pixel" in result.output


def test_data_capsules(tmp_path):
    target = tmp_path / "capsules"
    # 351 images, so as small as they go.
    succeed("data", "capsules", target, "--size", 32)
    assert len(list((target / "train" / "good").iterdir())) == 219
    again = run("data", "capsules", target, "--size", 32)
    assert again.exit_code == 2 and str(target) in again.output


def test_configs():
    listed = succeed("configs").stdout
    assert listed.splitlines()
    shown = yaml.safe_load(succeed("configs", "default").stdout)
    assert shown["name"] == "default"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    help_text = succeed(name, "--help").stdout
    assert COMMANDS[name].split()[0] in help_text


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["train", "--config", "defualt"], "did you mean 'default'"),
        (["train", "--data", "nowhere"], "nowhere: no such folder"),
        (["train", "--set", "epoch=1"], "did you mean 'epochs'"),
        (["evaluate", "nothing.keras"], "nothing.keras: no such file"),
        (["predict", "nothing.keras", "."], "nothing.keras: no such file"),
        (["threshold", "nothing.keras", "--method", "iqr"], "no such file"),
        (["data", "check", "nowhere"], "nowhere: no such folder"),
        (["configs", "nothing"], "neither a recipe"),
        (["train", "--folds", "3"], "goes with --calibration cross"),
        (["evaluate", "x.keras", "--severities", "a"], "must be numbers"),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    arguments, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    errors = [line for line in result.stderr.splitlines() if "Error" in line]
    assert len(errors) == 1
    assert list(tmp_path.iterdir()) == []
