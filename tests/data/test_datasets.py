import keras
import numpy as np
import pytest

from kerasad.data.datasets import (
    CorruptionDataset,
    ImageDataset,
)
from kerasad.losses.masked import masked_weights
from kerasad.training.endless import Endless


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(7, 16, 16, 3), dtype="uint8")


def corrupt(image, rng):
    mask = (rng.random(image.shape[:2]) < 0.3).astype("float32")
    return image * (1 - mask[..., None]), mask


def make(images, **kwargs):
    return CorruptionDataset(images, corrupt, batch_size=3, seed=5, **kwargs)


def equal(one, other):
    one, other = keras.tree.flatten(one), keras.tree.flatten(other)
    return all(map(np.array_equal, one, other)) and len(one) == len(other)


def test_shapes_types_and_weights(images):
    dataset = make(images, mask_weight=0.8)
    assert len(dataset) == 3
    assert [len(dataset[i][0]) for i in range(3)] == [3, 3, 1]
    corrupted, clean, weights = dataset[0]
    assert corrupted.shape == clean.shape == (3, 16, 16, 3)
    assert {a.dtype for a in dataset[0]} == {np.dtype("float32")}
    mask = (corrupted != clean).any(axis=-1)
    np.testing.assert_array_equal(weights, masked_weights(mask, 0.8))


def test_a_window_is_cut_where_the_image_is_lower(rng):
    strips = rng.integers(256, size=(4, 16, 80, 3), dtype="uint8")
    corrupted, clean, weights = make(strips, crop=32)[0]
    assert corrupted.shape == clean.shape == (3, 16, 32, 3)
    assert weights.shape == (3, 16, 32)
    seen = [strips[i][:, x : x + 32] for i in range(4) for x in range(49)]
    for window in np.rint(clean * 255).astype("uint8"):
        assert any(np.array_equal(window, other) for other in seen)


def test_an_epoch_holds_every_image_once(images):
    dataset = make(images)
    clean = np.concatenate([dataset[i][1] for i in range(3)]) * 255
    sums = np.sort(clean.sum(axis=(1, 2, 3)))
    expected = np.sort(images.sum(axis=(1, 2, 3), dtype="float64"))
    np.testing.assert_allclose(sums, expected, rtol=1e-6)


def test_batches_are_a_function_of_seed_epoch_and_index(images):
    dataset, other = make(images), make(images)
    forwards = [dataset[i] for i in range(3)]
    backwards = [other[i] for i in (2, 1, 0)][::-1]
    assert all(map(equal, forwards, backwards))
    dataset.set_epoch(1)
    assert not equal(dataset[0], forwards[0])
    dataset.epoch = 0
    assert equal(dataset[0], forwards[0])
    reseeded = CorruptionDataset(images, corrupt, batch_size=3, seed=6)
    assert not equal(reseeded[0], forwards[0])


def test_masks_as_target(images):
    corrupted, targets, weights = make(images, masks_as_target=True)[1]
    plain = make(images)[1]
    assert equal(corrupted, plain[0])
    assert equal(targets["reconstruction"], plain[1])
    assert equal(weights["reconstruction"], plain[2])
    mask = targets["anomaly_logits"]
    assert mask.shape == (3, 16, 16, 1) and mask.dtype == np.float32
    np.testing.assert_array_equal(weights["anomaly_logits"], 1.0)
    # The loss weights follow the real-valued mask, the target where it counts.
    dataset = make(images)
    _, rng = dataset._draw(0, 1)
    masks = [dataset.corrupt(image, rng)[1] for image in plain[1]]
    np.testing.assert_array_equal(mask[..., 0], np.stack(masks) > 0.25)
    np.testing.assert_array_equal(
        masked_weights(np.stack(masks)), weights["reconstruction"]
    )


def test_augmentation_reaches_the_clean_target(images):
    dataset = make(images, augment=lambda image, rng: image // 2)
    assert dataset[0][1].max() <= 127 / 255 + 1e-6


def test_image_dataset_yields_the_image_twice(images):
    inputs, targets = ImageDataset(images, batch_size=4, seed=1)[0]
    assert inputs.shape == (4, 16, 16, 3) and equal(inputs, targets)


class Coded(CorruptionDataset):
    """The clean images carry the epoch and the index."""

    def batch(self, epoch, index):
        corrupted, clean, weights = super().batch(epoch, index)
        return corrupted, np.full_like(clean, 10 * epoch + index), weights


class Seen(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.codes = []

    def on_train_batch_end(self, batch, logs=None):
        self.means = [] if batch == 0 else self.means
        self.means.append(logs["code"] * (batch + 1))  # sum up to here
        before = self.means[-2] if batch else 0.0
        self.codes.append(round(self.means[-1] - before))


def code(y_true, y_pred):
    return keras.ops.mean(y_true, axis=(1, 2, 3))


def test_fit_trains_epoch_e_on_epoch_e(images):
    dataset = Coded(images[:6], corrupt, 2, seed=0)
    model = keras.Sequential([keras.layers.Conv2D(3, 1)])
    model.compile("sgd", "mse", metrics=[code])
    seen = Seen()
    model.fit(
        Endless(dataset, first=3),
        steps_per_epoch=3,
        epochs=4,
        initial_epoch=1,
        shuffle=False,
        callbacks=[seen],
        verbose=0,
    )
    assert seen.codes == [10, 11, 12, 20, 21, 22, 30, 31, 32]


def test_augmentation_after_the_corruption_changes_both_alike(images):
    def augment(image, rng):
        noise = rng.integers(-9, 10, image.shape)
        return (image // 2 + 60 + noise).astype("uint8")

    options = {"augment": augment, "masks_as_target": True}
    corrupted, targets, _ = make(images, augment_last=True, **options)[0]
    clean = targets["reconstruction"]
    assert 0.19 < clean.min() and clean.max() < 0.78
    # A corrupted pixel was black, and is what black becomes.
    found = targets["anomaly_logits"][..., 0] == 1
    assert 0.1 < found.mean() < 0.4
    assert corrupted[found].max() <= 69 / 255 + 1e-6
    change = np.abs(corrupted - clean).max(axis=-1)
    assert change[~found].max() < 16 / 255
    # Without corruption to begin with, the same noise on both.
    same = change == 0
    assert 0.6 < same.mean() < 0.8


def test_float_images_are_refused():
    with pytest.raises(ValueError, match="dtype=float64"):
        ImageDataset(np.zeros((2, 8, 8, 3)), batch_size=1)


def test_workers_are_refused(images):
    with pytest.raises(ValueError, match="Received: workers=2"):
        make(images, workers=2)
