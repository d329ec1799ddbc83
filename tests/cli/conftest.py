import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerasad.capsules import write_category
from kerasad.cli import cli

pytest.register_assert_rewrite("tests.cli.refusals")

# A training that is over in seconds and still runs every part of `default`.
TINY = {
    "image_size": 64,
    "filters": "[16, 16]",
    "blocks": 1,
    "crop": 32,
    "epochs": 2,
    "batch_size": 4,
    "memory_images": 8,
    "validation_share": 0.4,
    "precision": "float32",
    "threshold": "n-sigma",
}


def run(*arguments, input=None):
    """Runs the command line in this process; `InputError` is its own."""
    return CliRunner().invoke(cli, [str(a) for a in arguments], input)


def succeed(*arguments, input=None):
    result = run(*arguments, input=input)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="session")
def category(tmp_path_factory):
    """A drawn category of 64 pixels: 10 to train on, 3 good, 6 defective."""
    folder = tmp_path_factory.mktemp("data") / "capsules"
    defects = {"crack": 2, "squeeze": 2, "scratch": 2}
    return write_category(folder, size=64, train=10, good=3, defects=defects)


@pytest.fixture(scope="session")
def trained(category, tmp_path_factory):
    """A finished run: its folder and what `train` printed."""
    folder = tmp_path_factory.mktemp("run")
    settings = [f"--set={key}={value}" for key, value in TINY.items()]
    result = succeed("train", "--data", category, "--out", folder, *settings)
    return folder, result


@pytest.fixture
def detector(trained, tmp_path):
    """A copy of the trained detector that a test may change."""
    copy = tmp_path / "detector.keras"
    copy.write_bytes((trained[0] / "detector.keras").read_bytes())
    return copy


@pytest.fixture
def category_copy(category, tmp_path):
    """A copy of the category that a test may change."""
    return Path(shutil.copytree(category, tmp_path / "capsules"))
