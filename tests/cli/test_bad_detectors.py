"""Detector files that are none, thresholds, exports and folders to write."""

import shutil
import zipfile

import keras
import numpy as np
import pytest

import kerasad
from kerasad.errors import InputError
from kerasad.export import FORMATS, find_format
from tests.cli.conftest import succeed
from tests.cli.pictures import saved
from tests.cli.refusals import refuse

NO_FILE = "{file}: no such file; expected a .keras detector"
NOT_KERAS = "{file}: not a .keras file or cut short; train a detector with "
NOT_KERAS += "`kerasad train`"


def plain_model(path, whole):
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(path)


def folder(path, whole):
    path.mkdir()


def run(path, whole):
    path.mkdir()
    (path / "detector.keras").write_bytes(whole)


def archive(path, whole):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("notes.txt", "x")


DETECTORS = {
    "missing": (lambda path, whole: None, NO_FILE),
    "a folder": (folder, "{file}: a folder, not a .keras detector"),
    "the folder of a run": (
        run,
        "{file}: a folder, not a .keras detector; did you mean "
        "{file}/detector.keras?",
    ),
    "a broken link": (lambda path, whole: path.symlink_to("gone"), NO_FILE),
    "zero bytes": (lambda path, whole: path.write_bytes(b""), NOT_KERAS),
    "truncated": (
        lambda path, whole: path.write_bytes(whole[: len(whole) // 2]),
        NOT_KERAS,
    ),
    "text": (lambda path, whole: path.write_text("hello"), NOT_KERAS),
    "an image": (lambda path, whole: saved(format="PNG")(path), NOT_KERAS),
    "an archive": (
        archive,
        "{file}: holds 'notes.txt'; a detector holds metadata.json, "
        "config.json, model.weights.h5 and nothing else",
    ),
    "a plain model": (
        plain_model,
        "{file}: holds a Sequential, not a kerasad Detector",
    ),
}
COMMANDS = [
    "predict {file} {category}/test/good",
    "evaluate {file} --data {category} --out {folder}/out",
    "threshold {file} --method iqr",
    "export {file} --format torch -o {folder}/model.pt2",
]


@pytest.mark.parametrize("name", DETECTORS)
def test_what_is_no_detector(name, trained, category, tmp_path):
    make, message = DETECTORS[name]
    path = tmp_path / "file.keras"
    make(path, (trained[0] / "detector.keras").read_bytes())
    for command in COMMANDS:
        refuse(command, message, tmp_path, file=path, category=category)


UNCALIBRATED = "this detector has no threshold; fit one with `kerasad "
UNCALIBRATED += "threshold`"
EXPORT = next(
    format
    for format in FORMATS
    if keras.backend.backend() in find_format(format).needs
)


@pytest.mark.parametrize(
    "command, message",
    [
        (COMMANDS[0], UNCALIBRATED),
        (COMMANDS[1], UNCALIBRATED),
        (
            COMMANDS[2],
            "this detector holds no calibration scores; give normal images "
            "with --data",
        ),
    ],
)
def test_a_detector_without_threshold(
    command, message, detector, category, tmp_path
):
    fitted = kerasad.load(detector)
    fitted.threshold = fitted.pixel_threshold = fitted.calibration = None
    fitted.save(detector)
    refuse(command, message, tmp_path, file=detector, category=category)


TOO_FEW = (
    "With 4 calibration images no threshold guarantees a false-positive rate "
    "under 1/5 = 0.2. Received: fpr={}. Raise fpr to that or give more normal "
    "images: {}."
)
THRESHOLDS = [
    ("n-sigma --k nan", "Argument `k` must be a finite number >= 0. Received: "
     "k=nan"),
    ("iqr --k -1", "Argument `k` must be a finite number >= 0. Received: "
     "k=-1.0"),
    ("mad --k 1e308", "Threshold method 'mad' gives no finite threshold. "
     "Received: k=1e+308"),
    ("n-sigma --k wide", "Invalid value for '--k': 'wide' is not a valid "
     "float."),
    ("n-sigma --fpr 0.1", "Threshold method 'n-sigma' has no `fpr`, its "
     "parameter is `k`. Received: fpr=0.1"),
    ("fpr --k 1", "Threshold method 'fpr' has no `k`, its parameter is `fpr`. "
     "Received: k=1"),
    ("fpr --fpr 2", "Argument `fpr` must be in [0, 1), a share. Received: "
     "fpr=2.0"),
    ("fpr --fpr nan", "Argument `fpr` must be in [0, 1), a share. Received: "
     "fpr=nan"),
    ("conformal --fpr 0.01",
     TOO_FEW.format("0.01", "0.01 needs at least 99 images")),
    ("conformal --fpr 0",
     TOO_FEW.format("0", "0 cannot be guaranteed with any number of images")),
    ("evt", "A tail fit needs at least 100 normal images. Received: 4. Give "
     "more, or use the conformal method."),
    ("evt --fpr 0.5", "Argument `fpr` of the tail fit must lie between 0 and "
     "tail_share=0.2. Received: fpr=0.5. Use the conformal method for larger "
     "rates."),
    ("best", "Invalid value for '--method': 'best' is not one of 'n-sigma', "
     "'fpr', 'iqr', 'mad', 'conformal', 'evt'."),
]  # fmt: skip


@pytest.mark.parametrize("method, message", THRESHOLDS)
def test_a_threshold_that_cannot_be(method, message, detector, tmp_path):
    command = "threshold {file} --method " + method
    refuse(command, message, tmp_path, file=detector)


def test_a_threshold_of_one_image_and_of_equal_ones(
    detector, category, tmp_path
):
    photos = tmp_path / "photos"
    photos.mkdir()
    first = category / "test" / "good" / "000.png"
    arguments = ["threshold", detector, "--data", photos, "--method"]
    for count in (1, 4):
        for index in range(count):
            shutil.copy(first, photos / f"{index}.png")
        succeed(*arguments, "mad")
        fitted = kerasad.load(detector)
        assert fitted.threshold["images"] == count
        scores = fitted.calibration["scores"]
        if count == 1:
            assert scores == [fitted.threshold["threshold"]]
        else:  # under the noise that `roughened` gives to copies
            assert len(set(scores)) == count
            assert fitted.threshold["threshold"] > np.median(scores)


FOUR = np.zeros((8, 8, 4), "uint8")
ARRAYS = {
    "NaN": (np.full((8, 8, 3), np.nan), "a floating-point image must lie in "
            "[0, 1]; pass uint8 for 0 to 255. Received: [nan, nan]"),
    "infinite": (np.full((8, 8, 3), np.inf), "a floating-point image must lie "
                 "in [0, 1]; pass uint8 for 0 to 255. Received: [inf, inf]"),
    "0 to 255": (np.full((8, 8, 3), 255.0), "a floating-point image must lie "
                 "in [0, 1]; pass uint8 for 0 to 255. Received: [255, 255]"),
    "whole numbers": (np.zeros((8, 8, 3), "int64"), "an image must be uint8 "
                      "or float. Received: dtype=int64"),
    "no colours": (np.zeros((8, 8)), "an image must be an array of shape "
                   "(height, width, 3). Received: shape=(8, 8)"),
    "four colours": (FOUR, "an image must be an array of shape (height, "
                     "width, 3). Received: shape=(8, 8, 4)"),
    "no rows": (FOUR[:0, :, :3], "an image must be an array of shape (height, "
                "width, 3). Received: shape=(0, 8, 3)"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_is_no_image(name, detector):
    array, message = ARRAYS[name]
    good = np.zeros((8, 8, 3), "uint8")
    with pytest.raises(InputError) as caught:
        kerasad.load(detector).predict([good, array])
    assert str(caught.value) == message
