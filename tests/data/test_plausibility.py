"""Signs that images are not what they should be."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from kerasad.data.flaws import overview
from kerasad.data.folders import image_files, pages
from kerasad.data.layouts import open_category
from kerasad.data.plausibility import is_inverted, oddity


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.mark.parametrize("scale, remarks", [(1, 1), (16, 0)])
def test_12_bits_in_16_are_remarked(rng, scale, remarks, tmp_path):
    for index in range(3):
        values = rng.integers(4096, size=(8, 8)).astype("uint16")
        values[0, 0] = 4095
        save(tmp_path / f"{index}.tif", values * scale)
    found = open_category(tmp_path).remarks
    assert len(found) == remarks
    assert all("up to 4095 of 65535" in remark for remark in found)


def test_oddities(rng):
    photo = rng.integers(256, size=(8, 8, 3), dtype="uint8")
    assert oddity(photo) is None
    assert oddity(photo * 0) == "black all over"
    assert oddity(photo * 0 + 255) == "white all over"
    assert oddity(photo // 32) == "within 16 of 256 levels"
    assert oddity(np.uint8(photo[..., :1] > 99) * 255) == (
        "of two values, as masks are"
    )


def test_inverted_masks():
    mask = np.zeros((9, 9), bool)
    mask[3:5, 3:5] = True
    assert not is_inverted(mask) and is_inverted(~mask)
    mask[1:8, 1:8] = True  # a large defect, but not at the border
    assert not is_inverted(mask)


def test_copies_are_counted(rng, tmp_path):
    for name in ("0", "1"):
        pixels = rng.integers(256, size=(8, 8, 3), dtype="uint8")
        save(tmp_path / f"{name}.png", pixels)
    shutil.copy(tmp_path / "0.png", tmp_path / "0 (1).png")
    category = open_category(tmp_path)
    rows, warnings = overview(category, category.train)
    assert rows == [f"{'train/good':<24} {3:>6} images of 8 x 8"]
    (warning,) = warnings
    assert warning.startswith("1 of train/good, such as 0.png, are copies")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX: pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.tif")
    assert pages(tmp_path / "pipe.tif") == [0]
    assert len(open_category(tmp_path).train) == 1


def test_each_folder_is_read_once_through_links(rng, tmp_path):
    pixels = rng.integers(256, size=(8, 8, 3), dtype="uint8")
    save(tmp_path / "photos" / "0.png", pixels)
    save(tmp_path / "elsewhere" / "1.png", pixels)
    for name, target in (("loop", "photos"), ("lot", "elsewhere")):
        (tmp_path / "photos" / name).symlink_to(tmp_path / target)
    found = image_files(tmp_path / "photos")
    assert [path.name for path in found] == ["0.png", "1.png"]
