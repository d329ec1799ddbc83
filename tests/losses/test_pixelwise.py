import numpy as np
from keras import ops

from kerasad.losses import MaskLoss
from tests.contracts import check_config


def test_config():
    check_config(MaskLoss(dice_weight=0.3))


def test_mask_loss_matches_numpy(rng):
    mask = (rng.uniform(size=(2, 8, 8, 1)) > 0.8).astype("float32")
    logits = rng.normal(size=(2, 4, 4, 1)).astype("float32") * 3
    coarse = mask.reshape(2, 4, 2, 4, 2, 1).mean(axis=(2, 4))
    probability = 1 / (1 + np.exp(-logits.astype("float64")))
    entropy = -(
        coarse * np.log(probability) + (1 - coarse) * np.log(1 - probability)
    )
    overlap = (probability * coarse).sum()
    total = (probability**2 + coarse**2).sum()
    dice = 1 - (2 * overlap + 20) / (total + 20)
    expected = entropy.mean(axis=(1, 2, 3)) + 0.5 * dice
    ours = ops.convert_to_numpy(MaskLoss(0.5, reduction=None)(mask, logits))
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_mask_loss_is_finite_for_extreme_logits():
    mask = np.ones((1, 2, 2, 1), "float32")
    logits = np.array([-1e4, 1e4, -80.0, 80.0], "float32").reshape(1, 2, 2, 1)
    assert np.isfinite(float(MaskLoss()(mask, logits)))
