"""Data folders that lack something, or hold too much."""

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kerasad
from kerasad.data.layouts import LAYOUTS
from tests.cli.conftest import succeed
from tests.cli.refusals import refuse

CHECK = "data check {data}"
EVALUATE = "evaluate {detector} --data {data} --out {folder}/out"
TRAIN = "train --data {data} --out {folder}/out"
THRESHOLD = "threshold {detector} --data {data} --method iqr"
NO_IMAGES = (
    "no images; expected a folder of good images, or a category with train/good"
)
LOOKED_FOR = f"{NO_IMAGES}. Looked for " + "; ".join(
    layout.TITLE for layout in LAYOUTS.values()
)
NOT_A_FOLDER = (
    "{data}: no such folder; expected a category in MVTec layout or a folder "
    "of good images"
)
NO_GOOD = "{data}: must hold train/good with normal images; train/good is "
NO_GOOD += "missing"
NO_TEST = "{data}: must hold test/good and test/<defect>, as in MVTec AD, to "
NO_TEST += "be evaluated; test is missing"
EMPTY_TEST = "{data}/test: no images; expected test/good/*.png and "
EMPTY_TEST += "test/<defect>/*.png"
MASK = "ground_truth/crack/000_mask.png"


def removed(*names):
    def change(data):
        for name in names:
            path = data / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def emptied(name):
    def change(data):
        removed(name)(data)
        (data / name).mkdir(parents=True)

    return change


def replaced(name, content=b""):
    def change(data):
        removed(name)(data)
        (data / name).write_bytes(content)

    return change


def drawn(name, size, value):
    return lambda data: Image.new("L", size, value).save(data / name)


def linked(name, target):
    return lambda data: (data / name).symlink_to(target)


def only(name):
    """Hidden files and folders with an image's name are no images."""

    def change(data):
        emptied(name)(data)
        for other in ("Thumbs.db", ".hidden.png", "._000.png", "notes.txt"):
            (data / name / other).write_bytes(b"x")
        (data / name / "folder.png").mkdir()

    return change


REFUSED = [
    ("nothing", CHECK, removed("."), NOT_A_FOLDER),
    ("nothing", TRAIN, removed("."), NOT_A_FOLDER),
    ("nothing", EVALUATE, removed("."), NOT_A_FOLDER),
    ("nothing", THRESHOLD, removed("."), NOT_A_FOLDER),
    ("a file", CHECK, replaced("."), NOT_A_FOLDER),
    ("a file", TRAIN, replaced("."), NOT_A_FOLDER),
    ("empty", CHECK, emptied("."), "{data}: " + LOOKED_FOR),
    ("empty", TRAIN, emptied("."), "{data}: " + LOOKED_FOR),
    ("empty", THRESHOLD, emptied("."), "{data}: " + LOOKED_FOR),
    ("empty", EVALUATE, emptied("."), NO_TEST),
    ("no train", CHECK, removed("train"), NO_GOOD),
    ("no train", TRAIN, removed("train"), NO_GOOD),
    ("no train/good", TRAIN, removed("train/good"), NO_GOOD),
    ("no train/good", THRESHOLD, removed("train/good"), NO_GOOD),
    ("empty train/good", TRAIN, emptied("train/good"),
     "{data}/train/good: " + NO_IMAGES),
    ("no images", TRAIN, only("train/good"),
     "{data}/train/good: " + NO_IMAGES),
    ("no test", EVALUATE, removed("test"), NO_TEST),
    ("empty test", EVALUATE, emptied("test"), EMPTY_TEST),
    ("empty test", CHECK, emptied("test"), EMPTY_TEST),
    ("broken link", EVALUATE, linked("test/gone", "nowhere"),
     "{data}/test/gone: a broken link; remove it, or mend what it points to"),
    ("endless link", CHECK, linked("test/loop", "loop"),
     "{data}/test/loop: a broken link; remove it, or mend what it points to"),
    ("broken link", TRAIN, linked("train/good/000b.png", "gone.png"),
     "{data}/train/good/000b.png: a broken link: no such file gone.png"),
    ("a file of masks", CHECK, replaced("ground_truth"),
     "{data}/test/crack/000.png: its mask is missing; expected " + MASK),
    ("no mask", EVALUATE, removed(MASK),
     "{data}/test/crack/000.png: its mask is missing; expected " + MASK),
    ("no mask", CHECK, removed(MASK),
     "{data}/test/crack/000.png: its mask is missing; expected " + MASK),
    ("empty mask file", EVALUATE, replaced(MASK),
     "{data}/" + MASK + ": not a readable image (cannot identify image file "
     "'file'); expected PNG, JPEG, BMP, TIFF or WebP"),
    ("mask of zeros", EVALUATE, drawn(MASK, (64, 64), 0),
     "{data}/" + MASK + ": marks no pixel; a defective image needs a mask of "
     "its defect"),
    ("mask of zeros", CHECK, drawn(MASK, (64, 64), 0),
     "{data}/" + MASK + ": marks no pixel; a defective image needs a mask of "
     "its defect"),
    ("small mask", EVALUATE, drawn(MASK, (32, 64), 255),
     "{data}/" + MASK + ": is 32 x 64 pixels, its image 64 x 64; they must be "
     "equal"),
    ("small mask", CHECK, drawn(MASK, (32, 64), 255),
     "{data}/" + MASK + ": is 32 x 64 pixels, its image 64 x 64; they must be "
     "equal"),
    ("two images", TRAIN, lambda data: keep(data / "train" / "good", 2),
     "2 good images are too few: with validation_share=0.1 at least 6 are "
     "needed"),
    ("six images", TRAIN + " --set fpr=0.01",
     lambda data: keep(data / "train" / "good", 6),
     "With 1 calibration images no threshold guarantees a false-positive rate "
     "under 1/2 = 0.5. Received: fpr=0.01. Raise fpr to that or give more "
     "normal images: 0.01 needs at least 99 images."),
    ("no textures", TRAIN + " --textures {data}/none", removed(),
     "Texture folder {data}/none is not a folder: give one that holds images, "
     "or leave it out to use the built-in textures"),
    ("bad texture", TRAIN + " --textures {data}/test/crack",
     replaced("test/crack/000.png", b"x"),
     "Texture {data}/test/crack/000.png cannot be read as an image: mend or "
     "remove it"),
]  # fmt: skip


