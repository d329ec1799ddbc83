"""Visual anomaly detection with Keras 3, trained on good parts only."""

import importlib

from kerasad.registration import register_with_keras
from kerasad.version import __version__ as __version__

SUBMODULES = ("data", "layers", "losses", "metrics", "models", "thresholds")

register_with_keras()


def load(path):
    """Load a detector from a `.keras` file, see `kerasad.detector.load`."""
    from kerasad.detector import load

    return load(path)


def __getattr__(name):
    # On first use: `import kerasad` must not import Keras, whose backend is
    # fixed at that moment.
    if name in SUBMODULES:
        return importlib.import_module(f"kerasad.{name}")
    if name == "Detector":
        return importlib.import_module("kerasad.detector").Detector
    raise AttributeError(f"module 'kerasad' has no attribute {name!r}")
