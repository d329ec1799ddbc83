import keras
import numpy as np
import pytest

from kerasad.losses.masked import masked_weights


def equation_4(reconstruction, clean, mask, mask_weight):
    """Literal twin for one image: mask and norms over three channels."""
    mask = np.repeat(mask[..., None], 3, axis=-1).astype("float64")
    error = reconstruction.astype("float64") - clean
    loss = 0.0
    for region, weight in ((1 - mask, 1 - mask_weight), (mask, mask_weight)):
        norm = np.abs(region).sum()
        if norm > 0:
            loss += weight / norm * np.sum((region * error) ** 2)
    return loss


@pytest.fixture
def batch(rng):
    clean = rng.random((4, 12, 9, 3), dtype="float32")
    reconstruction = rng.random((4, 12, 9, 3), dtype="float32")
    mask = rng.random((4, 12, 9), dtype="float32")
    mask[1] = 0.0  # nothing is corrupted
    mask[2] = 1.0  # everything is
    mask[3] = np.round(mask[3])
    return reconstruction, clean, mask


@pytest.mark.parametrize("mask_weight", [0.0, 0.5, 0.9, 1.0])
def test_keras_reduction_gives_equation_4(batch, mask_weight):
    reconstruction, clean, mask = batch
    expected = [
        equation_4(*image, mask_weight) for image in zip(*batch, strict=True)
    ]
    loss = keras.losses.MeanSquaredError(reduction="sum_over_batch_size")
    weights = masked_weights(mask, mask_weight)
    got = float(loss(clean, reconstruction, sample_weight=weights))
    assert got == pytest.approx(np.mean(expected), rel=1e-5)


def test_without_corruption_the_corrupted_term_is_0():
    weights = masked_weights(np.zeros((8, 8)), 0.9)
    np.testing.assert_allclose(weights, 0.1, rtol=1e-6)


def test_corrupted_throughout_the_clean_term_is_0():
    weights = masked_weights(np.ones((8, 8)), 0.9)
    np.testing.assert_allclose(weights, 0.9, rtol=1e-6)


def test_each_image_has_its_own_norms(batch):
    mask = batch[2]
    single = np.stack([masked_weights(m, 0.7) for m in mask])
    np.testing.assert_array_equal(masked_weights(mask, 0.7), single)
    assert single.dtype == np.float32


def test_weight_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match="Received: mask_weight=1.5"):
        masked_weights(np.zeros((2, 2)), 1.5)
