import numpy as np
import pytest

from kerasad.data.datasets import ImageDataset
from kerasad.training.endless import Endless


@pytest.fixture
def dataset(rng):
    images = rng.integers(256, size=(5, 8, 8, 3), dtype="uint8")
    return ImageDataset(images, batch_size=2, seed=3)


def test_epoch_after_epoch(dataset):
    stream = Endless(dataset, first=4)
    for index in (0, 7, 2, 3, 8):  # in any order
        expected = dataset.batch(4 + index // 3, index % 3)
        np.testing.assert_array_equal(stream[index][0], expected[0])
