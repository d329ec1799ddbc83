"""Folders as people have them, through the product's own commands."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import kerasad
from benchmarks.guarantee import draw_part
from kerasad.calibration.independence import read_photos
from kerasad.data.layouts import open_category
from tests.cli.conftest import run, succeed

TRAIN = [
    "train", "--config", "memory", "--set", "image_size=32",
    "--set", "memory_images=60",
]  # fmt: skip
THRESHOLD = ["--method", "conformal"]


def save(pixels, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def parts(folder, numbers, frames=1):
    for number in numbers:
        for frame in range(frames):
            path = folder / f"part{number:02}_{frame}.png"
            save(draw_part(number, frame), path)


def trained(data, tmp_path, *options):
    """The detector, and what was said."""
    result = succeed(*TRAIN, "--data", data, "--out", tmp_path, *options)
    return kerasad.load(tmp_path / "detector.keras"), result.stderr


def test_copies_are_learnt_from_once(tmp_path):
    good = tmp_path / "good"
    parts(good, range(20))
    for path in sorted(good.iterdir()):
        shutil.copy(path, path.with_stem(f"{path.stem} (1)"))
    detector, said = trained(good, tmp_path / "run")
    assert "20 images of 40 left out: copies of others, such as " in said
    assert "18 images to train on, 2 held out" in said
    assert len(detector.calibration["scores"]) == 2


def test_a_burst_is_held_out_whole_and_counts_once(tmp_path):
    good = tmp_path / "good"
    parts(good, range(20), frames=3)
    photo = Image.open(good / "part00_0.png")
    photo.save(good / "zzz.jpg", quality=80)  # a burst as well
    detector, said = trained(good, tmp_path / "run")
    assert "61 images in 20 groups by near-copies" in said
    fitted = detector.threshold
    assert fitted["groups"] == 2
    assert fitted["fpr"] == pytest.approx(1 / 3)
    assert "exchangeable with the 2 groups of the" in fitted["promise"]
    learnt, near = detector.known("learnt")
    held_out, _ = detector.known("held_out")
    assert near and len(learnt) + len(held_out) == 61
    assert (held_out.copies_in(learnt) == -1).all()
    out = succeed("predict", tmp_path / "run/detector.keras", photo.filename)
    assert 0 < json.loads(out.stdout)["p_value"] <= 1
    assert detector.provenance["photo_size"] == [96, 96]


@pytest.mark.parametrize(
    "group_by, groups",
    [("folder", 4), (r"lot(\d)", 4), ("none", None), ("near-copies", None)],
)
def test_groups_as_told(group_by, groups, tmp_path):
    for lot in range(4):
        parts(tmp_path / f"good/lot{lot}", range(10 * lot, 10 * lot + 10))
    category = open_category(tmp_path / "good")
    spoken = []
    photos = read_photos(
        category.train, 32, category.root, group_by, spoken.append
    )
    if groups is None:
        assert photos.groups is None and not spoken
        return
    expected = [int(s.path.parent.name[-1]) for s in photos.samples]
    assert photos.groups.tolist() == expected
    assert "40 images in 4 groups by --group-by" in spoken[0]


def test_all_alike_is_said_and_trained_on(rng, tmp_path):
    golden = draw_part(0).astype(float)
    for number in range(12):
        save(golden.astype("uint8"), tmp_path / f"same/{number:02}.png")
        noisy = np.clip(golden + rng.normal(0, 1, golden.shape), 0, 255)
        save(noisy.astype("uint8"), tmp_path / f"noisy/{number:02}.png")
    for folder, words in (("same", "all the same"), ("noisy", "all nearly")):
        detector, said = trained(tmp_path / folder, tmp_path / f"r{folder}")
        assert f"warning: the 12 good images are {words}" in said
        assert detector.known("learnt")[1] is False  # near says nothing


def test_validation_good_calibrates_without_what_was_learnt_from(tmp_path):
    data = tmp_path / "data"
    parts(data / "train/good", range(20))
    parts(data / "validation/good", range(16, 28))
    detector, said = trained(data, tmp_path / "run")
    assert "4 images of 12 left out, such as part16_0.png" in said
    assert "20 images to train on, 8 held out" in said
    assert len(detector.calibration["scores"]) == 8


def test_validation_of_copies_alone_is_passed_over(tmp_path):
    data = tmp_path / "data"
    parts(data / "train/good", range(20))
    parts(data / "validation/good", range(3))
    _, said = trained(data, tmp_path / "run")
    assert "warning: validation/good holds nothing new" in said
    assert "18 images to train on, 2 held out" in said


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder of 20 parts, and a detector that learnt from 18 of them."""
    folder = tmp_path_factory.mktemp("finished")
    parts(folder / "good", range(20))
    succeed(*TRAIN, "--data", folder / "good", "--out", folder / "run")
    return folder


