"""A training that MLflow keeps: settings, each epoch, the detector.

pip install mlflow
python mlflow_tracking.py RECIPE DATA OUT [KEY=VALUE...]
"""

import sys
from pathlib import Path

import keras
import mlflow

from kerasad.config import load_config
from kerasad.training.train import train


class Tracker(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        mlflow.log_metrics(
            {name: float(value) for name, value in logs.items()}, step=epoch
        )


def tracked(recipe, data, out, settings=()):
    config = load_config(recipe, settings)
    with mlflow.start_run(run_name=Path(out).name):
        mlflow.log_params(config.flat())
        result = train(config, data, out, callbacks=[Tracker()])
        mlflow.log_metric("threshold", result.detector.threshold["threshold"])
        mlflow.set_tag("promise", result.detector.threshold["promise"])
        mlflow.log_artifact(result.folder / "detector.keras")


if __name__ == "__main__":
    recipe, data, out, *settings = sys.argv[1:]
    tracked(recipe, data, out, settings)
