import numpy as np
from keras import ops

from kerasad.layers.context import Context, HostContext, PlaceFeatures
from tests.contracts import check_layer


def test_contracts(rng, tmp_path):
    images = rng.uniform(size=(2, 8, 12, 3)).astype("float32")
    check_layer(Context(), images, tmp_path / "context.keras")
    check_layer(PlaceFeatures(), images[..., :2], tmp_path / "places.keras")


def test_context_by_hand(rng):
    normals = rng.integers(0, 256, (5, 8, 12, 3), dtype="uint8")
    layer = Context()
    layer.fit(normals)
    image = rng.uniform(size=(1, 8, 12, 3)).astype("float32")
    channels = ops.convert_to_numpy(layer(image))[0]
    scaled = normals / 255.0
    deviation = (image[0] - scaled.mean(0)) / (scaled.std(0) + 0.06)
    np.testing.assert_allclose(channels[..., :3], image[0])
    np.testing.assert_allclose(
        channels[..., 3:6], deviation.clip(-4, 4), rtol=1e-4, atol=1e-5
    )
    assert channels[0, 0, 6:].tolist() == [-1.0, -1.0]
    assert channels[7, 11, 6:].tolist() == [1.0, 1.0]


def test_the_host_makes_the_same_channels_for_a_window(rng):
    normals = rng.integers(0, 256, (5, 8, 12, 3), dtype="uint8")
    layer = Context()
    layer.fit(normals)
    image = rng.uniform(size=(8, 12, 3)).astype("float32")
    whole = ops.convert_to_numpy(layer(image[None]))[0]
    window = (slice(2, 6), slice(5, 9))
    part = np.empty((4, 4, 8), "float32")
    HostContext(normals)(image[window], window, out=part)
    np.testing.assert_allclose(part, whole[window], rtol=1e-5, atol=1e-5)


def test_place_features_by_hand():
    y, x = 0.25, -0.5
    features = ops.convert_to_numpy(
        PlaceFeatures()(np.array([[[[y, x]]]], "float32"))
    )[0, 0, 0]
    angles = np.pi * np.array([y, x, 2 * y, 2 * x])
    expected = [y, x, *np.sin(angles), *np.cos(angles)]
    np.testing.assert_allclose(features, expected, atol=1e-6)
