"""Which software made a result."""

import importlib.metadata

import keras

from kerasad.version import __version__


def versions() -> dict:
    """Versions of kerasad, Keras, its backend and numpy."""
    names = ["keras", keras.backend.backend(), "numpy"]
    found = {name: importlib.metadata.version(name) for name in names}
    return {"kerasad": __version__, **found}
