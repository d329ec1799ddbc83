"""Same seed, same numbers: batches everywhere, metrics on one machine."""

import json
import os
import subprocess
import sys

from tests.cli.conftest import TINY, category, succeed, trained  # noqa: F401
from tests.first_batches import fingerprints

# Of every backend and platform. A change of them is a change of every
# training run: say so in the commit that makes it.
PINNED = {
    "default": [
        "d2d65fd3432b6e22",
        "1730f6eb334539d5",
        "9c95fb733824f993",
        "010992c6e2dfebc9",
    ],
    "robust": [
        "7a87a02ea5a951ab",
        "bea759005dd56d39",
        "42a97f174319fbc0",
        "60214ad68ca69ca3",
    ],
    "e5": [
        "70e3be856c161184",
        "103aece29f900f23",
        "87627fd11a102dc1",
        "f1d0677b6da7a9ee",
    ],
    "ds1": [
        "3c08f71c53e1fd88",
        "9b22ededfde7eaf6",
        "9cc0e613b2452945",
        "cc1c6c4ac7e49eec",
    ],
    "ds2": [
        "9ab1a6bf6b375614",
        "9278cc4cf71845bf",
        "712c6d990d4dff3e",
        "3bb7e549061b73f2",
    ],
    "h2": [
        "65d975c59a9601f5",
        "bd65926ed448709d",
        "3d9ca8b91fa92793",
        "27e87d3cf8a3c3fb",
    ],
}


def test_the_first_batches_are_the_pinned_ones():
    assert fingerprints() == PINNED


def test_a_plain_processor_draws_the_same_batches():
    """Without the vector units that numpy would choose by the machine.

    And with another library of linear algebra than any machine of today's:
    those of AMD's fifth Zen and of Intel's servers round differently.
    """
    features = {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL",
        "OPENBLAS_CORETYPE": "Prescott",
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.first_batches"]
    printed = subprocess.run(
        command, env={**os.environ, **features}, check=True, capture_output=True
    ).stdout
    assert json.loads(printed) == PINNED


def test_two_runs_give_identical_metrics(trained, category, tmp_path):  # noqa: F811
    """The second in another process, with another order of hashes."""
    first = tmp_path / "first"
    detector = trained[0] / "detector.keras"
    succeed("evaluate", detector, "--data", category, "--out", first)

    run = tmp_path / "run"
    kerasad = [sys.executable, "-m", "kerasad"]
    settings = [f"--set={key}={value}" for key, value in TINY.items()]
    env = {**os.environ, "PYTHONHASHSEED": "1"}
    for command in (
        ["train", "--data", category, "--out", run, *settings],
        ["evaluate", run / "detector.keras", "--data", category],
    ):
        subprocess.run([*kerasad, *command], env=env, check=True)
    one, other = (
        json.loads((folder / "metrics.json").read_text())
        for folder in (first, run / "evaluation")
    )
    assert one.pop("seconds") > 0 and other.pop("seconds") > 0
    assert one == other
    names = [path.name for path in sorted((first / "heatmaps").iterdir())]
    assert names
    for name in names:
        one = (first / "heatmaps" / name).read_bytes()
        other = (run / "evaluation" / "heatmaps" / name).read_bytes()
        assert one == other, name
