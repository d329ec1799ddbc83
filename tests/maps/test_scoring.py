import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from kerasad import maps as of
from kerasad import scoring
from kerasad.maps.gradient import gradient_magnitude


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


def test_squared_error_by_hand():
    image = np.zeros((1, 2, 2, 3), "float32")
    other = image.copy()
    other[0, 0, 1] = [0.3, 0.0, 0.6]
    expected = [[0.0, (0.09 + 0.36) / 3], [0.0, 0.0]]
    ours = numbers(of.squared_error_map(image, other))
    np.testing.assert_allclose(ours[0], expected, rtol=1e-6)


def test_gradient_magnitude_is_scharrs(rng):
    grey = rng.uniform(size=(1, 12, 15)).astype("float32")
    kernel = np.outer([3.0, 10.0, 3.0], [-1.0, 0.0, 1.0]) / 32.0
    across = ndimage.correlate(grey[0], kernel, mode="nearest")
    down = ndimage.correlate(grey[0], kernel.T, mode="nearest")
    ours = numbers(gradient_magnitude(grey))[0]
    np.testing.assert_allclose(ours, np.hypot(across, down), atol=1e-5)


def test_gradient_map_ignores_light_and_sees_an_edge():
    image = np.full((1, 32, 32, 3), 0.4, "float32")
    brighter = image + 0.2
    edge = image.copy()
    edge[:, 10:, :] = 0.8
    assert numbers(of.gradient_map(image, brighter)).max() < 1e-6
    seen = numbers(of.gradient_map(image, edge))[0]
    assert seen[10, 16] > 0.5
    assert seen[28, 16] < 0.01


def test_image_scores_by_hand():
    maps = np.arange(8.0, dtype="float32").reshape(1, 2, 4)
    assert numbers(scoring.image_score(maps, "mean")) == [3.5]
    assert numbers(scoring.image_score(maps, "max")) == [7.0]
    top = scoring.image_score(maps, "top-fraction", top_fraction=0.25)
    assert numbers(top) == [6.5]


def test_unknown_score_is_refused():
    with pytest.raises(ValueError, match="Received: 'median'"):
        scoring.image_score(np.zeros((1, 2, 2)), "median")
