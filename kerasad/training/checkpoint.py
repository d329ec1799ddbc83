"""What an interrupted run needs to go on: one file, replaced atomically."""

import json

import keras
import numpy as np

from kerasad.errors import InputError
from kerasad.files import replacing

KINDS = ("weight", "optimizer", "best")


def save_checkpoint(path, model, rows, best_weights, settings, plan):
    """Writes weights, optimizer, history and best weights so far.

    Args:
        path: the `.npz` file; written beside and renamed into place.
        model: compiled `keras.Model`.
        rows: list of dicts, one an epoch.
        best_weights: list of arrays as of `model.get_weights()`.
        settings: dict; a run goes on only with the settings it began with.
        plan: dict of plain values: how long it was to be.
    """
    arrays = {}
    arrays |= named("weight", model.get_weights())
    values = map(keras.ops.convert_to_numpy, model.optimizer.variables)
    arrays |= named("optimizer", values)
    arrays |= named("best", best_weights)
    arrays |= named("seed", map(keras.ops.convert_to_numpy, seeds_of(model)))
    meta = json.dumps({"rows": rows, "settings": settings, "plan": plan})
    with replacing(path) as beside, open(beside, "wb") as file:
        np.savez(file, meta=np.array(meta), **arrays)


def restore_checkpoint(path, model, settings):
    """Puts a checkpoint into `model`; returns rows, best weights, plan, seeds.

    The last are for `put_seeds`. The plan is empty where kerasad 0.1 wrote
    the file, and there are no seeds where it is older than they.

    Raises:
        InputError: it is damaged, or of a run with other settings.
    """
    rows, saved, plan, arrays = read(path)
    check_settings(path, saved, settings)
    model.optimizer.build(model.trainable_variables)
    found = {kind: listed(kind, arrays) for kind in KINDS}
    expected = {
        "weight": model.get_weights(),
        "optimizer": model.optimizer.variables,
        "best": model.get_weights(),
    }
    for kind, values in expected.items():
        if shapes(found[kind]) != shapes(values):
            raise damaged(path, f"holds other {kind} arrays than this network")
    model.set_weights(found["weight"])
    for variable, value in zip(
        model.optimizer.variables, found["optimizer"], strict=True
    ):
        variable.assign(value)
    return rows, found["best"], plan, listed("seed", arrays)


def seeds_of(model):
    """Where its dropout is in its random numbers: no weights to Keras."""
    weights = {id(weight) for weight in model.weights}
    return [one for one in model.variables if id(one) not in weights]


def put_seeds(model, values):
    """Goes on with those random numbers; with its own if there are no values.

    To be called when nothing but steps is left to do: Keras draws some as it
    builds a network.
    """
    for variable, value in zip(seeds_of(model), values, strict=len(values) > 0):
        variable.assign(value)


def read(path):
    """Rows, settings and plan, and the arrays by name."""
    with open(path, "rb") as file:
        try:
            arrays = dict(np.load(file))
            meta = json.loads(str(arrays.pop("meta")))
            rows, settings = meta["rows"], dict(meta["settings"])
            plan = dict(meta.get("plan", {}))
        except Exception as error:  # zip, NumPy, JSON: each has its own
            raise damaged(path, "is cut short or no checkpoint") from error
    return rows, settings, plan, arrays


def damaged(path, what):
    """The error, not raised, with what to do."""
    return InputError(
        f"{path}: {what}; delete it, or start anew without --resume"
    )


def shapes(arrays):
    """Of each of the arrays."""
    return [tuple(array.shape) for array in arrays]


def check_settings(path, saved, wanted):
    """`InputError` naming the first key that differs from the saved."""
    for key, value in json.loads(json.dumps(wanted)).items():
        if saved.get(key) != value:
            raise InputError(
                f"{path}: was begun with {key}={saved.get(key)!r}, not "
                f"{value!r}; resume with the same settings, or start anew "
                "without --resume"
            )


def named(kind, arrays):
    """Arrays under keys that sort as they are ordered."""
    return {f"{kind}_{index:05d}": a for index, a in enumerate(arrays)}


def listed(kind, arrays):
    """The arrays that `named` gave such keys, in order."""
    keys = sorted(key for key in arrays if key.startswith(f"{kind}_"))
    return [arrays[key] for key in keys]
