"""`--layout`: where a folder can be read in several ways."""

import shutil

import pytest

from kerasad.data.layout_names import LAYOUT_NAMES
from kerasad.data.layouts import LAYOUTS
from tests.cli.conftest import TINY, run, succeed

NAMED = LAYOUTS["mvtec_ad_2"].TITLE


@pytest.fixture
def ambiguous(category_copy):
    """MVTec AD 2 as well as good/ and bad/."""
    root = category_copy
    shutil.move(root / "test", root / "test_public")
    shutil.move(root / "ground_truth", root / "test_public" / "ground_truth")
    shutil.copytree(root / "train" / "good", root / "good")
    shutil.copytree(root / "test_public" / "crack", root / "bad")
    return root


def commands(detector, data, out):
    settings = [f"--set={key}={value}" for key, value in TINY.items()]
    return {
        "train": ["train", "--data", data, "--out", out, *settings],
        "threshold": ["threshold", detector, "--data", data, "--method=iqr"],
        "evaluate": ["evaluate", detector, "--data", data, "--out", out],
        "check": ["data", "check", data],
    }


@pytest.mark.parametrize("name", ["train", "threshold", "evaluate", "check"])
def test_a_layout_is_asked_for_and_taken(name, detector, ambiguous, tmp_path):
    command = commands(detector, ambiguous, tmp_path / "out")[name]
    refused = run(*command)
    assert refused.exit_code == 2
    message = "or name one: --layout mvtec_ad_2 or good_and_bad"
    assert refused.stderr.splitlines()[-1].endswith(message)
    result = succeed(*command, "--layout", "mvtec_ad_2")
    if name != "evaluate":
        assert f"{ambiguous}: {NAMED}" in result.stderr


@pytest.mark.parametrize("name", ["train", "threshold", "evaluate"])
def test_a_layout_goes_with_data(name, detector, tmp_path):
    command = commands(detector, "-", tmp_path / "out")[name]
    place = command.index("--data")
    del command[place : place + 2]
    result = run(*command, "--layout", "plain")
    assert result.exit_code == 2
    assert result.stderr.endswith("--layout goes with --data\n")


def test_the_names_are_those_of_the_layouts():
    assert list(LAYOUTS) == list(LAYOUT_NAMES)
    for name, layout in LAYOUTS.items():
        assert layout.__name__.endswith(f".{name}")
        assert callable(layout.read) and callable(layout.matches)
