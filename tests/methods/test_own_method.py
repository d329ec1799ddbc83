"""A method in a file outside the package, end to end: `docs/own_method.py`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from kerasad.backend import BACKENDS, installed
from kerasad.config import load_config
from kerasad.errors import InputError
from kerasad.importing import import_module
from kerasad.testing import check_method
from tests.cli.conftest import category, succeed  # noqa: F401

DOCS = Path(__file__).parents[2] / "docs"
FILE = DOCS / "own_method.py"


def kerasad(*arguments, backend=None):
    """A process of its own: only `--import` brings the method."""
    backend = backend or keras.backend.backend()
    return subprocess.run(
        [sys.executable, "-m", "kerasad", *map(str, arguments)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )


def scores(result):
    assert result.returncode == 0, result.stderr
    return [json.loads(line)["anomaly_score"] for line in
            result.stdout.splitlines()]  # fmt: skip


def another():
    """The installed backend after this one, in a circle."""
    own = keras.backend.backend()
    after = BACKENDS.index(own) + 1
    others = [*BACKENDS[after:], *BACKENDS[:after]]
    return next(filter(installed, others), own)


def test_from_training_to_another_backend(category, tmp_path):  # noqa: F811
    own, detector = ["--import", FILE], tmp_path / "detector.keras"
    settings = ["--set=image_size=64", "--set=validation_share=0.4"]
    recipe = ["--config", DOCS / "own_method.yaml", *settings]
    trained = kerasad(
        "train", *own, *recipe, "--data", category, "--out", tmp_path,
        "--set=threshold=n-sigma",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    assert "own_method" in trained.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.yaml",
        "detector.keras",
    ]
    good = category / "test" / "good"
    succeed("threshold", detector, *own, "--data", good, "--method", "iqr")
    succeed("evaluate", detector, *own, "--data", category)
    assert (tmp_path / "evaluation" / "report.html").is_file()
    metrics = json.loads((tmp_path / "evaluation/metrics.json").read_text())
    assert metrics["images"] == 9

    found = [
        scores(kerasad("predict", detector, good, *own, backend=backend))
        for backend in (keras.backend.backend(), another())
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-4)

    unknown = kerasad("predict", detector, good)
    assert unknown.returncode == 2
    assert "names the class own_method.PixelDeviation" in unknown.stderr


def test_contract(tmp_path):
    import_module(str(FILE))
    config = load_config(str(DOCS / "own_method.yaml"), ["image_size=32"])
    assert check_method(config, tmp_path).method.margin == 0.1


def test_a_file_that_cannot_be_imported(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("1 / 0")
    with pytest.raises(InputError, match=r"broken.py: cannot be imported \(Z"):
        import_module(str(path))
