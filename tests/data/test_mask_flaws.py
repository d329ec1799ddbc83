"""Masks that say something else than was meant: warned of or refused."""

import struct

import numpy as np
import pytest
from PIL import Image

from kerasad.data.category import at_size, read_sample
from kerasad.data.flaws import overview
from kerasad.data.layouts import open_category
from kerasad.data.mask_flaws import MaskFlaws
from kerasad.evaluation.evaluate import evaluate
from tests.small import make_detector

SHAPE = (40, 60)
PHOTO, TRUTH = "test/spot/0.png", "ground_truth/spot/0_mask.png"


def save(path, pixels, turned=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = turned
    Image.fromarray(pixels).save(path, exif=exif)


def photo(seed, shape=SHAPE):
    return np.random.default_rng(seed).integers(256, size=shape, dtype="uint8")


@pytest.fixture
def root(tmp_path):
    """A category of one defective image, marked by a square at the left."""
    for index in range(3):
        save(tmp_path / f"train/good/{index}.png", photo(index))
        save(tmp_path / f"test/good/{index}.png", photo(10 + index))
    save(tmp_path / PHOTO, photo(20))
    save(tmp_path / TRUTH, mask_of(slice(10, 20), slice(5, 15)))
    return tmp_path


def mask_of(rows, columns, shape=SHAPE):
    mask = np.zeros(shape, "uint8")
    mask[rows, columns] = 255
    return mask


@pytest.fixture
def detector():
    detector = make_detector("memory")
    detector.calibrate(np.stack([photo(i, (32, 32, 3)) for i in range(5)]),
                       "n-sigma")  # fmt: skip
    return detector


def told(root, detector):
    """By `data check`, and by `evaluate`."""
    category = open_category(root)
    _, warnings = overview(category, category.test)
    return warnings, evaluate(detector, root).remarks


def test_nothing_is_said_of_sound_masks(root, detector):
    assert told(root, detector) == ([], [])


def test_an_inverted_mask_is_told_of(root, detector):
    save(root / TRUTH, 255 - mask_of(slice(10, 20), slice(5, 15)))
    sentence = (
        f"1 of the masks, such as {TRUTH}, mark most of the image and its "
        "border: inverted?"
    )
    assert told(root, detector) == ([sentence], [sentence])


@pytest.mark.parametrize("turned", [2, 3, 4])
def test_where_sides_do_not_tell_it_is_told_of(turned, root, detector):
    save(root / PHOTO, photo(20), turned)
    for found in told(root, detector):
        (sentence,) = found
        assert sentence.startswith(f"1 defective images, such as {PHOTO}, are")
    save(root / TRUTH, mask_of(slice(10, 20), slice(5, 15)), turned)
    assert told(root, detector) == ([], [])  # both are turned


def test_a_square_image_turned_by_a_quarter_is_told_of(root, detector):
    save(root / PHOTO, photo(20, (40, 40)), 6)
    save(root / TRUTH, mask_of(slice(10, 20), slice(5, 15), (40, 40)))
    assert "are turned by their EXIF data" in told(root, detector)[1][0]


@pytest.mark.parametrize("drawn_upright", [True, False])
def test_the_sides_tell_of_a_quarter_turn(drawn_upright, root, detector):
    save(root / PHOTO, photo(20), 6)  # 60 high and 40 wide when upright
    mask = mask_of(slice(10, 20), slice(5, 15))
    save(root / TRUTH, np.rot90(mask, -1) if drawn_upright else mask)
    assert told(root, detector) == ([], [])
    image, found = read_sample(open_category(root).test[-1])
    assert found.shape == image.shape[:2] == (60, 40)
    np.testing.assert_array_equal(found, np.rot90(mask, -1) > 0)


def test_defects_below_a_pixel_are_counted_and_named(root, detector):
    large = (160, 240)  # where a pixel at 32 x 32 covers 5 x 7.5
    mask = mask_of(slice(40, 80), slice(20, 60), large)
    mask[120, 200] = mask[10, 10] = 255
    mask[150, 40:200] = 255  # too thin
    save(root / PHOTO, photo(20, large))
    save(root / TRUTH, mask)
    evaluation = evaluate(detector, root)
    assert evaluation.remarks == [
        "3 defects are smaller or thinner than a pixel at 32 x 32, such as in "
        f"{PHOTO}; each is kept as one pixel"
    ]
    assert evaluation.metrics["defects_below_a_pixel"] == 3
    assert evaluation.masks[-1].any()


def test_a_defect_smaller_than_a_pixel_still_counts(root):
    save(root / TRUTH, mask_of(30, 50))
    sample = open_category(root).test[-1]
    flaws = MaskFlaws(root, (8, 8))
    image, mask = read_sample(sample)
    _, small, count = at_size(image, mask, (8, 8))
    assert small.sum() == count == 1
    flaws.look(sample, mask, count)
    assert flaws.sentences() == [
        "1 defect is smaller or thinner than a pixel at 8 x 8, such as in "
        f"{PHOTO}; each is kept as one pixel"
    ]


def test_a_mask_whose_fourth_byte_is_padding(root, detector):
    """A 32-bit BMP of a camera's software, its alpha 0 all over."""
    mask = mask_of(slice(10, 20), slice(5, 15))
    full = np.zeros((*SHAPE, 4), "uint8")
    full[..., :3] = mask[::-1, :, None]  # rows from below
    header = struct.pack(
        "<IiiHHIIiiII4I", 108, *SHAPE[::-1], 1, 32, 3, full.nbytes,
        0, 0, 0, 0, 0xFF0000, 0xFF00, 0xFF, 0xFF000000,
    ).ljust(108, b"\0")  # fmt: skip
    start = struct.pack("<2sIII", b"BM", 122 + full.nbytes, 0, 122)
    (root / TRUTH).unlink()
    path = (root / TRUTH).with_suffix(".bmp")
    path.write_bytes(start + header + full.tobytes())
    found = read_sample(open_category(root).test[-1])[1]
    np.testing.assert_array_equal(found, mask > 0)
    assert told(root, detector) == ([], [])


def test_every_kind_of_defect_of_a_mask_counts(root):
    mask = mask_of(slice(10, 20), slice(5, 15)) // 255
    mask[30:35, 30:35] = 2
    save(root / TRUTH, mask)
    found = read_sample(open_category(root).test[-1])[1]
    assert found.sum() == 125
