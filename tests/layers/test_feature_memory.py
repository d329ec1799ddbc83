import keras
import numpy as np
import pytest
from keras import ops
from scipy.spatial.distance import cdist

from kerasad.layers import (
    FeatureGaussian,
    FeatureGrid,
    FeatureMemory,
    FeatureMixture,
)
from kerasad.layers.feature_memory import core_set


@pytest.fixture
def normals(rng):
    base = rng.normal(size=(5, 6, 4))
    return (base + rng.normal(0, 0.3, (30, 5, 6, 4))).astype("float32")


@pytest.fixture
def queries(rng):
    return rng.normal(size=(3, 5, 6, 4)).astype("float32")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def filled(kind, normals):
    if kind == "gaussian":
        layer = FeatureGaussian(shrinkage=0.2)
        layer.fit([normals[:12], normals[12:]])
        return layer
    layer = FeatureMemory(40, window=1)
    if kind == "global":
        layer = FeatureMemory(60)
    layer.fit(normals, np.arange(len(normals)), np.random.default_rng(0))
    return layer


KINDS = ("gaussian", "window", "global")


def plain(kind, normals, query, row, column):
    """The distance of one feature, written without any trick."""
    x = query[row, column]
    if kind == "global":
        return cdist([x], normals.reshape(-1, 4), "sqeuclidean").min()
    if kind == "window":
        nearby = normals[
            :, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2
        ]
        return cdist([x], nearby.reshape(-1, 4), "sqeuclidean").min()
    every = normals.reshape(len(normals), -1, 4).transpose(1, 0, 2)
    shared = np.mean([np.cov(p.T, bias=True) for p in every], axis=0)
    own = np.cov(normals[:, row, column].T, bias=True)
    covariance = 0.8 * own + 0.2 * shared + 1e-3 * 1.2 * np.eye(4)
    d = x - normals[:, row, column].mean(axis=0)
    return np.sqrt(d @ np.linalg.solve(covariance, d))


@pytest.mark.parametrize("kind", KINDS)
def test_distances_are_those_of_a_plain_search(kind, normals, queries):
    ours = array(filled(kind, normals)(queries))
    assert ours.shape == (3, 5, 6)
    expected = [
        [[plain(kind, normals, q, r, c) for c in range(6)] for r in range(5)]
        for q in queries
    ]
    np.testing.assert_allclose(ours, expected, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_left_out_is_as_if_never_seen(kind, normals):
    every = filled(kind, normals)
    left_out = array(every(normals[:1], owners=np.array([0])))
    if kind == "gaussian":
        never = FeatureGaussian(shrinkage=0.2)
        never.fit([normals[1:]])
    else:
        never = FeatureMemory(every.memory, every.window)
        rng = np.random.default_rng(0)
        never.fit(normals[1:], np.arange(29), rng)
    expected = array(never(normals[:1]))
    # The covariance that all places share does not leave it out.
    rtol = 0.05 if kind == "gaussian" else 5e-3
    np.testing.assert_allclose(left_out, expected, rtol=rtol, atol=5e-3)
    assert (left_out >= array(every(normals[:1])) - 1e-4).all()
    stranger = array(every(normals[:1], owners=np.array([-1])))
    np.testing.assert_allclose(stranger, array(every(normals[:1])), atol=1e-4)


def test_one_image_is_enough(normals, queries):
    for kind in KINDS:
        layer = filled(kind, normals[:1]) if kind != "gaussian" else None
        if layer is None:
            layer = FeatureGaussian()
            layer.fit([normals[:1]])
        assert np.isfinite(array(layer(queries))).all()
        owned = array(layer(normals[:1], owners=np.array([0])))
        assert np.isfinite(owned).all()


def test_mixture_knows_kinds_wherever_they_are(rng, tmp_path):
    centres = rng.normal(0, 4, (6, 3))
    spread = np.array([0.1, 0.5, 1.0])

    def sample(n):
        kinds = rng.integers(6, size=(n, 8, 8))
        noise = rng.normal(0, spread, (n, 8, 8, 3))
        return (centres[kinds] + noise).astype("float32")

    layer = FeatureMixture(components=8)
    layer.fit(sample(60), np.random.default_rng(0))
    normal = array(layer(sample(4)))
    broken = sample(4)
    broken[:, 3, 3] = centres[2] + [0.0, 0.0, 12.0]
    found = array(layer(broken))
    assert normal.shape == (4, 8, 8)
    assert found[:, 3, 3].min() > normal.max()
    place = np.ones((8, 8), bool)
    place[3, 3] = False
    assert found[:, place].max() < found[:, 3, 3].min()

    features = keras.Input((8, 8, 3))
    model = keras.Model(features, layer(features))
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        revived.predict(broken, verbose=0), found, rtol=1e-5, atol=1e-4
    )


def test_core_set_covers_what_is_rare(rng):
    features = np.zeros((1000, 4), "float32") + rng.normal(0, 0.01, (1000, 4))
    features[[17, 400]] += 5.0
    assert {17, 400} & set(core_set(features, 5, rng).tolist())


def test_grid_pools_resizes_and_standardises(rng):
    maps = [
        rng.normal(3, 2, (20, 8, 8, 5)).astype("float32"),
        rng.normal(-1, 4, (20, 4, 4, 3)).astype("float32"),
    ]
    grid = FeatureGrid((4, 4), dims=8, pool=[3, 3])
    grid.build([x.shape for x in maps])
    joined = array(grid.join(maps))
    assert joined.shape == (20, 4, 4, 8)
    middle = maps[1][:, 0:3, 0:3].mean(axis=(1, 2))
    np.testing.assert_allclose(joined[:, 1, 1, 5:], middle, rtol=1e-4)
    corner = maps[1][:, 0:2, 0:2].mean(axis=(1, 2))
    np.testing.assert_allclose(joined[:, 0, 0, 5:], corner, rtol=1e-4)

    grid.fit(joined)
    found = array(grid(maps)).reshape(-1, 8)
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-3)
    np.testing.assert_allclose(found.std(axis=0), 1.0, atol=1e-3)
    few = FeatureGrid((4, 4), dims=3, pool=[3, 3])
    few.build([x.shape for x in maps])
    few.fit(joined)
    correlation = np.corrcoef(array(few(maps)).reshape(-1, 3).T)
    np.testing.assert_allclose(correlation, np.eye(3), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_saving(kind, normals, queries, tmp_path):
    layer = filled(kind, normals)
    features = keras.Input((5, 6, 4))
    model = keras.Model(features, layer(features))
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    assert revived.layers[-1].get_config() == layer.get_config()
    np.testing.assert_allclose(
        revived.predict(queries, verbose=0),
        model.predict(queries, verbose=0),
        atol=1e-4,
    )
