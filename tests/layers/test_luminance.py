import numpy as np
import pytest
from keras import ops
from skimage.color import rgb2lab

from kerasad.layers import AppendLightness
from tests.contracts import check_layer


def test_contract(rng, tmp_path):
    inputs = rng.uniform(size=(2, 4, 4, 3)).astype("float32")
    check_layer(AppendLightness(), inputs, tmp_path / "model.keras")


def test_lightness_is_scikit_images(rng):
    images = rng.uniform(size=(2, 16, 16, 3)).astype("float32")
    images[0] *= 0.06  # both sides of the two dark branches
    images[1, 0, 0] = 0.0
    images[1, 0, 1] = 1.0
    ours = ops.convert_to_numpy(AppendLightness()(images))
    np.testing.assert_array_equal(ours[..., :3], images)
    expected = rgb2lab(images)[..., 0] / 100.0
    np.testing.assert_allclose(ours[..., 3], expected, atol=1e-4)


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match="takes three channels"):
        AppendLightness()(np.zeros((1, 4, 4, 4), "float32"))
