import threading

import numpy as np
import pytest

from kerasad.data.datasets import ImageDataset
from kerasad.training.endless import Endless


@pytest.fixture
def dataset(rng):
    images = rng.integers(256, size=(5, 8, 8, 3), dtype="uint8")
    return ImageDataset(images, batch_size=2, seed=3)


def test_epoch_after_epoch(dataset):
    with Endless(dataset, first=4 * 3 + 1) as stream:
        for index in (0, 7, 2, 3, 3, 8):  # in any order
            expected = dataset.batch(*divmod(4 * 3 + 1 + index, 3))
            np.testing.assert_array_equal(stream[index][0], expected[0])


def test_the_next_batches_are_made_meanwhile(dataset):
    made, batch = [], dataset.batch

    def note(epoch, index):
        made.append((epoch, index, threading.current_thread()))
        return batch(epoch, index)

    dataset.batch = note
    with Endless(dataset) as stream:
        stream[0]
        for future in stream.coming.values():
            future.result()
        assert [m[:2] for m in made] == [(0, 0), (0, 1), (0, 2)]
        stream[1]
        stream.coming[3].result()
        assert len(made) == 4  # batch 1 was not made again
    np.testing.assert_array_equal(stream[5][0], dataset.batch(1, 2)[0])
    assert threading.current_thread() not in {m[2] for m in made[:4]}
