"""A detector scores the same whatever a person has set in Keras."""

import keras
import numpy as np
import pytest

from kerasad.config import from_mapping
from kerasad.loading import load
from kerasad.plain_keras import plain_keras
from kerasad.training.run import Run
from kerasad.training.train import fit
from tests.small import SIZE, make_detector

# JAX computes in float32 whatever floatx says, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Explicitly requested dtype")

CHANGES = {
    "mixed_float16": lambda: keras.config.set_dtype_policy("mixed_float16"),
    "float64": lambda: keras.config.set_dtype_policy("float64"),
    "floatx": lambda: keras.config.set_floatx("float64"),
    "first": lambda: keras.config.set_image_data_format("channels_first"),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("state") / "detector.keras"
    make_detector(score="mean").save(path)
    return path


@pytest.mark.parametrize("change", CHANGES)
def test_a_loaded_detector(change, file, rng):
    images = rng.integers(0, 256, (3, SIZE, SIZE + 8, 3), dtype="uint8")
    expected = load(file).predict(images)
    with plain_keras():  # puts back what is changed
        CHANGES[change]()
        for read in (load, keras.saving.load_model):
            result = read(file).predict(images)
            for name, value in expected.items():
                assert result[name].dtype == value.dtype
                np.testing.assert_allclose(
                    result[name], value, rtol=1e-5, atol=1e-6
                )


@pytest.mark.parametrize("change", CHANGES)
def test_training(change, rng, tmp_path):
    images = rng.integers(0, 256, (12, SIZE, SIZE, 3), dtype="uint8")
    keys = {"epochs": 1, "crop": 0, "memory_images": 8, "filters": [16, 16]}
    config = from_mapping({"image_size": SIZE, **keys})
    with plain_keras():
        CHANGES[change]()
        run = Run(config.settings, seed=0)
        detector, _ = fit(config, images[:8], images[8:], run)
        detector.calibrate(images[8:], "n-sigma")
        detector.save(tmp_path / "detector.keras")
        scores = detector.predict(images)["anomaly_score"]
    again = load(tmp_path / "detector.keras").predict(images)
    np.testing.assert_allclose(
        again["anomaly_score"], scores, rtol=1e-4, atol=1e-4
    )