def keep(folder, count):
    for path in sorted(folder.iterdir())[count:]:
        path.unlink()


@pytest.mark.parametrize("name, command, change, message", REFUSED)
def test_a_bad_folder_is_refused(
    name, command, change, message, detector, category_copy, tmp_path
):
    change(category_copy)
    settings = " --set image_size=64 --set crop=32"
    command += settings if command.startswith("train") else ""
    refuse(command, message, tmp_path, detector=detector, data=category_copy)


def without_most(data):
    """Leaves two cracks and a good image: quicker to evaluate."""
    for name in ("scratch", "squeeze"):
        removed(f"test/{name}", f"ground_truth/{name}")(data)
    keep(data / "test" / "good", 1)


def good_copied(data):
    shutil.copy(data / "train/good/000.png", data / "test/good/again.png")


def cracks_copied(data):
    for name in ("003.png", "004.png"):
        shutil.copy(data / f"train/good/{name}", data / f"test/crack/{name}")
        shutil.copy(data / MASK, data / f"ground_truth/crack/{name}")


LEAK = "{} among {{}}, or nearly equal to one, such as {}: scores on them say "
LEAK += "nothing about new images"
WARNED = [
    ("a duplicate", good_copied,
     LEAK.format("1 test image is", "test/good/again.png"), 1),
    ("two duplicates", cracks_copied,
     LEAK.format("2 test images are", "test/crack/003.png"), 2),
    ("a mask alone", removed("test/crack/000.png"),
     f"1 mask is without a test image, such as {MASK}", 0),
    ("masks alone", removed("test/crack"),
     f"2 masks are without a test image, such as {MASK}", 0),
]  # fmt: skip


@pytest.mark.parametrize("name, change, warning, leaks", WARNED)
def test_flaws_are_warned_of(
    name, change, warning, leaks, detector, category_copy, tmp_path
):
    without_most(category_copy)
    change(category_copy)
    checked = succeed("data", "check", category_copy)
    said = warning.format("the good images")
    assert checked.stderr.splitlines()[1:] == [f"warning: {said}"]
    warning = warning.format("the images that the detector has seen")
    arguments = ["--data", category_copy, "--out", tmp_path / "out"]
    result = succeed("evaluate", detector, *arguments)
    warned = [x for x in result.stderr.splitlines() if "warning" in x]
    assert warned == [f"warning: {warning}"]
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["leaked_images"] == len(metrics["leaked"]) == leaks
    text = (tmp_path / "out" / "scores.csv").read_text()
    scores = csv.DictReader(text.splitlines())
    assert sum(row["leaked"] == "1" for row in scores) == leaks
    assert warning in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("known", [True, False])
def test_a_leak_is_told_without_the_training_images(
    known, detector, category_copy, tmp_path
):
    """A detector knows what it has seen; one of version 0.1 does not."""
    without_most(category_copy)
    photo = Image.open(category_copy / "train/good/000.png")
    photo.save(category_copy / "test/good/again.jpg", quality=75)
    removed("train")(category_copy)
    old = kerasad.load(detector)
    old.seen = old.seen if known else None
    old.save(tmp_path / "detector.keras")
    arguments = ["--data", category_copy, "--out", tmp_path / "out"]
    succeed("evaluate", tmp_path / "detector.keras", *arguments)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["leaked_images"] == (1 if known else None)
    assert metrics["leaked"] == (["test/good/again.jpg"] if known else [])


def test_a_grey_mask_is_taken_and_warned_of(category_copy):
    grey = np.zeros((64, 64), "uint8")
    grey[10:14, 10:14] = [1, 80, 200, 255]
    Image.fromarray(grey).save(category_copy / MASK)
    result = succeed("data", "check", category_copy)
    assert result.stderr.splitlines()[1:] == [
        f"warning: 1 of the masks, such as {MASK}, have several values besides "
        "0: each counts as defect"
    ]


def test_without_masks_pixels_are_undefined(detector, category_copy, tmp_path):
    without_most(category_copy)
    removed("ground_truth")(category_copy)
    arguments = ["--data", category_copy, "--out", tmp_path / "out"]
    result = succeed("evaluate", detector, *arguments)
    assert "the defective images have no masks: what is" in result.stderr
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["pixel_roc_auc"] is None
    assert metrics["image_roc_auc"] is not None


def test_folders_that_are_links_to_themselves(detector, category, tmp_path):
    good = category / "test" / "good"
    photos = Path(shutil.copytree(good, tmp_path / "photos"))
    for name in ("one", "two"):  # 2^40 paths to each image
        (photos / name).symlink_to(photos)
    result = succeed("predict", detector, f"{photos}/**/*.png")
    paths = [json.loads(line)["path"] for line in result.stdout.splitlines()]
    assert paths == [str(photos / name) for name in sorted(os.listdir(good))]
