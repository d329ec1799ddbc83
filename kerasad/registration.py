"""Makes `keras.saving.load_model` know kerasad's classes.

Keras finds a class only if its module has been imported, yet importing
kerasad must not import Keras: that takes seconds, and fixes the backend before
`--backend` was read. So the import of Keras, whenever it happens, brings ours.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys

from kerasad.backend import ensure_backend

# Modules that import Keras and that `kerasad.detector` needs whole.
NEEDED = {
    f"kerasad.{name}"
    for name in (
        *("calibration.record", "calibration.shifted", "domain.copies"),
        *("domain.domain", "domain.edges", "domain.grain", "domain.learning"),
        *("domain.light", "domain.refinement", "domain.sampling"),
        *("domain.search", "domain.texture", "filters", "layers"),
        *("methods.method", "plain_keras", "scoring", "spread"),
    )
}


class AfterKeras(importlib.abc.MetaPathFinder):
    """Imports `kerasad.detector` at the end of the import of Keras.

    A module that it needs may itself be what first imports Keras, and would
    then be found half loaded. So Keras is imported before such a module.
    """

    def find_spec(self, name, path=None, target=None):
        """Lets Keras be imported as always, then what registers with it."""
        if name in NEEDED and "keras" not in sys.modules:
            importlib.import_module("keras")
            return importlib.machinery.ModuleSpec(name, AlreadyLoaded())
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


class AlreadyLoaded(importlib.abc.Loader):
    """Hands over the module that importing Keras has brought."""

    def create_module(self, spec):
        module = sys.modules[spec.name]
        self.spec = module.__spec__
        return module

    def exec_module(self, module):
        """Nothing is left to execute."""
        module.__spec__ = self.spec


def register_with_keras():
    """Makes Keras know `Detector` as soon as Keras is imported."""
    if "keras" in sys.modules:
        importlib.import_module("kerasad.detector")
    elif not any(isinstance(f, AfterKeras) for f in sys.meta_path):
        sys.meta_path.insert(0, AfterKeras())
