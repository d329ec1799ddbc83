"""Modules of a person's own, imported because she said so."""

import importlib
import importlib.util
import sys
from pathlib import Path

from kerasad.errors import InputError


def import_module(name: str):
    """A module by its name, or a `.py` file as the module of its stem.

    Raises:
        InputError: there is none, or importing it failed.
    """
    path = Path(name)
    try:
        if path.suffix != ".py":
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        return module
    except Exception as error:  # it is anybody's code
        sys.modules.pop(path.stem, None)
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise InputError(
            f"{name}: cannot be imported ({reason}); expected a Python file "
            "or the name of an installed module"
        ) from error
