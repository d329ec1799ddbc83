import keras
import numpy as np
from keras import ops
from scipy import ndimage

from kerasad.domain.sampling import inverse, moved, sample, warp
from kerasad.layers.either import either
from kerasad.layers.once import scoring


def host(value):
    return np.asarray(ops.convert_to_numpy(value))


def test_sample_is_scipys_linear_interpolation(rng):
    images = rng.uniform(size=(2, 9, 7, 3)).astype("float32")
    x, y = rng.uniform(-1.2, 1.2, (2, 2, 40)).astype("float32")
    found = host(sample(ops.convert_to_tensor(images), x, y))
    unit = (9 + 7) / 4
    for image, own_x, own_y, received in zip(images, x, y, found, strict=True):
        places = [own_y * unit + 9 / 2 - 0.5, own_x * unit + 7 / 2 - 0.5]
        expected = [
            ndimage.map_coordinates(channel, places, order=1, mode="nearest")
            for channel in image.transpose(2, 0, 1)
        ]
        np.testing.assert_allclose(received.T, expected, atol=1e-5)


def test_a_pose_and_its_inverse_lead_back(rng):
    pose = rng.normal([1, 0, 0, 0], 0.3, (5, 4)).astype("float32")
    x, y = rng.normal(size=(2, 11)).astype("float32")
    u, v = moved(ops.convert_to_tensor(pose), x, y)
    back = inverse(ops.convert_to_tensor(pose))
    for row in range(5):
        own = [host(part)[row] for part in (u, v)]
        found = moved(back[row : row + 1], *own)
        np.testing.assert_allclose(host(found[0])[0], x, atol=1e-4)
        np.testing.assert_allclose(host(found[1])[0], y, atol=1e-4)


def test_warp_by_a_pixel_is_a_shift_and_says_what_is_unseen(rng):
    images = rng.uniform(size=(1, 8, 8, 1)).astype("float32")
    pose = np.array([[1.0, 0.0, 1 / 4.0, 0.0]], "float32")  # one pixel right
    found = warp(ops.convert_to_tensor(images), ops.convert_to_tensor(pose))
    shown, seen = map(host, found)
    np.testing.assert_allclose(shown[:, :, :-1], images[:, :, 1:], atol=1e-6)
    assert seen[0, :, -1, 0].max() == 0
    assert seen[0, :, :-1, 0].min() == 1


def test_either_is_where_and_computes_no_more_than_is_asked(rng):
    values = rng.uniform(size=(2, 3, 4)).astype("float32")
    tensors = tuple(map(ops.convert_to_tensor, values))
    seen = []

    def first(one, other):
        seen.append(f"y{len(one)}")
        return one, other

    def second(one, other):
        seen.append(f"n{len(one)}")
        return 2.0 * other, other

    for flags in ([True, False, True], [True] * 3, [False] * 3):
        tensor = ops.convert_to_tensor(flags)
        column = np.array(flags)[:, None]
        expected = np.where(column, values[0], 2.0 * values[1])
        plain = either(tensor, first, second, tensors)
        with scoring():
            quick = either(tensor, first, second, tensors)
        for found in (plain, quick):
            assert np.array_equal(host(found[0]), expected)
            assert np.array_equal(host(found[1]), values[1])
    if keras.backend.backend() == "torch":
        whole = "y3 n3 "
        assert " ".join(seen) == (
            whole + "y2 n1 " + whole + "y3 " + whole + "n3"
        )
