"""Scoring shared out: workers that are killed, each image exactly once."""

import collections
import json
import os
import signal
import subprocess
import time

import pytest

from kerasad.shards import falls_to
from tests.cli.conftest import run, succeed
from tests.cli.pictures import archive_of
from tests.processes import kerasad
from tests.runtime.conftest import made, onnx_file  # noqa: F401

IMAGES = 120


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return archive_of(tmp_path_factory.mktemp("archive"), IMAGES, days=3)


def lines(results):
    return [
        json.loads(line)
        for file in sorted(results.glob("*.jsonl"))
        for line in file.read_text().splitlines()
    ]


def start(detector, archive, results, shard):
    return subprocess.Popen(
        kerasad("predict", detector, archive, "--batch-size=1",
                f"--results={results}", f"--shard={shard}/2"),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def count(results):
    return sum(f.read_bytes().count(b"\n") for f in results.glob("*.jsonl"))


def test_killed_at_any_moment(onnx_file, archive, tmp_path):  # noqa: F811
    results = tmp_path / "scores"
    results.mkdir()
    kills = 0
    while True:
        before = count(results)
        workers = [start(onnx_file, archive, results, i) for i in (1, 2)]
        end = time.monotonic() + 60
        # After some lines more, and then at once: in the middle of anything.
        while count(results) < before + 17 and time.monotonic() < end:
            if all(worker.poll() is not None for worker in workers):
                break
            time.sleep(0.001)
        for worker in workers:
            if kills < 5 and worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
                kills += 1
        codes = []
        for worker in workers:
            said = worker.communicate()
            codes.append(worker.returncode)
            assert worker.returncode in (-signal.SIGKILL, 0, 2), said
        if kills >= 5 and -signal.SIGKILL not in codes:
            break
    assert sorted(codes) == [0, 2]  # 2: one of them has the broken image
    found = collections.Counter(
        (line["path"], line.get("page")) for line in lines(results)
    )
    assert set(found.values()) == {1}
    assert len(found) == IMAGES + 1 + 3
    whole = succeed("predict", onnx_file, archive / "day1", archive / "p.tif")
    scored = {(one["path"], one.get("page")): one for one in lines(results)}
    for text in whole.stdout.splitlines():
        line = json.loads(text)
        other = scored[line["path"], line.get("page")]
        assert other["anomaly_score"] == pytest.approx(
            line["anomaly_score"], rel=1e-4
        )


def test_shares_are_even_and_disjoint():
    paths = [f"/data/{index}.png" for index in range(4000)]
    shares = [[falls_to(p, i, 7) for p in paths] for i in range(1, 8)]
    assert all(sum(owners) == 1 for owners in zip(*shares, strict=True))
    assert all(480 < sum(share) < 670 for share in shares)


def test_half_a_line_is_cut(onnx_file, archive, tmp_path):  # noqa: F811
    results = tmp_path / "scores"
    arguments = ("predict", onnx_file, archive / "day0", "--results", results)
    assert succeed(*arguments).stdout == ""
    file = results / "1-of-1.jsonl"
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    succeed(*arguments)
    assert count(results) == IMAGES // 3
    paths = {line["path"] for line in lines(results)}
    assert len(paths) == IMAGES // 3
    assert (
        file.read_bytes()[: len(content) // 2] == content[: len(content) // 2]
    )


def refused(message, *arguments):
    result = run("predict", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[-1]
    assert result.stdout == ""


def test_what_does_not_belong_together(onnx_file, made, archive, tmp_path):  # noqa: F811
    results = tmp_path / "scores"
    day = archive / "day0"
    for text in ("0/2", "3/2", "1", "a/b", "1/2/3", "-1/2", "1/1234567"):
        refused("must be I/N", onnx_file, day, f"--shard={text}",
                f"--results={results}")  # fmt: skip
    refused("--shard goes with --results", onnx_file, day, "--shard=1/2")
    refused("no such file", tmp_path / "no.onnx", day, f"--results={results}")
    assert not results.exists()
    succeed("predict", onnx_file, day, f"--results={results}", "--shard=1/2")
    before = count(results)
    other = "holds results of another detector or another number of shards"
    refused(other, onnx_file, day, f"--results={results}", "--shard=1/3")
    refused(other, made / "detector.keras", day, f"--results={results}",
            "--shard=1/2")  # fmt: skip
    assert count(results) == before
    (results / "1-of-2.jsonl").write_text("nothing\n")
    refused("holds a line that is no result", onnx_file, day,
            f"--results={results}", "--shard=1/2")  # fmt: skip


def test_two_workers_of_one_shard(onnx_file, archive, tmp_path):  # noqa: F811
    from kerasad.shards import Results

    results = tmp_path / "scores"
    with Results(results, (1, 1), onnx_file):
        refused("another process works at shard 1/1", onnx_file, archive,
                f"--results={results}")  # fmt: skip
