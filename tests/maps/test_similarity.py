import numpy as np
import pytest
from keras import ops
from skimage.metrics import structural_similarity

from kerasad.maps.similarity import ssim


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_the_map_is_scikit_images_borders_included(scale, rng):
    clean = rng.uniform(size=(2, 40, 29, 3)) * scale
    clean[0, :, :9] = 0.7 * scale  # no variance
    other = np.clip(clean + rng.normal(0, 0.1, clean.shape) * scale, 0, scale)
    other[1, 30:] = clean[1, 30:]
    clean, other = clean.astype("float32"), other.astype("float32")
    ours = ops.convert_to_numpy(ssim(clean, other, scale))
    for image, changed, found in zip(clean, other, ours, strict=True):
        _, expected = structural_similarity(
            image.astype("float64"),
            changed.astype("float64"),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=scale,
            channel_axis=-1,
            full=True,
        )
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_smallest_image():
    """Smaller than the window: mirrored more than once."""
    image = np.full((1, 2, 3, 1), 0.5, "float32")
    found = ops.convert_to_numpy(ssim(image, image))
    np.testing.assert_allclose(found, 1.0, atol=1e-5)
