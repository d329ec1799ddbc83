"""File and folder names that hold anything, through every command."""

import csv
import json
import os
import shutil

import pytest
from PIL import Image

from kerasad.data.category import Sample
from kerasad.reports.results import heatmap_names
from tests.cli.conftest import run, succeed
from tests.reports.test_html import Page

DEFECTS = {
    "crack": "<img src=x onerror=alert(1)>",
    "squeeze": "=1+1 $x_{$",
    "scratch": os.fsdecode(b"\x1b[31m\xff\n"),
}
NAMES = ["$x_{$", "a\"b'<b>", "one\ntwo", "-rf", "=1+1", "\x1b[2J" + "é" * 60]


@pytest.fixture(scope="module")
def hostile_category(category, tmp_path_factory):
    """The drawn category, its test split under other names."""
    folder = tmp_path_factory.mktemp("hostile") / "$a$ <b>&amp;"
    shutil.copytree(category / "train", folder / "train")
    names = iter(NAMES)
    shutil.copytree(category / "test" / "good", folder / "test" / "good")
    for old, new in DEFECTS.items():
        (folder / "test" / new).mkdir(parents=True)
        (folder / "ground_truth" / new).mkdir(parents=True)
        for path in sorted((category / "test" / old).iterdir()):
            name = next(names)
            mask = f"{path.stem}_mask.png"
            for source, target in [
                (path, f"test/{new}/{name}.png"),
                (
                    category / "ground_truth" / old / mask,
                    f"ground_truth/{new}/{name}_mask.png",
                ),
            ]:
                shutil.copyfile(source, folder / target)
    return folder


def controls(text):
    return {c for c in text if not c.isprintable()} - {"\n"}


def test_evaluate(detector, hostile_category, tmp_path):
    out = tmp_path / "out"
    result = succeed(
        "evaluate", detector, "--data", hostile_category, "--out", out
    )
    assert not controls(result.output)
    assert "<img src=x onerror=alert(1)>" in result.stdout
    assert r"\x1b[31m\udcff\n" in result.stdout  # in one line

    page = Page((out / "report.html").read_text("utf-8"))
    assert page.all("img", src="x") == []
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "$a$ <b>&amp;" in page.text
    assert not any("onerror" in own for _, own in page.elements)

    with open(out / "scores.csv", encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    rows = list(csv.DictReader(lines[:-1]))
    assert len(rows) == len(lines) - 2 == 9  # a line each
    assert all(
        not value.startswith(tuple("=+-@"))
        for r in rows
        for value in r.values()
    )
    assert "'=1+1 $x_{$" in {row["defect"] for row in rows}
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert set(DEFECTS.values()) <= set(metrics["per_defect"])
    assert len(list((out / "heatmaps").iterdir())) == 9


def test_predict(detector, hostile_category, tmp_path):
    out = tmp_path / "overlays"
    folders = [hostile_category / "test" / name for name in DEFECTS.values()]
    result = succeed("predict", detector, *folders, "--out", out)
    assert not controls(result.output)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert {os.path.basename(line["path"]) for line in lines} == {
        f"{name}.png" for name in NAMES
    }
    overlays = {line["overlay"] for line in lines}
    assert len(overlays) == len(NAMES)
    assert {os.path.dirname(path) for path in overlays} == {str(out)}
    assert len(list(out.iterdir())) == len(NAMES)


def test_overlays_of_equal_names(detector, category, tmp_path):
    """One stem in two folders, and one that fills what a name may hold."""
    source = next((category / "test" / "good").iterdir())
    for name in ("a/same.png", "b/same.png", f"a/{'ü' * 120}.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(source, tmp_path / name)
    out = tmp_path / "out"
    roundabout = tmp_path / "a" / ".." / "a"
    succeed("predict", detector, roundabout, tmp_path / "b", "--out", out)
    assert len(list(out.iterdir())) == 3
    for path in out.iterdir():
        with Image.open(path) as image:
            image.load()


def test_check(hostile_category):
    result = succeed("data", "check", hostile_category)
    assert not controls(result.output)
    assert len(result.stdout.splitlines()) == 5


def test_errors(detector, tmp_path):
    name = "\x1b[31m<b>\n.png"
    (tmp_path / name).write_bytes(b"not an image")
    result = run("predict", detector, tmp_path / name)
    assert result.exit_code == 2
    assert not controls(result.output)
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["path"] == str(tmp_path / name)


def test_heatmaps_do_not_replace_each_other(tmp_path):
    def names(*paths):
        samples = [
            Sample(tmp_path / path, path.split("/")[0], 1, "test")
            for path in paths
        ]
        return heatmap_names(samples)

    assert names("good/000.png", "crack/000.png") == [
        "good_000.png",
        "crack_000.png",
    ]
    for pair in [
        ("a_b/c.png", "a/b_c.png"),
        ("a/c.png", "a/c.jpg"),
        ("a/c.png", "a/C.png"),
    ]:
        first, second = names(*pair)
        assert first.casefold() != second.casefold()
    (name,) = names(f"{'d' * 200}/{'é' * 120}.png")
    assert len(os.fsencode(name)) < 240
