"""Codes that were extracted once, as batches."""

import numpy as np

from kerasad.training.codes import CodeDataset, copies_of


def test_a_pass_takes_each_image_once_and_any_of_its_copies():
    codes = np.arange(3 * 7).reshape(3, 7, 1).astype("uint16")
    dataset = CodeDataset(codes, batch_size=4, seed=1)
    assert len(dataset) == 2
    drawn = []
    for epoch in range(20):
        batches = [dataset.batch(epoch, index) for index in range(2)]
        rows = np.concatenate([given for given, _ in batches])
        assert rows.dtype == "int32" and rows.shape == (7, 1)
        assert sorted(rows[:, 0] % 7) == list(range(7))
        drawn.append(rows[:, 0])
    assert set(np.concatenate(drawn)) == set(range(21))
    for given, wanted in (dataset.batch(5, 1), dataset.batch(5, 1)):
        np.testing.assert_array_equal(given, wanted)
        np.testing.assert_array_equal(given[:, 0], drawn[5][4:])


def test_copies_are_augmented_each_with_its_own_change():
    images = np.full((10, 4, 4, 3), 100, "uint8")

    def mean(batch):
        return np.rint(255 * batch.mean((1, 2)))

    def brighter(image, rng):
        return image + rng.integers(1, 100, dtype="uint8")

    plain = copies_of(mean, images, None, 1, 0)
    assert plain.shape == (1, 10, 3) and plain.dtype == "uint16"
    assert (plain == 100).all()
    changed = copies_of(mean, images, brighter, 3, 0)
    assert changed.shape == (3, 10, 3) and (changed > 100).all()
    assert len(np.unique(changed[..., 0])) > 10
    np.testing.assert_array_equal(
        changed, copies_of(mean, images, brighter, 3, 0)
    )
