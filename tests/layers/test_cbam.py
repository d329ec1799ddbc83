import numpy as np
import pytest
from keras import ops

from kerasad.layers import CBAM, ChannelAttention, SpatialAttention
from tests.contracts import check_layer


@pytest.mark.parametrize(
    "layer",
    [ChannelAttention(2), SpatialAttention(3), CBAM(2, 3)],
    ids=lambda layer: type(layer).__name__,
)
def test_contract(layer, rng, tmp_path):
    inputs = rng.normal(size=(2, 8, 8, 4)).astype("float32")
    check_layer(layer, inputs, tmp_path / "model.keras")


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def channel_attention(x, squeeze, squeeze_bias, excite, excite_bias):
    """Equation 2 of Woo et al., literally."""

    def perceptron(v):
        hidden = np.maximum(v @ squeeze + squeeze_bias, 0.0)
        return hidden @ excite + excite_bias

    pixels = x.reshape(len(x), -1, x.shape[-1])
    logits = perceptron(pixels.mean(1)) + perceptron(pixels.max(1))
    return x * sigmoid(logits)[:, None, None]


def spatial_attention(x, kernel):
    """Equation 3 of Woo et al., pixel by pixel."""
    half = kernel.shape[0] // 2
    stacked = np.stack([x.mean(-1), x.max(-1)], axis=-1)
    padded = np.pad(stacked, [(0, 0), (half, half), (half, half), (0, 0)])
    logits = np.empty(x.shape[:3])
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            window = padded[:, i : i + 2 * half + 1, j : j + 2 * half + 1]
            logits[:, i, j] = (window * kernel[..., 0]).sum((1, 2, 3))
    return x * sigmoid(logits)[..., None]


def test_cbam_matches_numpy(rng):
    inputs = rng.normal(size=(2, 9, 7, 6)).astype("float32")
    layer = CBAM(ratio=2, kernel_size=5)
    layer.build(inputs.shape)
    weights = [rng.normal(size=w.shape) for w in layer.get_weights()]
    layer.set_weights(weights)
    expected = channel_attention(inputs.astype("float64"), *weights[:4])
    expected = spatial_attention(expected, weights[4])
    ours = ops.convert_to_numpy(layer(inputs))
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_the_perceptron_keeps_some_units():
    layer = ChannelAttention(ratio=16)
    layer.build((None, 4, 4, 8))
    assert [w.shape[0] for w in layer.get_weights()] == [8, 4, 4, 8]


def test_refusals():
    with pytest.raises(ValueError, match="Received: kernel_size=4"):
        SpatialAttention(kernel_size=4)
    with pytest.raises(ValueError, match="Received: ratio=0"):
        ChannelAttention(ratio=0)
