"""A training of seconds finds defects, and each key of it matters."""

import numpy as np
import pytest

from kerasad.config import load_config
from kerasad.metrics import roc_auc
from kerasad.testing import fitted, sample_images

SIZE = 32
TINY = ["image_size=32", "filters=[16]", "blocks=1", "crop=0", "epochs=15",
        "batch_size=4", "precision=float32", "sigma=1"]  # fmt: skip


def with_spots(images):
    """Each image with a dark spot of 5 pixels somewhere on the disc."""
    changed = images.copy()
    rng = np.random.default_rng(1)
    for image in changed:
        row, column = rng.integers(11, 17, 2)
        image[row : row + 5, column : column + 5] //= 2
    return changed


@pytest.mark.parametrize("name", ["default", "memory"])
def test_a_tiny_training_finds_spots(name):
    keys = TINY if name == "default" else ["image_size=32", "sigma=1"]
    config = load_config(name, keys)
    images = sample_images(SIZE, 24)
    detector, _ = fitted(config, images[:16], images[16:])
    tested = np.concatenate([images[16:], with_spots(images[16:])])
    scores = detector.predict(tested)["anomaly_score"]
    assert roc_auc([0] * 8 + [1] * 8, scores) >= 0.9
