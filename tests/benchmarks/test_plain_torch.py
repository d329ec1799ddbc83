"""The plain PyTorch twin is the same network, the same loss."""

import dataclasses

import keras
import numpy as np
import pytest

from kerasad.config import load_config
from kerasad.methods import ssae
from kerasad.training.gradient import compile_network

torch = pytest.importorskip("torch")
plain_torch = pytest.importorskip("benchmarks.plain_torch")

SETTINGS = [
    "image_size=32",
    "crop=0",
    "filters=[24, 32, 40]",
    "dilations=[1, 2]",
    "optimizer=sgd",
    "clipnorm=0",
    "learning_rate=0.1",
    "precision=float32",
]


@pytest.fixture
def twins():
    keras.utils.set_random_seed(0)
    config = load_config("default", SETTINGS).settings.members[0]
    network = ssae.network_of(config, 32)
    plain = plain_torch.plain_of(config)
    plain_torch.load_keras_weights(plain, network)
    return config, network, plain


def test_the_same_outputs(twins, rng):
    _, network, plain = twins
    images = rng.random((2, 32, 32, 8), dtype="float32")
    ours = network.predict(images, verbose=0)
    with torch.no_grad():
        pixels, logits = plain(plain_torch.channels_first(images))
    for theirs, name in (
        (pixels, "reconstruction"),
        (logits, "anomaly_logits"),
    ):
        np.testing.assert_allclose(
            theirs.permute(0, 2, 3, 1).numpy(), ours[name], rtol=1e-3, atol=1e-4
        )


def test_the_same_loss_and_update(twins, rng):
    config, network, plain = twins
    images = rng.random((2, 32, 32, 8), dtype="float32")
    clean = rng.random((2, 32, 32, 3), dtype="float32")
    weights = rng.random((2, 32, 32), dtype="float32")
    masks = (rng.random((2, 32, 32, 1)) < 0.2).astype("float32")
    compile_network(network, ssae.losses_of(config), config)
    optimizer = torch.optim.SGD(plain.parameters(), config.learning_rate)
    ones = np.ones(2, "float32")
    config = dataclasses.replace(config, clipnorm=1e9)
    for _ in range(3):
        ours = network.train_on_batch(
            images,
            {"reconstruction": clean, "anomaly_logits": masks},
            {"reconstruction": weights, "anomaly_logits": ones},
        )[0]
        theirs = plain_torch.train_step(
            plain, optimizer, config, images, clean, weights, masks
        )
        network.reset_metrics()
        assert theirs == pytest.approx(float(ours), rel=1e-3)
