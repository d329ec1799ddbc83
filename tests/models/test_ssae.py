import numpy as np
import pytest

from kerasad.models import SSAE
from tests.contracts import check_model

SMALL = dict(image_size=32, filters=(6, 12), dilations=(1, 2), blocks=1)


@pytest.mark.parametrize(
    "options",
    [{"stem": 4}, {"stem": 2, "head": False}, {"stem": 1, "head": False}],
    ids=["default", "plain", "full-resolution"],
)
def test_contract(options, rng, tmp_path):
    model = SSAE(**SMALL, **options)
    images = rng.uniform(size=(2, 32, 32, 3)).astype("float32")
    check_model(model, images, tmp_path / "model.keras")


def test_outputs(rng):
    images = rng.uniform(size=(2, 32, 32, 3)).astype("float32")
    outputs = SSAE(**SMALL).predict(images, verbose=0)
    reconstruction = outputs["reconstruction"]
    assert reconstruction.shape == images.shape
    assert 0.0 <= reconstruction.min() and reconstruction.max() <= 1.0
    assert outputs["anomaly_logits"].shape == (2, 16, 16, 1)


def test_half_precision_trains_and_answers_in_float32(rng):
    model = SSAE(**SMALL, dtype="mixed_bfloat16")
    images = rng.uniform(size=(2, 32, 32, 3)).astype("float32")
    assert {w.dtype for w in model.get_weights()} == {np.dtype("float32")}
    half = model.predict(images, verbose=0)["reconstruction"]
    full = SSAE(**SMALL)
    full.set_weights(model.get_weights())
    exact = full.predict(images, verbose=0)["reconstruction"]
    assert half.dtype == exact.dtype == np.float32
    np.testing.assert_allclose(half, exact, atol=0.05)
