import keras
import numpy as np
import pytest

from kerasad.config import load_config
from kerasad.data.datasets import CorruptionDataset
from kerasad.errors import InputError
from kerasad.testing import fitted, sample_images
from kerasad.training.idempotence import Idempotent


def test_the_penalty_is_that_of_the_formula():
    images = keras.Input((2, 2, 3))
    model = Idempotent(
        keras.Model(images, keras.layers.Rescaling(0.5, 0.1)(images)), 3.0
    )
    x = np.full((1, 2, 2, 3), 0.6, "float32")
    model(x, training=True)
    # f(0.6) = 0.4, f(0.4) = 0.3.
    assert float(model.losses[0]) == pytest.approx(3.0 * 0.01, rel=1e-5)
    model(x)
    assert not model.losses


def test_noise_stays_in_the_target():
    def unchanged(image, rng):
        return image, np.zeros(image.shape[:2], "float32")

    images = np.full((2, 64, 64, 3), 128, "uint8")
    noisy = CorruptionDataset(images, unchanged, 2, target_noise=0.1)
    corrupted, clean, _ = noisy.batch(0, 0)
    np.testing.assert_array_equal(corrupted, clean)
    assert clean.std() == pytest.approx(0.1, rel=0.05)
    assert noisy.batch(0, 0)[1].tobytes() == clean.tobytes()


def test_both_change_what_is_learnt():
    settings = ["image_size=32", "filters=[16, 16]", "dilations=[1, 2]"]
    settings += ["blocks=1", "crop=16", "steps=2", "batch_size=4"]
    settings += ["context=false", "precision=float32"]
    images, found = sample_images(32), []
    for switches in ([], ["idempotence=1"], ["target_noise=0.1"]):
        config = load_config("robust", [*settings, *switches])
        detector, rows = fitted(config, images[:8], images[8:])
        weights = detector.method.network.get_weights()
        found.append(np.concatenate([w.ravel() for w in weights]))
        assert np.isfinite(rows[-1]["loss"])
    plain, idempotent, noisy = found
    assert np.abs(idempotent - plain).max() > 1e-6
    assert np.abs(noisy - plain).max() > 1e-6


def test_context_is_refused():
    with pytest.raises(InputError, match="'idempotence' must be 0 with cont"):
        load_config("robust", ["context=true", "idempotence=1"])
