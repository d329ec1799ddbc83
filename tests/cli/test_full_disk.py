"""On a disk without room: one line, the old file, and work that goes on."""

import errno
import os
import subprocess

import keras
import pytest

from kerasad.export import find_format
from tests.cli.conftest import run, succeed
from tests.small_disk import at_most, names

pytest.importorskip("resource", reason="POSIX: limits")


@pytest.fixture
def small_disk(tmp_path):
    """A callable from a size, such as `100k`, to a folder on such a disk."""
    folder = tmp_path / "disk"
    mounted = []

    def mount(size):
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs"]
        try:
            subprocess.run([*command, folder], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a tmpfs cannot be mounted: {error}")
        mounted.append(folder)
        return folder

    yield mount
    for each in mounted:
        subprocess.run(["umount", "-l", each], check=True)


@pytest.mark.parametrize("size", [0, 1000, 100_000])
def test_a_detector_that_does_not_fit(size, detector):
    old = detector.read_bytes()
    with at_most(size):
        result = run("threshold", detector, "--method", "iqr")
    assert result.exit_code == 2
    assert result.output == (
        f"Error: {detector}: cannot be written: File too large\n"
    )
    assert detector.read_bytes() == old
    assert names(detector.parent) == ["detector.keras"]


def test_an_artefact_that_does_not_fit(detector, tmp_path):
    backend = keras.backend.backend()
    formats = {"torch": "torch", "tensorflow": "tf_saved_model"}
    if backend not in formats:
        pytest.skip("its formats need further packages")
    target = tmp_path / f"parts{find_format(formats[backend]).suffix}"
    command = ["export", detector, "--format", formats[backend]]
    with at_most(1000):
        result = run(*command, "--out", target)
    assert result.exit_code == 2
    last = result.output.splitlines()[-1]
    assert last == f"Error: {target}: cannot be written: File too large"
    assert names(tmp_path) == ["detector.keras"]


def test_results_that_do_not_fit(detector, category, tmp_path):
    out = tmp_path / "evaluation"
    with at_most(1000):
        result = run("evaluate", detector, "--data", category, "--out", out)
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"Error: {out}")
    assert last.endswith(": cannot be written: File too large")


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs Linux")
def test_a_folder_that_cannot_be(detector, category):
    out = "/proc/kerasad"
    result = run("evaluate", detector, "--data", category, "--out", out)
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last == f"Error: {out}: {os.strerror(errno.ENOENT)}"


def test_a_full_disk(small_disk, trained, category):
    """A training that fills it goes on where there is room again."""
    folder, _ = trained
    one = small_disk("1000k")  # a checkpoint, not two
    command = ["train", "--data", category, "--out", one, "--config"]
    result = run(*command, folder / "config.yaml")
    assert result.exit_code == 2
    checkpoint = one / "checkpoint-ssae.npz"
    last = result.stderr.splitlines()[-1]
    reason = "cannot be written: the disk is full"
    assert last == f"Error: {checkpoint}: {reason}"
    assert names(one) == ["checkpoint-ssae.npz"]
    subprocess.run(["mount", "-o", "remount,size=8m", one], check=True)
    result = succeed(*command, folder / "config.yaml", "--resume")
    assert "going on after epoch 1 of 2" in result.stderr
    assert names(one) == names(folder)
