import keras
import numpy as np
import pytest
from kerasad.batches import make_dataset
from kerasad.building import build_network, compile_network

from kerasad.config import load_config
from kerasad.training.endless import Endless
from kerasad.training.journal import Journal

SMALL = "image_size=32 crop=0 batch_size=2 epochs=3".split()


@pytest.mark.parametrize("name", ["default", "h2"])
def test_the_validation_loss_is_that_of_evaluate(name, rng, tmp_path):
    small = ["filters=[8,8]", "dilations=[1]", "base_filters=4", "depth=1"]
    if name == "default":
        small.append("corruption={blur: 1, colour: 1}")
    config = load_config(name, [*SMALL, *small])
    images = rng.integers(256, size=(5, 32, 32, 3), dtype="uint8")
    dataset = make_dataset(images, images, None, config)
    validation = make_dataset(images, images, None, config, validation=True)
    model = build_network(config)
    compile_network(model, config)
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            result = model.evaluate(validation, verbose=0, return_dict=True)
            seen.append(result["loss"])

    path = tmp_path / "checkpoint.npz"
    journal = Journal(config, len(dataset), validation, path, {})
    model.fit(
        Endless(dataset),
        steps_per_epoch=len(dataset),
        epochs=3,
        shuffle=False,
        verbose=0,
        callbacks=[journal, Seen()],
    )
    found = [row["val_loss"] for row in journal.rows]
    np.testing.assert_allclose(found, seen, rtol=1e-5)
    # And the losses of training are not those of validation.
    assert not np.allclose(found, [row["loss"] for row in journal.rows])
