"""Makes `keras.saving.load_model` know kerasad's classes.

Keras finds a class only if its module has been imported, yet importing
kerasad must not import Keras: that takes seconds, and fixes the backend before
`--backend` was read. So the import of Keras, whenever it happens, brings ours.
"""

import importlib
import importlib.abc
import importlib.util
import sys

from kerasad.backend import ensure_backend


class AfterKeras(importlib.abc.MetaPathFinder):
    """Imports `kerasad.detector` at the end of the import of Keras."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        ensure_backend()
        spec = importlib.util.find_spec("keras")
        if spec is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_register(module):
            execute(module)
            importlib.import_module("kerasad.detector")

        spec.loader.exec_module = execute_and_register
        return spec


def register_with_keras():
    if "keras" in sys.modules:
        importlib.import_module("kerasad.detector")
    elif not any(isinstance(f, AfterKeras) for f in sys.meta_path):
        sys.meta_path.insert(0, AfterKeras())
