import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from kerasad.filters import (
    enlarged_and_blurred,
    gaussian_blur,
    gaussian_matrix,
    resize_matrix,
)
from kerasad.maps import upsample


@pytest.mark.parametrize("sigma", [0.7, 2.0, 6.0])
def test_gaussian_blur_is_scipys(sigma, rng):
    maps = rng.normal(size=(2, 24, 37)).astype("float32")
    ours = ops.convert_to_numpy(gaussian_blur(maps, sigma))
    for one, expected in zip(ours, maps, strict=True):
        expected = ndimage.gaussian_filter(expected, sigma, mode="reflect")
        np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-5)


def test_no_blur_returns_the_maps(rng):
    maps = rng.normal(size=(1, 8, 8))
    assert gaussian_blur(maps, 0) is maps


@pytest.mark.parametrize("sigma", [0, 3.0])
def test_enlarging_and_blurring_in_one_go_is_one_after_the_other(sigma, rng):
    maps = ops.convert_to_tensor(rng.normal(size=(2, 6, 9)).astype("float32"))
    found = enlarged_and_blurred(maps, 48, 63, sigma)
    expected = gaussian_blur(upsample(maps, 48, 63), sigma)
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), ops.convert_to_numpy(expected), atol=1e-5
    )


@pytest.mark.parametrize("source, target", [(7, 7), (7, 21), (40, 9), (1, 4)])
def test_resize_keeps_a_constant_and_does_not_ring(source, target):
    matrix = resize_matrix(source, target)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, rtol=1e-5)
    assert matrix.min() >= 0.0


def test_matrices_are_made_once():
    first = gaussian_matrix(24, 2.0)
    assert gaussian_matrix(np.int64(24), 2.0) is first
    assert gaussian_matrix(24, 2.5) is not first
    assert resize_matrix(9, 4) is resize_matrix(9, 4)
    assert resize_matrix(9, 4) is not resize_matrix(9, 4, antialias=False)
