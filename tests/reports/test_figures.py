import os
import stat

import numpy as np
import pytest
from PIL import Image

from kerasad.reports import curves, figures


def make_row(rng, defect=True):
    image = rng.integers(0, 256, (40, 60, 3)).astype("uint8")
    mask = np.zeros((40, 60), bool)
    mask[:10, 20:30] = defect  # touches the border
    return {
        "image": image,
        "reconstruction": image[::-1],
        "anomaly_map": rng.random((20, 30)).astype("float32"),
        "mask": mask,
        "score": 0.5,
        "threshold": 0.4,
        "is_anomalous": True,
        "title": "crack/000.png",
        "vmin": 0.0,
        "vmax": 1.0,
    }


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(
    "name",
    [
        "000.png",
        "cost $5 and $6.png",
        r"$\frac{$.png",
        "漢字.png",
        "a^b_{c.png",
    ],
)
def test_odd_names(rng, tmp_path, name):
    row = make_row(rng) | {"title": name}
    figures.gallery_figure([row], tmp_path / name)
    assert os.listdir(tmp_path) == [name]  # and nothing half-written
    assert read(tmp_path / name).shape[1] > 800


def test_names_that_are_not_text(rng, tmp_path):
    row = make_row(rng) | {"title": os.fsdecode(b"\xff\x00\n.png")}
    figures.gallery_figure([row], tmp_path / "a.png")


def test_the_outline_is_drawn_around_defects_only(rng, tmp_path):
    def greenish(row):
        figures.gallery_figure([row], tmp_path / "a.png")
        pixels = read(tmp_path / "a.png").astype(int)
        close = np.abs(pixels - [0x7D, 0xFF, 0x00]).sum(-1) < 60
        return close.sum()

    row = make_row(rng)
    row["image"] = row["reconstruction"] = np.full_like(row["image"], 40)
    assert greenish(row) > 50
    assert greenish(row | {"mask": None}) == 0
    assert greenish(row | {"mask": np.zeros((40, 60), bool)}) == 0
    assert greenish(row | {"mask": np.ones((40, 60), bool)}) > 50


@pytest.mark.parametrize(
    "flagged, label, words",
    [
        (True, 1, "anomalous: score 0.5 > threshold 0.4, defect found"),
        (True, 0, "anomalous: score 0.5 > threshold 0.4, false alarm"),
        (False, 1, "normal: score 0.5 ≤ threshold 0.4, defect missed"),
        (False, 0, "normal: score 0.5 ≤ threshold 0.4, rightly passed"),
    ],
)
def test_decision(rng, flagged, label, words):
    row = make_row(rng) | {"is_anomalous": flagged, "label": label}
    text, color = figures.decision(row)
    assert text == words
    assert color == (figures.GOOD if flagged == label else figures.BAD)


def test_decision_without_a_label(rng):
    row = make_row(rng) | {"mask": None, "score": 0.40000001}
    text, color = figures.decision(row)
    assert text == "anomalous: score 0.40000001 > threshold 0.4"
    assert color == figures.PLAIN
    assert "found" in figures.decision(make_row(rng))[0]  # by the mask
    assert "alarm" in figures.decision(make_row(rng, defect=False))[0]


def test_gallery_grows_by_row(rng, tmp_path):
    rows = [make_row(rng), make_row(rng) | {"reconstruction": None}]
    figures.gallery_figure(rows[:1], tmp_path / "one.png")
    figures.gallery_figure(rows, tmp_path / "two.png")
    one, two = read(tmp_path / "one.png"), read(tmp_path / "two.png")
    assert one.shape[1] == two.shape[1]
    assert two.shape[0] > 1.8 * one.shape[0]
    figures.gallery_figure(rows[1:], tmp_path / "narrow.png")
    assert read(tmp_path / "narrow.png").shape[1] < one.shape[1]
    with pytest.raises(ValueError, match="at least one image"):
        figures.gallery_figure([], tmp_path / "none.png")


def test_a_failure_leaves_the_old_file(rng, tmp_path):
    path = tmp_path / "a.png"
    path.write_text("old")
    row = make_row(rng) | {"anomaly_map": np.zeros((2, 2, 7))}
    with pytest.raises((TypeError, ValueError)):
        figures.gallery_figure([row], path)
    assert os.listdir(tmp_path) == ["a.png"]
    assert path.read_text() == "old"


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_files_are_as_readable_as_others(rng, tmp_path):
    figures.gallery_figure([make_row(rng)], tmp_path / "a.png")
    (tmp_path / "b").touch()
    modes = {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert len(modes) == 1


def test_overlay():
    image = np.full((4, 6, 3), 100, "uint8")
    anomaly_map = np.zeros((4, 6), "float32")
    anomaly_map[0, 0], anomaly_map[0, 1] = 0.5, 7.0  # beyond vmax
    result = figures.overlay(image, anomaly_map, 0.0, 1.0)
    assert result.dtype == np.uint8
    assert (result[1:] == 100).all()
    change = np.abs(result.astype(int) - 100).sum(-1)
    assert 0 < change[0, 0] < change[0, 1]
    assert (image == 100).all()


def test_overlay_resizes_the_map_and_bears_an_empty_scale():
    image = np.full((40, 60, 3), 100, "uint8")
    result = figures.overlay(image, np.eye(4), 0.0, 1.0)
    assert result.shape == image.shape
    result = figures.overlay(image, np.zeros((40, 60)), 0.0, 0.0)
    assert (result == image).all()


def test_write_image(tmp_path):
    image = np.arange(48, dtype="uint8").reshape(4, 4, 3)
    figures.write_image(tmp_path / "a.png", image)
    assert (read(tmp_path / "a.png") == image).all()
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [1.0, 0.01], "val_loss": [1.0, 0.02]},
        {"loss": [1.0], "learning_rate": [1e-3]},
        {"loss": [0.3, np.nan], "val_loss": [np.nan, np.inf]},
        {"loss": [0.0, 0.0], "val_loss": []},
        {"$loss_$": [1, 2, 3], "_loss": [3, 2, 1], "epoch": [1, 2, 900]},
    ],
)
def test_loss_curves(history, tmp_path):
    curves.loss_curves(history, tmp_path / "curves.png")
    assert read(tmp_path / "curves.png").shape == (420, 640, 3)


def test_loss_curves_want_a_loss(tmp_path):
    with pytest.raises(ValueError, match="Received: \\[.learning_rate"):
        curves.loss_curves({"learning_rate": [1e-3]}, tmp_path / "a.png")


def test_no_global_state_of_matplotlib():
    import subprocess
    import sys

    code = (
        "import sys, kerasad.reports.figures\n"
        "sys.exit('matplotlib.pyplot' in sys.modules or 'keras' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
