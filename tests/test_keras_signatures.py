"""What a person who knows `keras.Model` calls, on a detector."""

import keras
import numpy as np
import pytest

from kerasad.backend import installed
from kerasad.errors import InputError
from tests.small import SIZE, make_detector


@pytest.fixture(scope="module")
def detector():
    return make_detector("memory")


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (7, SIZE, SIZE, 3), dtype="uint8")


class Batches(keras.utils.PyDataset):
    def __init__(self, images, labels):
        super().__init__()
        self.images, self.labels = images, labels

    def __len__(self):
        return 3

    def __getitem__(self, index):
        part = slice(3 * index, 3 * index + 3)
        return self.images[part], self.labels[part]


def test_keras_arguments_of_predict(detector, images):
    expected = detector.predict(images)
    result = detector.predict(x=images, batch_size=2, verbose=0, steps=None)
    assert set(result) == set(expected)
    np.testing.assert_allclose(
        result["anomaly_score"], expected["anomaly_score"], rtol=1e-4
    )
    with pytest.raises(InputError, match="steps counts batches of a data set"):
        detector.predict(images, steps=2)
    with pytest.raises(InputError, match="predict calls no callbacks"):
        detector.predict(images, callbacks=[keras.callbacks.History()])


def test_data_sets_of_batches(detector, images):
    expected = detector.predict(images)
    labels = np.zeros(7)
    sets = [Batches(images, labels), iter([images[:4], images[4:]])]
    sets.append(iter(images))  # one by one
    if installed("tensorflow"):
        import tensorflow as tf

        sets.append(tf.data.Dataset.from_tensor_slices(images).batch(3))
    if installed("torch"):
        import torch

        pairs = list(zip(images, labels, strict=True))
        sets.append(torch.utils.data.DataLoader(pairs, batch_size=3))
    for data in sets:
        result = detector.predict(data)
        for name, value in expected.items():
            assert result[name].shape == value.shape
            np.testing.assert_allclose(
                result[name], value, rtol=1e-4, atol=1e-4
            )
    result = detector.predict(Batches(images, labels), steps=1, verbose=0)
    assert result["anomaly_score"].shape == (3,)


def test_what_is_no_data_set_of_images(detector):
    with pytest.raises(InputError, match="must yield batches of images"):
        detector.predict("photo.png")
    with pytest.raises(InputError, match="at least one image"):
        detector.predict(iter([]))


def test_keras_export_points_to_ours(detector, tmp_path):
    with pytest.raises(InputError, match="kerasad.export.export"):
        detector.export(tmp_path / "detector", format="tf_saved_model")
    assert not list(tmp_path.iterdir())
