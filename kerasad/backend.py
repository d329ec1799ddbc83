"""Which Keras backend to run on, decided before Keras is imported."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import click

from kerasad.errors import InputError

BACKENDS = ("torch", "tensorflow", "jax")  # in order of preference

# Keras writes this file at its first import, whatever backend that import
# used; found unchanged, it is nobody's choice.
UNTOUCHED = {
    "floatx": "float32",
    "epsilon": 1e-07,
    "backend": "tensorflow",
    "image_data_format": "channels_last",
}


def ensure_backend(wanted: str | None = None) -> str:
    """Set `KERAS_BACKEND`, name the choice on stderr if it was ours.

    Args:
        wanted: a name from `BACKENDS`; `None` takes the environment, then
            Keras's own configuration file, then what is installed.

    Returns:
        The name of the backend.

    Raises:
        InputError: nothing usable is installed.
    """
    if "keras" in sys.modules:
        import keras

        return keras.backend.backend()
    chosen = wanted or os.environ.get("KERAS_BACKEND") or configured_backend()
    if chosen is not None:
        if chosen not in BACKENDS:
            raise InputError(
                f"KERAS_BACKEND must be one of {', '.join(BACKENDS)}. "
                f"Received: {chosen!r}"
            )
        if not installed(chosen):
            raise InputError(
                f"Keras backend {chosen!r} is not installed: "
                f'pip install "kerasad[{chosen}]", or choose another with '
                "KERAS_BACKEND"
            )
    else:
        chosen = next(filter(installed, BACKENDS), None)
        if chosen is None:
            raise InputError(
                "no Keras backend is installed: "
                'pip install "kerasad[torch]" (or [tensorflow] or [jax])'
            )
        click.echo(f"kerasad: running on {chosen}", err=True)
    os.environ["KERAS_BACKEND"] = chosen
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # start-up chatter
    return chosen


def configured_backend() -> str | None:
    """The backend that a person put into Keras's configuration file."""
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    try:
        settings = json.loads((Path(home) / "keras.json").read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(settings, dict) or settings == UNTOUCHED:
        return None
    return settings.get("backend")


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
