"""Many categories, in processes of their own."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from kerasad.errors import InputError
from kerasad.evaluation.measures import METRICS
from kerasad.many.jobs import shared_environment
from kerasad.many.tables import mean_of
from tests.cli.conftest import TINY, run, succeed
from tests.processes import kerasad

SETTINGS = [
    f"--set={key}={value}" for key, value in (TINY | {"epochs": 1}).items()
]
# Where it does not matter what is trained.
AT_ONCE = [
    *("--config=memory", "--set=image_size=32", "--set=memory_images=4"),
    *("--set=validation_share=0.4", "--set=threshold=n-sigma"),
]


@pytest.fixture(scope="module")
def parts(category, tmp_path_factory):
    """A manifest of two categories."""
    folder = tmp_path_factory.mktemp("parts")
    shutil.copytree(category, folder / "data" / "first")
    shutil.copytree(category, folder / "data" / "second")
    manifest = folder / "parts.yaml"
    manifest.write_text("a one: data/first\nb: data/second\n")
    return manifest


@pytest.fixture(scope="module")
def trained_many(parts, tmp_path_factory):
    runs = tmp_path_factory.mktemp("many") / "runs"
    result = succeed("train-many", parts, "--out", runs, "--jobs=2", "--",
                     *SETTINGS)  # fmt: skip
    return runs, result


def cells(text):
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def test_one_detector_a_category(trained_many):
    runs, result = trained_many
    head, _, first, second = cells(result.stdout)
    assert head == ["category", "images", "training", "threshold", "state"]
    assert [first[0], second[0]] == ["a one", "b"]
    for row in (first, second):
        assert row[1] == "6 trained on, 4 held out" and row[4] == "done"
        assert "by n-sigma" in row[3]
        assert (runs / row[0] / "detector.keras").is_file()
    page = (runs / "index.html").read_text()
    assert 'href="a one/curves.png"' in page


def test_what_is_finished_is_left(trained_many, parts):
    runs, _ = trained_many
    files = [runs / name / "detector.keras" for name in ("a one", "b")]
    before = [file.stat().st_mtime_ns for file in files]
    os.utime(files[1])
    files[1].unlink()  # of this one, as if it had been killed
    succeed("train-many", parts, "--out", runs, "--", *SETTINGS)
    assert files[0].stat().st_mtime_ns == before[0]
    assert files[1].is_file()


def test_the_mean_of_all(trained_many, category):
    runs, _ = trained_many
    result = succeed("evaluate-many", runs, "--jobs=2")
    head, _, first, second, mean = cells(result.stdout)
    assert head == ["category", *(metric.name for metric in METRICS)]
    assert mean[0] == "mean of 2"
    for index, metric in enumerate(METRICS, start=1):
        own = [
            json.loads((runs / n / "evaluation" / "metrics.json").read_text())
            for n in ("a one", "b")
        ]
        values = [one[metric.key] for one in own]
        assert float(first[index]) == pytest.approx(values[0], abs=6e-4)
        assert float(mean[index]) == pytest.approx(sum(values) / 2, abs=6e-4)
    page = (runs / "index.html").read_text()
    assert 'href="b/evaluation/report.html"' in page
    again = succeed("evaluate-many", runs)
    assert again.stdout == result.stdout
    assert "done" not in again.stderr  # nothing was run


def test_a_category_that_fails_stops_no_other(category, tmp_path):
    manifest = tmp_path / "parts.yaml"
    (tmp_path / "empty").mkdir()
    manifest.write_text(f"bad: empty\ngood: {category}\n")
    runs = tmp_path / "runs"
    result = run("train-many", manifest, "--out", runs, "--", *AT_ONCE)
    assert result.exit_code == 2
    _, _, bad, good = cells(result.stdout)
    assert bad[4].startswith("status 2: Error: ") and "empty" in bad[4]
    assert good[4] == "done"
    result = run("evaluate-many", runs)
    assert result.exit_code == 2 and result.stdout == ""
    assert "finish `kerasad train-many` first" in result.stderr


def test_cores_and_memory_are_shared_out(monkeypatch):
    monkeypatch.setenv("KERASAD_IMAGE_MEMORY", "600")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    environment = shared_environment(2, 3)
    assert environment["KERASAD_IMAGE_MEMORY"] == "200"
    assert environment["OMP_NUM_THREADS"] == "2"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")  # chosen by somebody
    assert shared_environment(2, 3)["OMP_NUM_THREADS"] == "5"
    monkeypatch.delenv("KERASAD_IMAGE_MEMORY")
    assert shared_environment(1, 4)["KERASAD_IMAGE_MEMORY"] == "256"
    monkeypatch.setenv("KERASAD_IMAGE_MEMORY", "much")
    with pytest.raises(InputError, match="whole number of MiB"):
        shared_environment(1, 4)


def test_no_mean_of_some():
    assert mean_of([0.5, 1.0], 2) == "0.750"
    assert mean_of([0.5], 2) == mean_of([0.5, None], 2) == "-"


def test_ended_it_ends_its_own(category, tmp_path):
    manifest = tmp_path / "parts.yaml"
    manifest.write_text(f"a: {category}\nb: {category}\n")
    many = subprocess.Popen(
        kerasad("train-many", manifest, "--jobs=2",
                f"--out={tmp_path / 'runs'}", "--", *SETTINGS,
                "--set=epochs=5000"),
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    logs = [tmp_path / "runs" / "logs" / f"{name}.log" for name in "ab"]
    try:
        end = time.monotonic() + 120
        while not all(
            log.exists() and "epoch 1 of" in log.read_text() for log in logs
        ):
            assert many.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        many.send_signal(signal.SIGTERM)
        assert many.wait(60) == 143
    finally:
        many.kill()
        many.communicate()
    for log in logs:
        assert "interrupted; go on with" in log.read_text()


def test_bad_manifests_are_refused(tmp_path, category):
    manifest = tmp_path / "parts.yaml"
    (tmp_path / "none").mkdir()
    for text, message in {
        "a: nowhere\n": "parts.yaml: key 'a': no folder nowhere",
        "a: 3\n": "key 'a' must be a folder. Received: '3'",
        f"../a: {category}\n": "'../a' is no name of a category",
        "- a\n": "parts.yaml",
    }.items():
        manifest.write_text(text)
        result = run("train-many", manifest, "--out", tmp_path / "runs")
        assert result.exit_code == 2, result.output
        assert message in result.stderr.splitlines()[-1]
    result = run("train-many", tmp_path / "none", "--out", tmp_path / "runs")
    assert "holds no folders; expected one a category" in result.stderr
    result = run("train-many", manifest, "--", "--out=x")
    assert "--out=x is set for each category; leave it out" in result.stderr
    assert run("evaluate-many", tmp_path).exit_code == 2
    assert not (tmp_path / "runs").exists()
