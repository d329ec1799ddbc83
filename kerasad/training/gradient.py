"""One training by gradients: batches into a network, epoch after epoch."""

import keras

from kerasad.training.checkpoint import restore_checkpoint
from kerasad.training.endless import Endless
from kerasad.training.journal import Journal
from kerasad.training.optimizer import make_optimizer
from kerasad.training.precision import resolve_precision


def train_network(build, losses, dataset, validation, run) -> tuple:
    """Trains a network that `build` makes.

    Args:
        build: callable that takes a Keras dtype policy and returns the
            untrained network; its weights are drawn from the run's seed.
        losses: dict of `loss` and what else `keras.Model.compile` takes of
            losses, and `exclude`, names of layers that Muon leaves alone.
        dataset: `kerasad.data.datasets.ImageDataset` to learn from.
        validation: one of held-out normal images.
        run: `kerasad.training.run.Run` with `GradientSettings`.

    Returns:
        The weights of the best epoch, and the history: a dict an epoch.
    """
    settings = run.settings
    policy, reason = resolve_precision(settings.precision)
    keras.utils.set_random_seed(run.seed)
    network = build(policy)
    compile_network(network, losses, settings)
    rows, best = [], None
    if run.resume and run.checkpoint.is_file():
        rows, best = restore_checkpoint(run.checkpoint, network, run.identity)
        run.say(f"going on after epoch {len(rows)} of {settings.epochs}")
    journal = Journal(run, len(dataset), validation, rows, best)
    if len(rows) < settings.epochs and not journal.out_of_time():
        network.fit(
            Endless(dataset, first=len(rows)),
            steps_per_epoch=len(dataset),
            epochs=settings.epochs,
            initial_epoch=len(rows),
            shuffle=False,  # the data set owns its order
            verbose=0,
            callbacks=[journal],
        )
    run.facts |= {
        "precision": policy,
        "precision_reason": reason,
        "steps": int(network.optimizer.iterations),
        "picked": settings.picks_epoch,
    }
    return journal.best_weights, journal.rows


def compile_network(network, losses, settings):
    """Gives a network its losses and the optimizer of `GradientSettings`."""
    options = dict(losses)
    optimizer = make_optimizer(settings, options.pop("exclude", ()))
    # XLA's convolutions on a CPU are far slower than oneDNN's; JAX has no
    # other.
    on_jax = keras.backend.backend() == "jax"
    network.compile(optimizer, jit_compile=on_jax, **options)
