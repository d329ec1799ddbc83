"""A real cluster of Ray on this machine, with two cores and what dies in it."""

import collections
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import keras
import pytest

from tests.cli.conftest import TINY, run, succeed
from tests.cli.pictures import archive_of
from tests.processes import kerasad
from tests.runtime.conftest import made, onnx_file  # noqa: F401

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason='needs ray: pip install "kerasad[ray]"',
)
IMAGES = 160


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return archive_of(tmp_path_factory.mktemp("archive"), IMAGES, days=1)


def start(*arguments):
    """A driver, and a mark in the environment of all that it starts."""
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        kerasad(*arguments),
        env={
            **os.environ,
            "KERASAD_MARK": mark,
            "KERASAD_IMAGE_MEMORY": "1024",
            "OMP_NUM_THREADS": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return process, mark


def workers(mark, name):
    """Processes of that mark whose title Ray begins with `ray::NAME`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
            own = mark.encode() in (folder / "environ").read_bytes()
        except OSError:  # ended meanwhile
            continue
        if own and title.startswith(f"ray::{name}".encode()):
            found.append(int(folder.name))
    return found


def count(results):
    return sum(f.read_bytes().count(b"\n") for f in results.glob("*.jsonl"))


def soon(true, seconds=300):
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)
    return found


@needs_ray
def test_what_is_killed_is_scored_once(onnx_file, archive, tmp_path):  # noqa: F811
    results, masks = tmp_path / "scores", tmp_path / "scores" / "coco.json"
    command = ("predict", onnx_file, archive, f"--results={results}",
               "--batch-size=2", "--ray", "--workers=2",
               "--masks=coco")  # fmt: skip
    driver, mark = start(*command)
    soon(lambda: count(results) > 5)  # an actor, in the middle
    os.kill(workers(mark, "MapWorker")[0], signal.SIGKILL)
    before = count(results)
    soon(lambda: count(results) > before + 10 or driver.poll() is not None)
    assert driver.poll() in (None, 2)
    driver.kill()  # then the driver
    driver.communicate()
    assert driver.returncode == -signal.SIGKILL and not masks.exists()
    driver, _ = start(*command)
    said = driver.communicate(timeout=300)
    assert driver.returncode == 2, said  # of the broken image
    assert said[1].splitlines() == ["1 images could not be read"]

    file = results / "1-of-1.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    found = collections.Counter((one["path"], one.get("page")) for one in lines)
    assert set(found.values()) == {1}
    assert len(found) == IMAGES + 1 + 3
    assert len(json.loads(masks.read_text())["images"]) == IMAGES + 3
    # What one process says, which takes it for its own from there.
    plain = succeed(
        "predict", onnx_file, archive / "p.tif", archive / "day0/0007.png"
    )
    scored = {(one["path"], one.get("page")): one for one in lines}
    for text in plain.stdout.splitlines():
        line = json.loads(text)
        other = scored[line["path"], line.get("page")]
        assert set(other) - set(line) == {"masks"}
        assert other["anomaly_score"] == pytest.approx(
            line["anomaly_score"], rel=1e-4
        )
    assert (
        run("predict", onnx_file, archive, "--results", results).exit_code == 2
    )
    assert count(results) == len(lines)


@needs_ray
def test_what_is_refused_ends_it(onnx_file, archive, tmp_path):  # noqa: F811
    command = kerasad("predict", onnx_file, archive, "--ray", "--workers=1",
                      "--maps", tmp_path / "upload",
                      "--map-format=mvtec-ad-2")  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stdout == ""
    [line] = done.stderr.splitlines()
    assert "is not in CATEGORY/test_SPLIT/" in line


@needs_ray
def test_a_category_a_task_that_is_killed(category, tmp_path):
    manifest = tmp_path / "parts.yaml"
    (tmp_path / "empty").mkdir()
    manifest.write_text(f"bad: empty\na one: {category}\n")
    settings = [f"--set={k}={v}" for k, v in (TINY | {"epochs": 12}).items()]
    folder = tmp_path / "runs" / "a one"
    driver, mark = start("train-many", manifest, "--out", folder.parent,
                         "--ray", "--jobs=2", "--", *settings)  # fmt: skip
    soon((folder / "checkpoint-ssae.npz").exists)
    soon(lambda: len(workers(mark, "run_command")) == 1)  # the other failed
    [worker] = workers(mark, "run_command")
    # It had its share from the start, so before it imported Keras.
    environment = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
    assert b"OMP_NUM_THREADS=1" in environment
    assert b"KERASAD_IMAGE_MEMORY=512" in environment
    assert f"KERAS_BACKEND={keras.backend.backend()}".encode() in environment
    os.kill(worker, signal.SIGKILL)
    stdout, stderr = driver.communicate(timeout=300)
    assert driver.returncode == 2, stderr  # of the empty folder
    log = (folder.parent / "logs" / "a one.log").read_text()
    assert "going on after epoch" in log
    rows = [row for row in stdout.splitlines() if row.startswith("| ")]
    assert "status 2: Error: " in rows[2] and "empty" in rows[2]
    assert "| a one | 6 trained on, 4 held out |" in rows[3]
    assert rows[3].endswith("| done |")
    assert (folder / "detector.keras").is_file()
    assert "bad: status 2: Error:" in stderr


def test_no_cluster_at_the_address(category, tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*free.getsockname())
    monkeypatch.setenv("RAY_ADDRESS", address)
    shutil.copytree(category, tmp_path / "parts" / "one")
    result = run("train-many", tmp_path / "parts", "--out", tmp_path / "runs",
                 "--ray")  # fmt: skip
    assert result.exit_code == 2 and result.stdout == ""
    [line] = result.stderr.splitlines()
    assert f"RAY_ADDRESS={address}: nobody answers there" in line


def test_without_ray(onnx_file, archive, category, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setitem(sys.modules, "ray", None)
    folder = tmp_path / "parts"
    shutil.copytree(category, folder / "one")
    for command in (
        ("predict", onnx_file, archive, "--ray"),
        ("train-many", folder, "--out", tmp_path / "runs", "--ray"),
    ):
        result = run(*command)
        assert result.exit_code == 2 and result.stdout == ""
        assert result.stderr.splitlines()[-1] == (
            "Error: this needs ray, which is not installed: "
            'pip install "kerasad[ray]"'
        )
    result = run("predict", onnx_file, archive, "--workers=2")
    assert "--workers goes with --ray" in result.stderr
