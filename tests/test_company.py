"""What a score does not depend on: the batch, and how alike images were."""

import numpy as np
import pytest

from kerasad.calibration.roughness import ROUNDING, roughened, spread
from kerasad.capsules import draw_capsule
from kerasad.config import from_mapping
from kerasad.loading import load
from kerasad.training.run import Run
from kerasad.training.train import fit

SIZE = 48
RECIPES = {
    "default": {
        "epochs": 1,
        "crop": 0,
        "memory_images": 12,
        "filters": [16, 16],
    },
    "memory": {"method": "patch_memory", "memory_images": 12},
    # The weights of the recipe, where they are not installed, change nothing.
    "fast": {"method": "feature_memory", "weights": "random"},
}


def fitted(recipe, images):
    config = from_mapping({"image_size": SIZE, **RECIPES[recipe]})
    run = Run(config.settings, seed=0)
    return fit(config, images[:12], images[12:], run)[0]


@pytest.fixture(scope="module")
def capsules():
    return np.stack(
        [draw_capsule(np.random.default_rng(i), SIZE)[0] for i in range(28)]
    )


@pytest.fixture
def copies(capsules):
    return np.repeat(capsules[:1], 28, axis=0)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_score_does_not_depend_on_the_batch(recipe, capsules):
    detector = fitted(recipe, capsules[:16])
    # A known image is nearest to itself: the worst case for rounding.
    images = np.concatenate([capsules[16:], capsules[:4]])
    whole = detector.predict(images, batch_size=16)["anomaly_score"]
    for size in (1, 3):
        parts = [
            detector.predict(images[start : start + size])["anomaly_score"]
            for start in range(0, len(images), size)
        ]
        np.testing.assert_allclose(
            np.concatenate(parts), whole, rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("recipe", RECIPES)
def test_copies_of_one_image(recipe, copies, rng, tmp_path):
    detector = fitted(recipe, copies[:16])
    detector.calibrate(copies[16:], "conformal", fpr=0.1)
    detector.save(tmp_path / "detector.keras")
    detector = load(tmp_path / "detector.keras")

    noise = rng.normal(0, 1, copies.shape)
    noisy = np.clip(np.rint(copies + noise), 0, 255).astype("uint8")
    scores = detector.predict(noisy)["anomaly_score"]
    assert np.abs(scores).max() < 100  # units of the spread, not 3.6e9
    assert detector.predict(noisy)["is_anomalous"].mean() <= 0.2
    assert not detector.predict(copies[:1])["is_anomalous"].any()

    defective = copies[:1].copy()
    defective[:, 20:28, 20:28] = 0
    assert detector.predict(defective)["is_anomalous"].all()


def test_images_that_vary_are_left_as_they_are(capsules, copies):
    assert spread(capsules) > 10 * ROUNDING
    assert roughened(capsules) is capsules
    one = copies[:1]
    assert roughened(one) is one
    one_pixel_differs = copies.copy()
    one_pixel_differs[0, 0, 0] = 255
    for alike in (copies, one_pixel_differs):
        rough = roughened(alike)
        assert ROUNDING < spread(rough) < 2.0
        np.testing.assert_array_equal(rough, roughened(alike))
