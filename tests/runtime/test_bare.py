"""The runtime where nothing else is installed: no Keras, SciPy, Matplotlib.

A real environment, of links to the few packages that belong in it: quicker
than installing them, and as empty.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import click
import pytest

import kerasad
from kerasad.backend import installed
from kerasad.loading import load
from kerasad.prediction import predict_files
from tests.runtime.test_exported import check_lines

pytestmark = pytest.mark.filterwarnings("ignore")
PACKAGES = ("numpy", "pillow", "tifffile", "onnxruntime", "openvino")
CODE = """
import sys, time
start = time.perf_counter()
import json
from importlib.machinery import PathFinder
import kerasad.runtime

assert not {"onnxruntime", "openvino", "tifffile"} & set(sys.modules)
detector = kerasad.runtime.load(sys.argv[1], threads=1)
ready = time.perf_counter() - start
for line in detector.predict_files(sys.argv[2:], out="overlays"):
    del line["overlay"]
    print(json.dumps(line))
absent = "keras torch tensorflow jax matplotlib scipy skimage click yaml"
for name in absent.split():
    if PathFinder.find_spec(name) is not None:
        sys.exit(f"{name} is installed here")
print(ready, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of a venv with `PACKAGES` and kerasad."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in PACKAGES:
        if name == "openvino" and not installed(name):
            continue
        for file in importlib.metadata.files(name):
            top = Path(file).parts[0]
            source, link = Path(file.locate()), site / top
            while source.name != top:
                source = source.parent
            if top != ".." and not link.exists():
                link.symlink_to(source)
    (site / "kerasad").symlink_to(Path(kerasad.__file__).parent)
    return folder / "bin" / "python"


def test_predicts_alone(python, artefact, made, tmp_path):
    files = [made / "photos" / f"{index}.png" for index in range(4)]
    kept = ("PATH", "HOME", "SYSTEMROOT")
    environment = {n: os.environ[n] for n in kept if n in os.environ}
    done = subprocess.run(
        [python, "-c", CODE, artefact, *files],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    received = [json.loads(line) for line in done.stdout.splitlines()]
    detector = load(made / "detector.keras")
    check_lines(received, list(predict_files(detector, files)))
    assert len(list((tmp_path / "overlays").iterdir())) == 4
    if artefact.suffix == ".onnx":
        # Under 1 s on a quiet core; the suite has company on its cores.
        assert float(done.stderr.splitlines()[-1]) < 5


def test_importing_it_imports_no_more_than_it_needs():
    code = "import sys, kerasad.runtime\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    heavy = "keras torch tensorflow jax scipy matplotlib skimage sklearn click"
    own = "onnxruntime openvino tifffile yaml"
    assert not {*heavy.split(), *own.split()} & {*done.stdout.split()}


@pytest.mark.parametrize(
    "arguments, package, extra",
    [
        ("serve part.onnx", "starlette", "serve"),
        ("train", "yaml", "torch"),
        ("evaluate d.keras", "", "torch"),
    ],
)
def test_other_commands_say_what_they_need(
    python, arguments, package, extra, tmp_path
):
    """With click, which the command line takes, and nothing else."""
    (tmp_path / "click").symlink_to(Path(click.__file__).parent)
    done = subprocess.run(
        [
            python,
            "-c",
            "from kerasad.cli import cli; cli()",
            *arguments.split(),
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert package in line and f'pip install "kerasad[{extra}]"' in line
