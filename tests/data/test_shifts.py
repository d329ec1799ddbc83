import numpy as np
import pytest
from scipy import ndimage

from kerasad.data.shifts import SHIFTS, apply_shift
from kerasad.errors import InputError

MOVING = ("paper", "rotation", "zoom", "translation")


@pytest.fixture
def image(rng):
    noise = rng.uniform(0, 255, (64, 64, 3))
    smooth = ndimage.gaussian_filter(noise, (2, 2, 0))
    return (smooth + rng.uniform(-20, 20, noise.shape)).astype("uint8")


@pytest.fixture
def mask():
    mask = np.zeros((64, 64), bool)
    mask[20:40, 26:34] = True
    return mask


@pytest.mark.parametrize("name", SHIFTS)
def test_pure_in_seed_and_index(image, mask, name):
    before = image.copy(), mask.copy()
    once = apply_shift(name, image, mask, 7, 3)
    again = apply_shift(name, image, mask, 7, 3)
    for one, other in zip(once, again, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(mask, before[1])
    assert once[0].shape == image.shape and once[0].dtype == np.uint8
    assert once[1].shape == mask.shape and once[1].dtype == bool
    assert not np.array_equal(once[0], image)
    elsewhere = apply_shift(name, image, mask, 7, 4)[0]
    assert not np.array_equal(once[0], elsewhere)
    np.testing.assert_array_equal(
        apply_shift(name, image, None, 7, 3)[0], once[0]
    )
    assert apply_shift(name, image, None, 7, 3)[1] is None


@pytest.mark.parametrize("name", SHIFTS)
def test_severity_0_is_the_identity(image, mask, name):
    shifted, moved = apply_shift(name, image, mask, 0, 1, severity=0.0)
    np.testing.assert_array_equal(shifted, image)
    np.testing.assert_array_equal(moved, mask)


@pytest.mark.parametrize("name", SHIFTS)
def test_higher_severity_changes_more(image, mask, name):
    def change(severity):
        shifted = [
            apply_shift(name, image, mask, 0, i, severity)[0] for i in range(12)
        ]
        return np.mean([np.abs(s.astype(int) - image) for s in shifted])

    assert change(0.3) < change(1.0) < change(2.0)


@pytest.mark.parametrize("name", SHIFTS)
def test_the_mask_moves_with_the_image(mask, name):
    marked = np.repeat(mask[..., None] * np.uint8(160), 3, axis=-1) + 40
    marked = marked.astype("uint8")
    for index in range(5):
        shifted, moved = apply_shift(name, marked, mask, 1, index)
        level = (shifted[moved].mean() + shifted[~moved & inner()].mean()) / 2
        shown = ndimage.median_filter(shifted.mean(axis=-1), 3) > level
        assert (shown != moved)[inner()].mean() < 0.05
        if name not in MOVING:
            np.testing.assert_array_equal(moved, mask)


def inner():
    inside = np.zeros((64, 64), bool)
    inside[8:-8, 8:-8] = True  # away from what is filled with grey
    return inside


def test_table_2_zooms_by_at_least_its_buffer(mask):
    image = np.zeros((64, 64, 3), "uint8")
    for index in range(5):
        _, moved = apply_shift("zoom", image, mask, 0, index)
        ratio = np.sqrt(moved.sum() / mask.sum())
        assert 1.25 < ratio < 1.5


def test_corners_are_filled_with_grey_200():
    black = np.zeros((64, 64, 3), "uint8")
    filled = [
        apply_shift("rotation", black, None, 0, index, 2.0)[0]
        for index in range(5)
    ]
    assert max(image.max() for image in filled) == 200


def test_bad_names_and_severities_are_refused(image):
    with pytest.raises(InputError, match="did you mean 'brightness'"):
        apply_shift("brightnes", image, None, 0, 0)
    with pytest.raises(InputError, match="Received: 2.5"):
        apply_shift("noise", image, None, 0, 0, severity=2.5)
