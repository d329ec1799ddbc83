"""Image files: which are refused, with which words, and which are read."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from kerasad.data.images import read_image
from tests.cli import pictures as make
from tests.cli.conftest import run, succeed
from tests.cli.refusals import refuse

FORMATS = "expected PNG, JPEG, BMP, TIFF or WebP"
UNREADABLE = "not a readable image ({}); " + FORMATS
UNKNOWN = UNREADABLE.format("cannot identify image file 'file'")
CUT = UNREADABLE.format("image file is truncated")
FLOATS = (
    "floating-point pixels must lie in [0, 1]; save the image with 8 or 16 bits"
)
PIXELS = "must hold 8- or 16-bit grey or RGB pixels. Received: "
LIMIT = "pixels are more than the 100000000 allowed; set KERASAD_MAX_PIXELS "
LIMIT += "to raise it"
DEVICE = "is a pipe, socket or device; expected an image file"

BAD = {
    "empty.png": (make.bytes_of(b""), UNKNOWN),
    "empty.tif": (
        make.bytes_of(b""),
        UNREADABLE.format("not a TIFF file: header=b''"),
    ),
    "zeros.jpg": (make.bytes_of(bytes(500)), UNKNOWN),
    "text.png": (make.bytes_of(b"no image at all"), UNKNOWN),
    "header_only.png": (make.bytes_of(b"\x89PNG\r\n\x1a\n"), UNKNOWN),
    "html.webp": (make.bytes_of(b"<html>404</html>"), UNKNOWN),
    "truncated.png": (make.cut, CUT),
    "truncated.jpg": (make.cut, CUT),
    "truncated.bmp": (make.cut, CUT),
    "no_pixels.png": (make.png(0, 0), UNKNOWN),
    "bomb.png": (make.png(60000, 60000), f"its {LIMIT}"),
    "large.png": (make.png(10001, 10000), f"10001 x 10000 {LIMIT}"),
    "nan.tif": (make.saved(make.with_value(np.nan)), FLOATS),
    "infinite.tif": (make.saved(make.with_value(np.inf)), FLOATS),
    "above_one.tif": (make.saved(make.with_value(255.0)), FLOATS),
    "five_channels.tif": (
        make.tiff(np.zeros((8, 8, 5), "uint8"), planarconfig="contig",
                  photometric="minisblack"),
        PIXELS + "uint8 of shape (8, 8, 5)",
    ),
    "complex.tif": (
        make.tiff(make.with_value(0.5, "complex64")),
        PIXELS + "complex64 of shape (8, 8)",
    ),
    "double.tif": (
        make.tiff(make.with_value(0.5, "float64")),
        PIXELS + "float64 of shape (8, 8)",
    ),
    "link_to_nothing.png": (
        make.linked("gone.png"),
        "a broken link: no such file gone.png",
    ),
    "link_to_itself.png": (
        make.linked("link_to_itself.png"),
        "cannot be read: Too many levels of symbolic links",
    ),
    "link_to_a_device.png": (make.linked("/dev/zero"), DEVICE),
    "pipe.png": (make.pipe, DEVICE),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_image_is_named(name, tmp_path):
    make_image, message = BAD[name]
    folder = tmp_path / "photos"
    folder.mkdir()
    make.saved()(folder / "0_good.png")
    make_image(folder / name)
    message = f"{folder / name}: {message}"
    refuse("data check {photos}", message, tmp_path, photos=folder)
    train = "train --data {photos} --out {folder}/run"
    refuse(train, message, tmp_path, photos=folder)


def test_predict_scores_the_others(detector, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, (make_image, _) in BAD.items():
        make_image(folder / name)
    make.saved()(folder / "good.png")
    result = run("predict", detector, folder, "--out", tmp_path / "out")
    assert result.exit_code == 2
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    errors = {line["path"]: line["error"] for line in lines if "error" in line}
    assert errors == {
        str(folder / name): f"{folder / name}: {message}"
        for name, (_, message) in BAD.items()
    }
    scored = [line["path"] for line in lines if "error" not in line]
    assert scored == [str(folder / "good.png")]
    last = result.stderr.splitlines()[-1]
    assert last == f"{len(BAD)} images could not be read"
    assert len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.parametrize(
    "command",
    [
        "evaluate {detector} --data {category} --out {folder}/out",
        "threshold {detector} --data {category}/train/good --method iqr",
        "data check {category}",
    ],
)
def test_other_commands_refuse_the_folder(
    command, detector, category_copy, tmp_path
):
    name = "train/good" if "threshold" in command else "test/good"
    bad = category_copy / name / "cut.png"
    make.cut(bad)
    message = f"{bad}: {CUT}"
    places = {"detector": detector, "category": category_copy}
    refuse(command, message, tmp_path, **places)


@pytest.mark.parametrize("limit", ["many", "-5", "0", "1e6", ""])
def test_a_limit_that_is_none(limit, tmp_path, monkeypatch):
    monkeypatch.setenv("KERASAD_MAX_PIXELS", limit)
    make.saved()(tmp_path / "image.png")
    message = (
        "KERASAD_MAX_PIXELS must be a whole number of pixels, such as "
        f"100000000. Received: {limit!r}"
    )
    refuse("data check {folder}", message, tmp_path)


def test_the_limit_can_be_raised(tmp_path, monkeypatch):
    # Pillow's own limit, of the whole process, is raised with it.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    path = tmp_path / "large.png"
    make.png(18000, 10000)(path)
    message = f"{path}: its {LIMIT}"
    refuse("data check {folder}", message, tmp_path)
    monkeypatch.setenv("KERASAD_MAX_PIXELS", "180000000")
    # Refused no more for its size: the pixels themselves are missing.
    message = f"{path}: {CUT}"
    refuse("data check {folder}", message, tmp_path)


COLOURS = make.PICTURE
GOOD = {
    "one_pixel.png": (make.saved(COLOURS[:1, :1]), COLOURS[:1, :1]),
    "one_row.png": (make.saved(COLOURS[:1]), COLOURS[:1]),
    "constant.png": (make.saved(COLOURS * 0 + 7), COLOURS * 0 + 7),
    "grey.png": (make.saved(make.GREY), make.GREY[..., None] + COLOURS * 0),
    "bits.png": (
        make.saved(make.GREY > 99),
        255 * (make.GREY[..., None] > 99) + 0 * COLOURS,
    ),
    "alpha.png": (make.saved(make.with_alpha(COLOURS, 255)), COLOURS),
    "hidden.png": (make.saved(make.with_alpha(COLOURS, 0)), COLOURS * 0 + 255),
    "deep.png": (
        make.saved(make.GREY.astype("uint16") * 257),
        make.GREY[..., None] + COLOURS * 0,
    ),
    "deep_colours.tif": (
        make.tiff(COLOURS.astype("uint16") * 257, photometric="rgb"),
        COLOURS,
    ),
    "animated.png": (make.frames(COLOURS, COLOURS // 2), COLOURS),
    "animated.webp": (
        make.frames(COLOURS, COLOURS // 2, lossless=True),
        COLOURS,
    ),
    "pages.tif": (make.frames(COLOURS, COLOURS // 2), COLOURS),
    "turned.png": (make.turned(6), np.rot90(COLOURS, -1)),
    "wrongly_turned.png": (make.turned(99), COLOURS),
    "cmyk.tif": (make.saved(mode="CMYK"), COLOURS),
    "tiff.png": (make.saved(format="TIFF"), COLOURS),  # wrong extension
    "UPPER.PNG": (make.saved(), COLOURS),
    "two words.png": (make.saved(), COLOURS),
    "two\nlines.png": (make.saved(), COLOURS),
    "ümläut 日本.png": (make.saved(), COLOURS),
    "$x_{.png": (make.saved(), COLOURS),
    "-option.png": (make.saved(), COLOURS),
    "byte\udcff.png": (make.saved(format="PNG"), COLOURS),
}


ODD = {
    "constant.png": "of one colour",
    "hidden.png": "white all over",
    "bits.png": "of two values, as masks are",
}


@pytest.mark.parametrize("name", GOOD)
def test_an_unusual_image_is_read(name, tmp_path):
    make_image, expected = GOOD[name]
    make_image(tmp_path / name)
    np.testing.assert_array_equal(read_image(tmp_path / name), expected)
    height, width = expected.shape[:2]
    count = 2 if name == "pages.tif" else 1
    shown = f"train/good {count:>20} images of {width} x {height}"
    odd = f"; 1 {ODD[name]}" if name in ODD else ""
    assert succeed("data", "check", tmp_path).stdout == f"{shown}{odd}\n"


def test_unusual_images_are_scored(detector, tmp_path):
    folder, out = tmp_path / "photos", tmp_path / "out"
    folder.mkdir()
    for name, (make_image, _) in GOOD.items():
        make_image(folder / name)
    result = succeed("predict", detector, folder, "--out", out)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert {line["path"] for line in lines} == {
        os.path.join(folder, name) for name in GOOD
    }
    assert all(np.isfinite(line["anomaly_score"]) for line in lines)
    assert len(lines) == len(list(out.iterdir())) == len(GOOD) + 1  # a page
