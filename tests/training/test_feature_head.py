import keras
import numpy as np
import pytest
from keras import ops

from kerasad.config import load_config
from kerasad.layers import FeatureGaussian
from kerasad.metrics import roc_auc
from kerasad.models import FeatureHead
from kerasad.training.feature_head import (
    CLEAN,
    FULL,
    Examples,
    FeatureBatches,
    train_head,
    whitened,
)
from kerasad.training.run import Run
from kerasad.training.train import fit

DIMS, GRID = 6, (12, 20)
FAST = ("weights=random", "taps=[block_1]", "image_size=[64,64]")


def examples(rng, count, defects):
    features = rng.normal(size=(count, *GRID, DIMS))
    covered = np.zeros((count, *GRID))
    if defects:
        # In a direction of its own, no further away than noise may lie.
        for row, box in zip(features, covered, strict=True):
            top, left = rng.integers(10), rng.integers(18)
            row[top : top + 2, left : left + 2, 0] += 2.5
            box[top : top + 2, left : left + 2] = 1.0
    return Examples(features, np.arange(count) % 8, covered)


def test_a_head_learns_the_direction_of_defects(rng):
    keras.utils.set_random_seed(0)
    head = FeatureHead(DIMS)
    train_head(head, examples(rng, 8, False), examples(rng, 40, True), 120, 0)
    new = examples(rng, 20, True)
    logits = ops.convert_to_numpy(head(new.features.astype("float32")))
    lengths = np.linalg.norm(new.features, axis=-1)
    defective = new.covered.ravel() > 0
    found = roc_auc(defective, logits.ravel())
    assert found > 0.95
    assert found > roc_auc(defective, lengths.ravel()) + 0.05


def test_batches_are_a_function_of_seed_and_number(rng):
    good, defective = examples(rng, 8, False), examples(rng, 9, True)
    first, again, other = (
        FeatureBatches(good, defective, 5, seed) for seed in (3, 3, 4)
    )
    assert len(first) == 5
    found = first.batch(0, 2)
    for one, two, three in zip(
        found, again.batch(0, 2), other.batch(0, 2), strict=True
    ):
        np.testing.assert_array_equal(one, two)
        assert one.shape == three.shape
    features, defective, _ = found
    assert not np.array_equal(features, other.batch(0, 2)[0])
    assert not np.array_equal(features, first.batch(0, 3)[0])
    assert features.shape == (16, 12, 16, DIMS)  # a window of the grid
    assert defective[:4].sum() == 0
    assert (defective[4:].sum(axis=(1, 2, 3)) > 0).all()


def test_what_is_hardly_covered_says_nothing():
    covered = np.zeros((1, *GRID))
    covered[0, 3, 5:8] = (CLEAN / 2, (CLEAN + FULL) / 2, 2 * FULL)
    seen = np.ones((1, *GRID))
    seen[0, 0, 0] = 0.0
    one = Examples(np.zeros((1, *GRID, DIMS)), np.zeros(1), covered, seen)
    _, defective, weights = one.window(0, 0, 0, GRID)
    assert defective.sum() == defective[3, 7, 0] == 1
    assert np.argwhere(weights == 0).tolist() == [[0, 0], [3, 6]]


def test_each_half_is_whitened_by_the_other(rng):
    good, defective = examples(rng, 8, False), examples(rng, 11, True)
    for own, found in zip(
        (good, defective), whitened(good, defective), strict=True
    ):
        for half in (0, 1):
            memory = FeatureGaussian()
            memory.fit([good.features[good.owners % 2 != half]])
            expected = memory(own.features[own.owners % 2 == half])
            length = np.linalg.norm(
                found.features[found.owners % 2 == half].astype("float32"),
                axis=-1,
            )
            np.testing.assert_allclose(
                length, ops.convert_to_numpy(expected), rtol=5e-3
            )
        assert sorted(found.owners) == sorted(own.owners)


@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
def test_only_beside_a_gaussian(kind, parts):
    parts = parts[:10, :64, :64]
    settings = [*FAST, "head_steps=3", f"memory={kind}", "domain=none"]
    config = load_config("fast", settings)
    detector, _ = fit(config, parts[:8], parts[8:], Run(config.settings))
    names = {"gaussian": ("features", "defects"), "mixture": ("features",)}
    assert detector.method.map_names == names[kind]
    assert detector.map_scale.shape[0] == len(names[kind])


def test_a_map_of_a_mixture_is_less_its_median(parts):
    parts = parts[:10, :64, :64]
    settings = [*FAST, "head_steps=0", "memory=mixture", "domain=none"]
    config = load_config("fast", settings)
    method = fit(config, parts[:8], parts[8:], Run(config.settings))[0].method
    images = parts[8:].astype("float32") / 255.0
    found = ops.convert_to_numpy(method(images)["maps"])
    described = method.get_config()
    del described["relative"]  # as in a file of before
    before = type(method).from_config(described)
    assert not before.relative and not before.get_config()["relative"]
    before.set_weights(method.get_weights())
    away = ops.convert_to_numpy(before(images)["maps"]) - found
    assert np.ptp(away, axis=(1, 2)).max() < 1e-3
    assert np.abs(away[:, 0, 0, 0]).min() > 1.0
