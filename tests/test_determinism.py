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
        "7943578be8a62637",
        "070bc09e76fcdae4",
        "f0f36097dd5e1649",
        "ca2976ea83322561",
    ],
    "robust": [
        "7a87a02ea5a951ab",
        "bea759005dd56d39",
        "42a97f174319fbc0",
        "60214ad68ca69ca3",
    ],
    "e5": [
        "a96db9e531229480",
        "42bfa4e3fb6de467",
        "3c1e5bed06aaecd9",
        "f58fcbf01808225c",
    ],
    "ds1": [
        "d09cf8077115d636",
        "cd21b78b1dd56601",
        "e92814062669f19f",
        "2220055b2f83a35a",
    ],
    "ds2": [
        "8410a4fe4c4f7c24",
        "f0edb5825e7aa392",
        "e1987764c8aaf906",
        "afb5a928caa65740",
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
    """Without the vector units that numpy would choose by the machine."""
    features = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL"}
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