def test_a_threshold_is_not_fitted_to_what_was_learnt_from(finished, tmp_path):
    detector = tmp_path / "detector.keras"
    shutil.copy(finished / "run/detector.keras", detector)
    before = kerasad.load(detector)
    arguments = ["threshold", detector, *THRESHOLD, "--data"]
    # Of the folder it was trained on, what was held out remains.
    result = succeed(*arguments, finished / "good")
    assert "18 images of 20 left out, such as " in result.stderr
    after = kerasad.load(detector)
    for name in ("threshold", "fpr", "images"):
        assert after.threshold[name] == before.threshold[name]
    # Saved anew, under other names, and with some that are new.
    known, _ = before.known("learnt")
    for path in sorted((finished / "good").iterdir()):
        photo = Image.open(path)
        photo.save(tmp_path / f"{path.stem}.jpg", quality=75)
    learnt = tmp_path / "learnt"
    category = open_category(finished / "good")
    photos = read_photos(
        category.train, 32, category.root, "none", lambda text: None
    )
    for place in (photos.fingerprints.copies_in(known) >= 0).nonzero()[0]:
        name = f"{photos.samples[place].path.stem}.jpg"
        learnt.mkdir(exist_ok=True)
        (tmp_path / name).rename(learnt / name)
    whole = detector.read_bytes()
    refused = run(*arguments, learnt)
    assert refused.exit_code == 2
    assert "has learnt from all of these images" in refused.stderr
    assert detector.read_bytes() == whole
    parts(learnt, range(50, 59))
    result = succeed(*arguments, learnt)
    assert "18 images of 27 left out" in result.stderr
    assert kerasad.load(detector).threshold["images"] == 9


def test_an_older_detector_says_that_it_cannot_tell(finished, tmp_path):
    detector = kerasad.load(finished / "run/detector.keras")
    detector.seen = None
    detector.save(tmp_path / "detector.keras")
    result = succeed(
        "threshold", tmp_path / "detector.keras", *THRESHOLD,
        "--data", finished / "good",
    )  # fmt: skip
    assert "does not know what it was trained on" in result.stderr
    assert kerasad.load(tmp_path / "detector.keras").seen is None


def test_the_best_epoch_is_picked_by_the_images_and_said(tmp_path):
    parts(tmp_path / "good", range(10))
    settings = ["image_size=32", "filters=[4]", "blocks=1", "epochs=1",
                "dilations=[1]", "crop=0", "sdc_from=0"]  # fmt: skip
    words = [word for text in settings for word in ("--set", text)]
    arguments = ["--data", tmp_path / "good", "--out", tmp_path / "run"]
    result = succeed("train", "--config", "e5", *arguments, *words)
    assert "no guaranteed rate" in result.stdout
    path = tmp_path / "run/detector.keras"
    if kerasad.load(path).threshold["method"] != "conformal":
        result = succeed("threshold", path, *THRESHOLD)
        assert "no guaranteed rate: about " in result.stderr
        assert "picking the best epoch by them changed" in result.stderr


def test_group_by_needs_data(finished):
    detector = finished / "run/detector.keras"
    arguments = ["threshold", detector, *THRESHOLD, "--group-by", "folder"]
    result = run(*arguments)
    assert result.exit_code == 2
    assert "--group-by goes with --data" in result.stderr
