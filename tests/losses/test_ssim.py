import keras
import numpy as np
import pytest
from keras import ops

from kerasad import maps as maps_
from kerasad.losses import MSESSIMLoss, SSIMLoss
from tests.contracts import check_config


@pytest.fixture
def pair(rng):
    clean = rng.uniform(size=(2, 24, 20, 3)).astype("float32")
    noise = rng.normal(0.0, 0.1, clean.shape)
    return clean, np.clip(clean + noise, 0.0, 1.0).astype("float32")


@pytest.mark.parametrize("loss", [SSIMLoss(255.0), MSESSIMLoss(alpha=0.1)])
def test_config(loss):
    check_config(loss)


def test_perfect_reconstructions_cost_nothing(pair):
    clean = pair[0]
    assert float(SSIMLoss()(clean, clean)) == pytest.approx(0.0, abs=1e-5)
    assert float(MSESSIMLoss()(clean, clean)) == pytest.approx(0.0, abs=1e-5)


def test_worse_reconstructions_cost_more(pair):
    """Equation 1 as printed would reward them."""
    clean, noisy = pair
    for loss in (SSIMLoss(), MSESSIMLoss()):
        assert float(loss(clean, 1.0 - clean)) > float(loss(clean, noisy)) > 0


@pytest.mark.parametrize("alpha", [0.0, 0.2, 1.0])
def test_alpha_weighs_the_two(alpha, pair):
    mse = float(keras.losses.MeanSquaredError()(*pair))
    expected = alpha * mse + (1.0 - alpha) * float(SSIMLoss()(*pair))
    assert float(MSESSIMLoss(alpha)(*pair)) == pytest.approx(expected, rel=1e-5)


def test_the_anomaly_map_is_the_loss_before_reduction(pair):
    loss = MSESSIMLoss(alpha=0.3, reduction=None)(*pair)
    maps = maps_.mse_ssim_map(*pair, alpha=0.3)
    assert maps.shape == (2, 24, 20)
    np.testing.assert_allclose(
        ops.convert_to_numpy(maps), ops.convert_to_numpy(loss), rtol=1e-5
    )


def test_sample_weight_selects_pixels():
    clean = np.zeros((1, 32, 32, 3), "float32")
    broken = clean.copy()
    broken[:, :8] = 1.0
    weight = np.zeros((1, 32, 32), "float32")
    weight[:, 16:] = 1.0  # beyond the reach of the 11-pixel window
    for loss in (SSIMLoss(), MSESSIMLoss()):
        assert float(loss(clean, broken, weight)) == pytest.approx(0, abs=1e-6)


def test_alpha_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match="Received: alpha=1.5"):
        MSESSIMLoss(alpha=1.5)
