"""What is computed once follows the weights all the same."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import ops

from kerasad.layers import FeatureGaussian, FeatureMemory, PatchMemory
from kerasad.layers.once import KNOWN, once, scoring

on_torch = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="the others trace a graph"
)


@pytest.fixture
def memory(rng):
    layer = PatchMemory(memory=4, dims=5, scale=1, stride=4, window=1)
    layer.fit(photos(rng), np.random.default_rng(0))
    return layer


def photos(rng):
    return rng.integers(0, 256, (4, 16, 24, 3), dtype="uint8")


def score(layer, images):
    return ops.convert_to_numpy(layer(images.astype("float32") / 255.0))


def test_the_same_as_computed_each_time(memory, rng):
    images = photos(rng)
    with scoring():
        first, second = score(memory, images), score(memory, images)
    assert np.array_equal(first, score(memory, images))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("how", ["assign", "set_weights", "fit", "load"])
def test_changed_weights_count(memory, rng, how, tmp_path):
    images, others = photos(rng), photos(rng)
    fresh = PatchMemory(**memory.get_config())
    fresh.fit(others, np.random.default_rng(0))
    inputs = keras.Input((16, 24, 3))
    model = keras.Model(inputs, fresh(inputs))
    model.save_weights(tmp_path / "a.weights.h5")
    mine = keras.Model(inputs, memory(inputs))
    with scoring():
        before = score(memory, images)
        if how == "assign":
            for own, new in zip(memory.weights, fresh.weights, strict=True):
                own.assign(new)
        elif how == "set_weights":
            memory.set_weights(fresh.get_weights())
        elif how == "fit":
            memory.fit(others, np.random.default_rng(0))
        else:
            mine.load_weights(tmp_path / "a.weights.h5")
        after = score(memory, images)
    np.testing.assert_allclose(after, score(fresh, images), atol=1e-5)
    assert np.abs(after - before).max() > 0.1


@on_torch
def test_computed_once_and_only_while_scoring(memory):
    calls = []

    def compute():
        calls.append(1)
        return len(calls)

    assert [once(memory, memory.bank, compute) for _ in "ab"] == [1, 2]
    with scoring():
        assert [once(memory, memory.bank, compute) for _ in "abc"] == 3 * [3]
        memory.bank.assign(memory.bank * 2)
        assert once(memory, memory.bank, compute) == 4
    assert once(memory, memory.bank, compute) == 5


@on_torch
def test_a_layer_that_is_gone_is_forgotten(rng):
    layers = [FeatureGaussian(), FeatureMemory(9, window=1), FeatureMemory(1)]
    features = rng.normal(size=(9, 4, 4, 3)).astype("float32")
    layers[0].fit([features])
    for layer in layers[1:]:
        layer.fit(features, np.arange(9), rng)
    with scoring():
        for layer in layers:
            layer(features)
    assert all(layer in KNOWN for layer in layers)
    gone = [weakref.ref(layer) for layer in layers]
    del layer, layers
    gc.collect()
    assert [layer() for layer in gone] == [None] * 3
