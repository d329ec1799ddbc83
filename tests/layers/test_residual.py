import numpy as np
import pytest
from keras import ops
from scipy import ndimage

from kerasad.layers import ResidualDown, ResidualUp
from tests.contracts import check_layer


@pytest.mark.parametrize("cbam", [False, True], ids=["plain", "cbam"])
@pytest.mark.parametrize("block", [ResidualDown, ResidualUp])
def test_contract(block, cbam, rng, tmp_path):
    inputs = rng.normal(size=(2, 8, 8, 4)).astype("float32")
    check_layer(block(6, cbam=cbam), inputs, tmp_path / "model.keras")


def convolve(x, kernel):
    """`(H, W, C)` with `(k, k, C, F)`, zeros around."""
    return np.stack(
        [
            sum(
                ndimage.correlate(x[..., c], kernel[..., c, f], mode="constant")
                for c in range(x.shape[-1])
            )
            for f in range(kernel.shape[-1])
        ],
        axis=-1,
    )


def fresh_norm(x):
    return x / np.sqrt(1.0 + 1e-5)  # mean 0, variance 1, gamma 1, beta 0


def relu(x):
    return np.maximum(x, 0.0)


def kernels(layer):
    return {
        name: ops.convert_to_numpy(getattr(layer, name).kernel)
        for name in ("down", "up", "refine", "shortcut")
        if hasattr(layer, name)
    }


def test_down_matches_numpy(rng):
    x = rng.normal(size=(8, 10, 3)).astype("float32")
    layer = ResidualDown(4)
    ours = ops.convert_to_numpy(layer(x[None]))[0]
    k = kernels(layer)
    # "same" with stride 2 pads even sides at their end only.
    down = fresh_norm(convolve(x, k["down"])[1::2, 1::2])
    main = fresh_norm(convolve(relu(down), k["refine"]))
    short = fresh_norm(convolve(x, k["shortcut"])[::2, ::2])
    np.testing.assert_allclose(ours, relu(main + short), rtol=1e-4, atol=1e-5)


def test_up_matches_numpy(rng):
    x = rng.normal(size=(4, 5, 3)).astype("float32")
    layer = ResidualUp(2)
    ours = ops.convert_to_numpy(layer(x[None]))[0]
    k = kernels(layer)
    # A transposed convolution: each pixel paints its own 2 x 2 block.
    taps = k["up"].reshape(3, 2, 2, 2)  # channel, row, column, filter
    up = np.einsum("hwc,cijf->hiwjf", x, taps).reshape(8, 10, 2)
    main = fresh_norm(convolve(relu(fresh_norm(up)), k["refine"]))
    short = fresh_norm(convolve(x, k["shortcut"]))
    short = short.repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(ours, relu(main + short), rtol=1e-4, atol=1e-5)


def test_training_updates_the_statistics(rng):
    layer = ResidualDown(4)
    inputs = rng.normal(5.0, 1.0, size=(2, 8, 8, 3)).astype("float32")
    before = ops.convert_to_numpy(layer(inputs, training=False))
    layer(inputs, training=True)
    after = ops.convert_to_numpy(layer(inputs, training=False))
    assert np.abs(after - before).max() > 0.01


def test_odd_sides_are_refused():
    with pytest.raises(ValueError, match="even sides"):
        ResidualDown(4).build((None, 7, 8, 3))
