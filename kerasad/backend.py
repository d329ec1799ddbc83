"""Which Keras backend to run on, decided before Keras is imported."""

import importlib.util
import json
import os
import sys
from pathlib import Path

from kerasad.errors import InputError

BACKENDS = ("torch", "tensorflow", "jax")  # in order of preference


def ensure_backend(wanted: str | None = None) -> str:
    """Set `KERAS_BACKEND`, name the choice on stderr if it was ours.

    Args:
        wanted: a name from `BACKENDS`; `None` takes the environment, then
            what Keras would choose, then what is installed.

    Returns:
        The name of the backend.

    Raises:
        InputError: nothing usable is installed.
    """
    if "keras" in sys.modules:
        import keras

        return keras.backend.backend()
    chosen = wanted or os.environ.get("KERAS_BACKEND")
    if not chosen:
        chosen = configured_backend()
        # Nobody need have chosen it: Keras writes its default into its file.
        if chosen in BACKENDS and not installed(chosen):
            chosen = next(filter(installed, BACKENDS), None)
            if chosen is None:
                raise InputError(
                    "no Keras backend is installed: "
                    'pip install "kerasad[torch]" (or [tensorflow] or [jax])'
                )
            print(f"kerasad: running on {chosen}", file=sys.stderr)
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
    os.environ["KERAS_BACKEND"] = chosen
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # start-up chatter
    # TensorFlow 2.21 takes oneDNN by itself only where the processor has
    # AVX-512 for neural networks; with AVX2 alone it trains 1.6 times as fast.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    return chosen


def configured_backend() -> str:
    """What Keras takes by itself: of its configuration file, or its default."""
    base = os.path.expanduser("~")  # stays so for a user who has no home
    base = base if os.access(base, os.W_OK) else "/tmp"
    home = os.environ.get("KERAS_HOME") or Path(base) / ".keras"
    try:
        settings = json.loads((Path(home) / "keras.json").read_text())
        return settings.get("backend", "tensorflow")
    except (OSError, ValueError, AttributeError):
        return "tensorflow"


def installed(name: str) -> bool:
    """Whether a module could be imported; it is not."""
    return importlib.util.find_spec(name) is not None
