import doctest

import numpy as np
import pytest

from kerasad.data import median
from kerasad.data.likeness import mean_of_channels
from kerasad.data.median import median_image


def test_examples():
    found = doctest.testmod(median)
    assert found.attempted and not found.failed


@pytest.mark.parametrize("count", [1, 2, 3, 8, 254, 255])
@pytest.mark.parametrize("levels", [2, 256])
def test_it_is_numpys(count, levels, rng):
    images = rng.integers(levels, size=(count, 5, 7, 3)).astype("uint8")
    images = images * np.uint8(255 // (levels - 1))
    found = median_image(images)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, np.median(images, axis=0))


@pytest.mark.parametrize("count", [0, 256])
def test_as_many_as_a_byte_counts(count):
    with pytest.raises(ValueError, match=f"1 to 255. Received: {count}"):
        median_image(np.zeros((count, 2, 2, 3), "uint8"))


def test_the_mean_of_channels_is_numpys_to_the_bit(rng):
    photo = rng.integers(256, size=(40, 50, 3)).astype("uint8")
    expected = photo.mean(axis=-1, dtype="float32")
    found = mean_of_channels(photo)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
