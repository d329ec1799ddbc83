import keras
import numpy as np
import pytest
from keras import ops
from scipy.spatial.distance import cdist

from kerasad.layers import PatchMemory


@pytest.fixture
def normals(rng):
    return rng.integers(0, 256, (6, 16, 24, 3), dtype="uint8")


def filled(normals, **options):
    layer = PatchMemory(memory=len(normals), dims=5, **options)
    layer.fit(normals, np.random.default_rng(0))
    return layer


def distances(layer, images, **options):
    images = images.astype("float32") / 255.0
    return ops.convert_to_numpy(layer(images, **options))


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1, "stride": 4, "window": 1},
        {"scale": 2, "stride": 4, "window": 0},
        {"scale": 2, "stride": 2, "window": 2},
    ],
)
def test_distances_are_those_of_a_plain_search(options, normals, rng):
    layer = filled(normals, **options)
    queries = rng.integers(0, 256, (3, 16, 24, 3), dtype="uint8")
    ours = distances(layer, queries)
    assert ours.shape == layer.compute_output_shape(queries.shape)

    scaled = queries.astype("float32") / 255.0
    features = ops.convert_to_numpy(layer.features(scaled))
    bank = ops.convert_to_numpy(layer.bank).astype("float32")
    reach = layer.window
    for row in range(ours.shape[1]):
        for column in range(ours.shape[2]):
            nearby = bank[
                max(0, row - reach) : row + reach + 1,
                max(0, column - reach) : column + reach + 1,
            ]
            nearby = nearby.transpose(0, 1, 3, 2).reshape(-1, layer.dims)
            expected = cdist(features[:, row, column], nearby).min(axis=1)
            np.testing.assert_allclose(
                ours[:, row, column], expected, rtol=1e-3, atol=1e-3
            )


def test_features_are_principal_components(normals):
    layer = filled(normals, scale=1, stride=4)
    features = layer.features(normals.astype("float32") / 255.0)
    features = ops.convert_to_numpy(features)[:, 1:-1, 1:-1].reshape(-1, 5)
    kernel = ops.convert_to_numpy(layer.kernel).reshape(-1, 5)
    products = kernel.T @ kernel
    off = products - np.diag(np.diag(products))
    assert np.abs(off).max() < 1e-3 * np.diag(products).max()
    assert np.abs(features.mean(axis=0)).max() < 1.0


def test_a_known_image_is_near_and_without_itself_far(normals):
    layer = filled(normals, scale=1, stride=4)
    assert distances(layer, normals).max() < 0.02  # the bank's half precision
    alone = distances(layer, normals, owners=np.arange(6))
    assert alone.min() > 0.1


def test_a_defect_is_farther_than_anything_normal(rng):
    base = rng.uniform(60, 200, (16, 24, 3))
    normals = base + rng.normal(0, 5, (8, 16, 24, 3))
    normals = normals.clip(0, 255).astype("uint8")
    layer = filled(normals[:6], scale=1, stride=4)
    broken = normals[6:].copy()
    broken[1, 4:8, 8:12] = 255 - broken[1, 4:8, 8:12]
    maps = distances(layer, broken)
    row, column = np.unravel_index(maps[1].argmax(), (4, 6))
    assert abs(row - 1) <= 1 and abs(column - 2) <= 1
    assert maps[1].max() > 2 * maps[0].max()


def test_saving(normals, tmp_path):
    layer = filled(normals, scale=2, stride=4)
    images = keras.Input((16, 24, 3))
    model = keras.Model(images, layer(images))
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    assert revived.layers[-1].get_config() == layer.get_config()
    batch = normals.astype("float32") / 255.0
    np.testing.assert_allclose(
        revived.predict(batch, verbose=0),
        model.predict(batch, verbose=0),
        atol=1e-4,
    )
