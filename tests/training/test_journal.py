import dataclasses
import math
import time

import keras
import numpy as np
import pytest

from kerasad.config import load_config
from kerasad.methods import model_one, ssae
from kerasad.training import autoencoder
from kerasad.training.budget import budget_of
from kerasad.training.checkpoint import read
from kerasad.training.endless import Endless
from kerasad.training.gradient import compile_network
from kerasad.training.journal import CHECKPOINTS, Journal
from kerasad.training.run import Run

SMALL = "image_size=32 batch_size=2 epochs=3".split()


SSAE = ["filters=[16,16]", "dilations=[1]", "context=true", "crop=0"]


def ssae_parts(images):
    corruption = "corruption={blur: 1, colour: 1}"
    settings = load_config("robust", [*SMALL, *SSAE, corruption]).settings
    parts = [
        ssae.batches(images, images, None, settings, 0, validation)
        for validation in (False, True)
    ]
    return ssae, settings, *parts


def model_one_parts(images):
    # Fewer filters end the process on TensorFlow, see ModelOneSettings.
    small = [*SMALL, "base_filters=16", "depth=1"]
    settings = load_config("h2", small).settings
    parts = [
        autoencoder.batches(images, settings, 0, validation)
        for validation in (False, True)
    ]
    return model_one, settings, *parts


@pytest.mark.parametrize("make", [ssae_parts, model_one_parts])
def test_the_validation_loss_is_that_of_evaluate(make, rng, tmp_path):
    images = rng.integers(256, size=(5, 32, 32, 3), dtype="uint8")
    method, settings, dataset, validation = make(images)
    model = method.network_of(settings, 32)
    compile_network(model, method.losses_of(settings), settings)
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            result = model.evaluate(validation, verbose=0, return_dict=True)
            seen.append(result["loss"])

    run = Run(settings, checkpoint=tmp_path / "checkpoint.npz")
    budget = budget_of(settings, len(dataset))
    journal = Journal(run, budget, validation)
    with Endless(dataset) as stream:
        model.fit(
            stream,
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


def test_checkpoints_go_by_time(rng, tmp_path):
    images = rng.integers(256, size=(5, 32, 32, 3), dtype="uint8")
    method, settings, dataset, validation = ssae_parts(images)
    model = method.network_of(settings, 32)
    compile_network(model, method.losses_of(settings), settings)
    path, written = tmp_path / "checkpoint.npz", []

    def progress(epochs, epoch, step, steps, row):
        if row is None:
            return
        written.append(len(read(path)[0]) if path.is_file() else 0)
        journal.due = [-math.inf, math.inf, math.inf][min(epoch, 2)]

    run = Run(settings, checkpoint=path, progress=progress)
    budget = dataclasses.replace(budget_of(settings, len(dataset)), steps=15)
    journal = Journal(run, budget, validation)
    with Endless(dataset) as stream:
        model.fit(
            stream,
            steps_per_epoch=budget.each,
            epochs=budget.epochs,
            shuffle=False,
            verbose=0,
            callbacks=[journal],
        )
    # The first, as nothing is known of the time; not those before the time
    # has come; and the last, whatever the time.
    assert written == [1, 1, 1, 1, 5]


def test_a_checkpoint_puts_the_next_off(rng, tmp_path):
    images = rng.integers(256, size=(5, 32, 32, 3), dtype="uint8")
    method, settings, dataset, validation = ssae_parts(images)
    journal = Journal(
        Run(settings, checkpoint=tmp_path / "checkpoint.npz"),
        budget_of(settings, len(dataset)),
        validation,
    )
    journal.set_model(method.network_of(settings, 32))
    compile_network(journal.model, method.losses_of(settings), settings)
    began = time.monotonic()
    journal.save()
    most = time.monotonic() - began
    assert began < journal.due <= time.monotonic() + most / CHECKPOINTS
