"""Visual anomaly detection with Keras 3, trained on good parts only."""

import importlib

from kerasad.registration import register_with_keras
from kerasad.version import __version__ as __version__

SUBMODULES = ("calibration", "data", "export", "layers", "losses", "maps",
              "methods", "metrics", "models", "runtime", "testing")  # fmt: skip
NAMES = {
    "Detector": "kerasad.detector",
    "Method": "kerasad.methods.method",
    "load": "kerasad.loading",
}

register_with_keras()


def __getattr__(name):
    # On first use: `import kerasad` must not import Keras, whose backend is
    # fixed at that moment.
    if name in SUBMODULES:
        return importlib.import_module(f"kerasad.{name}")
    if name in NAMES:
        return getattr(importlib.import_module(NAMES[name]), name)
    raise AttributeError(f"module 'kerasad' has no attribute {name!r}")
