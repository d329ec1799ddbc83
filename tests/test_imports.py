"""The house's direction of imports, and what must not be imported."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from kerasad.methods import names

PACKAGE = Path(__file__).parents[1] / "kerasad"

# A module imports from lower rows, and in its own row from its own room.
ROWS = [
    {
        "errors",
        "text",
        "version",
        "filters",
        "legacy",
        "sides",
        "regions",
        "allocator",
        "cache",
        "domain.columns",
    },
    {"files", "plain_keras", "settings", "lines"},
    {
        "backend",
        "importing",
        "hub",
        "provenance",
        "vetting",
        "scoring",
        "moments",
        "stored",
    },
    {"registration", "lean_keras", "layers", "metrics", "calibration"},
    {"maps", "backbones"},
    {"losses", "models"},
    {"data"},
    {"calibration.independence", "domain"},
    {"calibration.shifted"},
    {"capsules"},
    {"unaligned"},
    {"evaluation"},
    {"reports"},
    {"training"},
    {"methods"},
    {"config", "detector"},
    {"loading"},
    {"training.train", "prediction", "export"},
    {"runtime", "shards", "map_files", "parquet"},
    {"coco"},
    {"opening"},
    {"serving", "many"},
    {"fleet"},
    {"testing"},
    {"cli"},
    {"__main__"},
]
NO_KERAS = {
    "errors", "files", "text", "config", "settings", "metrics", "calibration",
    "vetting", "legacy", "capsules", "sides", "regions", "lines", "prediction",
    "runtime", "serving", "shards", "map_files", "allocator", "cache", "stored",
    "coco", "parquet", "fleet", "hub",
}  # fmt: skip
NAMES_NO_METHOD = ("detector.py", "evaluation", "vetting", "export", "cli",
                   "loading.py", "prediction.py", "training")  # fmt: skip
MODULES = sorted(
    path.relative_to(PACKAGE).with_suffix("")
    for path in PACKAGE.rglob("*.py")
    if path.parent != PACKAGE or path.stem != "__init__"
)


def row_of(parts):
    for depth in (2, 1):
        name = ".".join(parts[:depth])
        for row, members in enumerate(ROWS):
            if name in members:
                return row
    return None


def imports(path):
    """Modules named in `path`: top-level ones and those in functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_direction(module):
    row = row_of(module.parts)
    assert row is not None, f"{module} has no row in this test"
    for name in imports(PACKAGE / module.with_suffix(".py")):
        parts = name.split(".")
        if parts[0] != "kerasad" or len(parts) == 1:
            continue
        target = row_of(parts[1:])
        if target is None:
            continue
        same_room = parts[1] == module.parts[0]
        assert target < row or same_room, f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_backends_are_reached_through_keras_only(module):
    roots = {n.split(".")[0] for n in imports(PACKAGE / f"{module}.py")}
    assert not roots & {"torch", "tensorflow", "jax"}
    if module.parts[0] != "reports":
        assert "matplotlib" not in roots
    numpy_only = module.parts[0] in NO_KERAS or (
        module.parts[0] == "data" and module.name != "datasets"
    )
    if numpy_only:
        assert "keras" not in roots


@pytest.mark.parametrize("place", NAMES_NO_METHOD)
def test_no_method_is_named_outside_of_the_methods(place):
    """Nor does anything there know a network."""
    path = PACKAGE / place
    for file in [path] if path.is_file() else path.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for name in names():
            assert name not in text, f"{file.name} names {name}"
        found = set(imports(file))
        assert not any(name.startswith("kerasad.models") for name in found)


def test_the_command_line_starts_without_keras():
    code = (
        "import sys, kerasad.cli\n"
        "from click.testing import CliRunner\n"
        "result = CliRunner().invoke(kerasad.cli.cli, ['--help'])\n"
        "assert result.exit_code == 0, result.output\n"
        "heavy = {'keras', 'numpy', 'scipy', 'matplotlib', 'PIL', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
