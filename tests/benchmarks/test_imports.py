"""A benchmark is run seldom: what it takes of kerasad must still be there."""

import importlib
from pathlib import Path

import pytest

import benchmarks

NAMES = sorted(path.stem for path in Path(benchmarks.__path__[0]).glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_imports(name):
    importlib.import_module(f"benchmarks.{name}")
