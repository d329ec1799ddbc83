import keras
import numpy as np
import pytest
from keras import ops

from kerasad.training.muon import ConvMuon
from tests.contracts import check_config


def test_config():
    check_config(ConvMuon(learning_rate=0.1, exclude_layers=["last"]))


@pytest.mark.parametrize("rows", [20, 72, 1152])
def test_the_update_is_nearly_orthogonal(rows, rng):
    matrix = rng.normal(size=(rows, 16)).astype("float32")
    matrix *= np.geomspace(1.0, 0.03, 16, dtype="float32")
    tensor = ops.convert_to_tensor(matrix)
    update = ops.convert_to_numpy(ConvMuon().orthogonal(tensor))
    keras_s = ConvMuon().zeropower_via_newtonschulz5(tensor, 5)
    np.testing.assert_allclose(update, ops.convert_to_numpy(keras_s), atol=1e-4)
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    singular = np.linalg.svd(update, compute_uv=False)
    # Muon's polynomial brings singular values near 1, not to it.
    assert singular.min() > 0.6 and singular.max() < 1.3
    aligned = np.sum(update * (left @ right)) / np.linalg.norm(update)
    assert aligned / np.sqrt(16) > 0.97


def test_kernels_of_convolutions_are_matrices_and_the_rest_is_not():
    layer = keras.layers.Conv2D(16, 3, name="body")
    last = keras.layers.Conv2D(16, 3, name="last")
    narrow = keras.layers.Conv2D(4, 3)
    for one in (layer, last, narrow):
        one.build((None, 8, 8, 16))
    optimizer = ConvMuon(exclude_layers=["last"])
    assert not optimizer._should_use_adamw(layer.kernel)
    for variable in (layer.bias, last.kernel, narrow.kernel):
        assert optimizer._should_use_adamw(variable)


def test_it_learns_a_convolution(rng):
    images = rng.normal(size=(16, 8, 8, 16)).astype("float32")
    truth = keras.layers.Conv2D(16, 3, padding="same")
    target = ops.convert_to_numpy(truth(images))
    model = keras.Sequential(
        [
            keras.Input((8, 8, 16)),
            keras.layers.Conv2D(16, 3, padding="same"),
        ]
    )
    model.compile(ConvMuon(learning_rate=0.05), "mse", jit_compile=False)
    before = model.evaluate(images, target, verbose=0)
    model.fit(images, target, epochs=20, verbose=0)
    assert model.evaluate(images, target, verbose=0) < 0.2 * before
