"""The house's direction of imports, and what must not be imported."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from kerasad.methods import names
from kerasad.registration import NEEDED

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
    {"files", "plain_keras", "settings", "lines", "recipes"},
    {
        "backend",
        "importing",
        "hub",
        "recipes",
        "provenance",
        "vetting",
        "scoring",
        "moments",
        "stored",
        "batches",
    },
    {"registration", "lean_keras", "layers", "metrics", "calibration"},
    {"maps", "backbones", "spread"},
    {"losses", "models"},
    {"data"},
    {"calibration.independence", "domain"},
    {"calibration.shifted", "calibration.record"},
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
    "coco", "parquet", "fleet", "hub", "recipes",
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
    return named_by(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def named_by(nodes):
    for node in nodes:
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


def reached(module, seen):
    """Adds to `seen` all modules of ours that importing one imports."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if module in seen or module == "kerasad" or not file.is_file():
        return seen
    tree = ast.parse(file.read_text(encoding="utf-8"))
    seen[module] = set(named_by(tree.body))  # not those in functions
    for name in (module.rpartition(".")[0], *seen[module]):
        if name.startswith("kerasad."):
            reached(name, seen)
    return seen


def test_any_module_may_be_the_first_to_import_keras():
    """What the detector needs, and what brings Keras, says so."""
    known = reached("kerasad.detector", {})
    bringing = {
        module
        for module in known
        if any(
            name.partition(".")[0] == "keras"
            for inner in reached(module, {}).values()
            for name in inner
        )
    } - {"kerasad.detector"}
    # Importing one of a room imports the room, which is in the list.
    bringing = {m for m in bringing if not m.startswith("kerasad.layers.")}
    assert bringing == NEEDED


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
