"""Keras callbacks of one's own, and with one a real store of MLflow."""

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from kerasad.config import load_config
from kerasad.training.train import train
from tests.cli.conftest import TINY

SETTINGS = [f"{key}={value}" for key, value in TINY.items()]
EXAMPLE = Path(__file__).parents[2] / "docs" / "mlflow_tracking.py"


class Notes(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.rows, self.batches = [], 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += "loss" in logs

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append(dict(logs))


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


def test_they_see_each_epoch(category, tmp_path):
    notes = Notes()
    config = load_config("default", SETTINGS)
    result = train(config, category, tmp_path / "run", callbacks=[notes])
    assert len(notes.rows) == 2
    assert notes.batches == result.facts["steps"]
    for seen, row in zip(notes.rows, result.rows, strict=True):
        assert {name: seen[name] for name in row} == row


def test_they_may_stop_it(category, tmp_path):
    config = load_config("default", [*SETTINGS, "epochs=50"])
    result = train(config, category, tmp_path / "run", callbacks=[Stop()])
    assert len(result.rows) == 1
    assert result.detector.threshold["threshold"] > 0
    assert (tmp_path / "run" / "detector.keras").is_file()


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("mlflow", "sqlalchemy", "alembic"))),
    reason="needs mlflow: pip install mlflow",
)
@pytest.mark.filterwarnings("ignore")
def test_mlflow_keeps_a_run(category, tmp_path):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    done = subprocess.run(
        [sys.executable, EXAMPLE, "default", category, "run", *SETTINGS],
        cwd=tmp_path,
        env={**os.environ, "MLFLOW_TRACKING_URI": store,
             "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    from mlflow import MlflowClient

    client = MlflowClient(store)
    [run] = client.search_runs(["0"])
    with open(tmp_path / "run" / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    for name in ("loss", "val_loss", "learning_rate"):
        kept = client.get_metric_history(run.info.run_id, name)
        assert [one.step for one in kept] == [0, 1]
        assert [one.value for one in kept] == pytest.approx(
            [float(row[name]) for row in rows]
        )
    assert run.data.params["epochs"] == "2"
    assert run.data.metrics["threshold"] > 0
    kept = Path(run.info.artifact_uri) / "detector.keras"
    made = tmp_path / "run" / "detector.keras"
    assert kept.read_bytes() == made.read_bytes()
