"""What an interrupted run needs to go on: one file, replaced atomically."""

import json
import os

import numpy as np

from kerasad.errors import InputError
from kerasad.files import replacing


def save_checkpoint(path, model, rows, best_weights, settings):
    """Writes weights, optimizer, history and best weights so far.

    Args:
        path: the `.npz` file; written beside and renamed into place.
        model: compiled `keras.Model`.
        rows: list of dicts, one an epoch.
        best_weights: list of arrays as of `model.get_weights()`.
        settings: dict; a run goes on only with the settings it began with.
    """
    arrays = {}
    arrays |= named("weight", model.get_weights())
    arrays |= named("optimizer", [np.array(v) for v in optimizer_values(model)])
    arrays |= named("best", best_weights)
    meta = json.dumps({"rows": rows, "settings": settings})
    with replacing(path) as beside, open(beside, "wb") as file:
        np.savez(file, meta=np.array(meta), **arrays)
        file.flush()
        os.fsync(file.fileno())


def restore_checkpoint(path, model, settings):
    """Puts a checkpoint into `model`; returns its rows and best weights."""
    with np.load(path, allow_pickle=False) as file:
        meta = json.loads(str(file["meta"]))
        check_settings(path, meta["settings"], settings)
        model.set_weights(listed("weight", file))
        model.optimizer.build(model.trainable_variables)
        values = listed("optimizer", file)
        for variable, value in zip(
            model.optimizer.variables, values, strict=True
        ):
            variable.assign(value)
        return meta["rows"], listed("best", file)


def check_settings(path, saved, wanted):
    for key, value in json.loads(json.dumps(wanted)).items():
        if saved.get(key) != value:
            raise InputError(
                f"{path}: was begun with {key}={saved.get(key)!r}, not "
                f"{value!r}; resume with the same settings, or start anew "
                "without --resume"
            )


def optimizer_values(model):
    import keras

    return [
        keras.ops.convert_to_numpy(variable)
        for variable in model.optimizer.variables
    ]


def named(kind, arrays):
    return {f"{kind}_{index:05d}": a for index, a in enumerate(arrays)}


def listed(kind, file):
    return [file[key] for key in sorted(file) if key.startswith(f"{kind}_")]
