"""One training by gradients: batches into a network, epoch after epoch."""

import math
import time

import keras

from kerasad.training.budget import budget_of
from kerasad.training.checkpoint import restore_checkpoint
from kerasad.training.endless import Endless
from kerasad.training.journal import Journal
from kerasad.training.optimizer import make_optimizer
from kerasad.training.pace import fitting_steps, seconds_of_a_step
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
    began, settings = time.monotonic(), run.settings
    policy, reason = resolve_precision(settings.precision)
    keras.utils.set_random_seed(run.seed)
    network = build(policy)
    compile_network(network, losses, settings)
    whole = budget_of(settings, len(dataset))
    rows, best, plan, seeds = [], None, {}, []
    if run.resume and run.checkpoint.is_file():
        rows, best, plan, seeds = restore_checkpoint(
            run.checkpoint, network, run.identity
        )
    each = plan.get("each", whole.each) if rows else None
    budget = budget_of(settings, len(dataset), plan.get("steps"), each)
    if rows:
        run.say(f"going on after epoch {len(rows)} of {budget.epochs}")
    # The optimizer counts updates, which may be of several steps each.
    done = plan.get("done", len(rows) * budget.each)
    seconds = plan.get("seconds")
    journal = Journal(run, budget, validation, rows, best, done, began, seconds)
    journal.seeds, journal.most = seeds, whole.steps
    if run.seconds not in (None, seconds):
        fitting = steps_in_time(network, dataset, journal)
        for _ in range(2):  # few steps are divided into shorter epochs
            steps = min(whole.steps, max(1, done + fitting(journal.budget)))
            journal.budget = budget_of(settings, len(dataset), steps, each)
        journal.seconds = run.seconds
        run.say(in_time(journal.budget.steps, whole.steps, run.seconds))
    late = rows and journal.out_of_time()
    if len(rows) < journal.budget.epochs and not late:
        with Endless(dataset, first=done) as stream:
            network.fit(
                stream,
                steps_per_epoch=journal.budget.each,
                epochs=math.ceil(whole.steps / journal.budget.each),
                initial_epoch=len(rows),
                shuffle=False,  # the data set owns its order
                verbose=0,
                callbacks=[journal, *run.callbacks],
            )
    run.facts |= {
        "precision": policy,
        "precision_reason": reason,
        "steps": int(network.optimizer.iterations),
        "done_steps": journal.done,
        "planned_steps": journal.budget.steps,
        "recipe_steps": whole.steps,
        "time_limit": journal.seconds,
        "refits": journal.refits,
        "picked": settings.picks_epoch,
    }
    return journal.best_weights, journal.rows


def steps_in_time(network, dataset, journal):
    """From a budget to the steps that fit into what is left of the time.

    Measured, beginning with the last two batches of a pass, of which the very
    last is smaller: XLA compiles for each size.
    """
    journal.set_model(network)
    with Endless(dataset, first=max(0, len(dataset) - 2)) as stream:
        step = seconds_of_a_step(network, stream)
    journal.validation_loss()  # compiles
    now = time.monotonic()
    journal.validation_loss()
    rest = time.monotonic() - now
    left = journal.time_left()
    return lambda budget: fitting_steps(left, step, rest, budget.each)


def in_time(steps, whole, seconds) -> str:
    """A sentence on how much of a recipe is done, for the user."""
    return f"{steps} of {whole} steps fit into {seconds / 60:.3g} minutes"


def compile_network(network, losses, settings):
    """Gives a network its losses and the optimizer of `GradientSettings`."""
    options = dict(losses)
    optimizer = make_optimizer(settings, options.pop("exclude", ()))
    # XLA's convolutions on a CPU are far slower than oneDNN's; JAX has no
    # other.
    on_jax = keras.backend.backend() == "jax"
    network.compile(optimizer, jit_compile=on_jax, **options)
