import doctest

import keras
import numpy as np
import pytest

from kerasad.config import load_config
from kerasad.methods.ssae import SSAEMethod
from kerasad.training import budget, gradient, journal, pace
from kerasad.training.budget import Budget, budget_of
from kerasad.training.checkpoint import read
from kerasad.training.run import Run


@pytest.mark.parametrize("module", [budget, pace])
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


def settings_of(recipe, *changes):
    settings = load_config(recipe, changes).settings
    members = getattr(settings, "members", (settings,))
    return members[0]


@pytest.mark.parametrize(
    "recipe, epochs",
    [("default", 160), ("best", 700), ("robust", 110)],
)
def test_for_200_images_it_is_what_it_was_in_epochs(recipe, epochs):
    """Of 13 batches; for 762 images, 43 batches, it is no more work."""
    found = budget_of(settings_of(recipe), 13)
    assert found == Budget(13 * epochs, 13, 4) and found.epochs == epochs
    assert budget_of(settings_of(recipe), 43) == found


@pytest.mark.parametrize(
    "recipe, changes, batches, expected",
    [
        ("e5", [], 50, (200 * 50, 50)),  # the paper's count epochs
        ("default", ["epochs=20"], 43, (20 * 43, 43)),
        ("best", ["epochs=20"], 43, (20 * 43, 43)),
        ("best", ["epochs=999"], 13, (9100, 13)),  # whichever ends first
        ("e5", ["steps=120"], 50, (120, 50)),
        ("default", ["steps=100"], 13, (100, 5)),
        ("default", ["steps=7"], 13, (7, 1)),
    ],
)
def test_steps_and_epochs(recipe, changes, batches, expected):
    found = budget_of(settings_of(recipe, *changes), batches)
    assert (found.steps, found.each) == expected
    within = [found.within(epoch) for epoch in range(found.epochs)]
    assert sum(within) == found.steps and min(within) > 0


SMALL = ["image_size=32", "batch_size=4", "filters=[16]", "blocks=1",
         "dilations=[1]", "crop=0", "corruption={blur: 1, colour: 1}",
         "precision=float32"]  # fmt: skip


def learnt(images, tmp_path, *changes, **options):
    """Weights, history and facts of a training of Model II."""
    config = load_config("robust", [*SMALL, *changes])
    run = Run(config.settings, checkpoint=tmp_path / "c.npz", **options)
    keras.utils.set_random_seed(0)
    method = SSAEMethod.from_settings(config.settings, (32, 32), len(images))
    rows = method.fit(images, images[:4], run)
    return method.network.get_weights(), rows, run.facts


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(10, 32, 32, 3), dtype="uint8")


def same(one, other):
    return all(map(np.array_equal, one, other))


def test_the_last_epoch_has_the_rest(images, tmp_path):
    _, rows, facts = learnt(images, tmp_path, "steps=50")
    assert len(rows) == 25 and facts["steps"] == 50  # of 2
    _, rows, facts = learnt(images, tmp_path, "epochs=3", "steps=8")
    assert len(rows) == 3 and facts["steps"] == 8  # 3, 3 and 2


@pytest.fixture
def forty(monkeypatch):
    """As many steps fit into any time, however slow the machine is."""

    def fitting(seconds, step, rest, each):
        assert seconds > 0.0 and step > 0.0 and rest > 0.0 and each > 0
        return 40

    monkeypatch.setattr(gradient, "fitting_steps", fitting)
    monkeypatch.setattr(journal, "fitting_steps", lambda *_: 0)


def test_a_time_decides_the_number_of_steps_alone(images, tmp_path, forty):
    said = []
    weights, rows, facts = learnt(
        images, tmp_path, "steps=100000", seconds=600.0, say=said.append
    )
    assert facts["done_steps"] == facts["planned_steps"] == 40
    assert facts["recipe_steps"] == 100_000 and facts["time_limit"] == 600.0
    assert "40 of 100000 steps fit into 10 minutes" in said
    plain, _, _ = learnt(images, tmp_path, "steps=40")
    assert same(weights, plain)
    # And of a recipe that is shorter, all of it.
    _, _, facts = learnt(images, tmp_path, "steps=5", seconds=600.0)
    assert facts["done_steps"] == 5


class Clock:
    """A time of its own, however busy the machine of the tests is."""

    def __init__(self, tick):
        self.now, self.tick = 0.0, tick

    def monotonic(self):
        return self.now

    def passing(self, function):
        """`function`, which takes `tick` seconds."""

        def slow(*args, **kwargs):
            self.now += self.tick
            return function(*args, **kwargs)

        return slow


@pytest.fixture
def clock(monkeypatch):
    """By which a step takes 0.1 seconds, and a validation as well."""
    clock = Clock(0.1)
    for owner, name in (
        (pace.Pace, "on_train_batch_end"),
        (journal.Journal, "on_train_batch_end"),
        (journal.Journal, "validation_loss"),
    ):
        slow = clock.passing(getattr(owner, name))
        monkeypatch.setattr(owner, name, slow)
    for module in (gradient, journal, pace):
        monkeypatch.setattr(module, "time", clock)
    return clock


def test_the_steps_fit_into_the_time(images, tmp_path, clock):
    _, rows, facts = learnt(images, tmp_path, "steps=100000", seconds=15.0)
    assert facts["done_steps"] == facts["planned_steps"] < 100_000
    # Most of it is used, and not more.
    assert 13.0 < sum(row["seconds"] for row in rows) < clock.now < 15.0


class Stop(Exception):
    pass


def test_a_resumed_run_reads_on_where_it_was(images, tmp_path):
    """Also where an update is of two steps."""
    changes = ["epochs=6", "gradient_accumulation_steps=2"]
    plain, _, facts = learnt(images, tmp_path, *changes)
    assert (facts["steps"], facts["done_steps"]) == (9, 18)
    with pytest.raises(Stop):
        learnt(images, tmp_path, *changes, progress=stop)
    resumed, _, _ = learnt(images, tmp_path, *changes, resume=True)
    assert same(resumed, plain)


def stop(epochs, epoch, step, steps, row):
    if row is not None and epoch == 3:
        raise Stop


LONG = ["steps=100000", "learning_rate=0.001"]


def test_a_resumed_run_keeps_the_steps_that_fit(images, tmp_path, forty):
    with pytest.raises(Stop):
        learnt(images, tmp_path, *LONG, progress=stop, seconds=600.0)
    begun = (tmp_path / "c.npz").read_bytes()
    plain, _, _ = learnt(images, tmp_path, *LONG, "steps=40")
    for options in ({}, {"seconds": 600.0}):  # as it was begun
        (tmp_path / "c.npz").write_bytes(begun)
        weights, rows, facts = learnt(
            images, tmp_path, *LONG, resume=True, **options
        )
        assert facts["steps"] == facts["planned_steps"] == 40
        assert facts["time_limit"] == 600.0
        assert same(weights, plain)
        # The schedule has come to its end, and not before.
        rates = [row["learning_rate"] for row in rows]
        assert rates[3] == max(rates) > 50 * rates[-1]


def test_another_time_fits_the_rest_of_the_schedule(images, tmp_path, forty):
    with pytest.raises(Stop):
        learnt(images, tmp_path, *LONG, progress=stop)  # without any time
    done = read(tmp_path / "c.npz")[2]["done"]  # checkpoints go by time
    assert done in (13, 26, 39)
    _, rows, facts = learnt(images, tmp_path, *LONG, resume=True, seconds=600.0)
    assert facts["steps"] == done + 40 == facts["planned_steps"]
    assert len(rows) == done // 13 + 4  # epochs as long as they were
    rates = [row["learning_rate"] for row in rows]
    assert rates[-1] < 0.2 * max(rates)  # of five epochs, the fewest


def test_steps_that_become_slower_are_fewer(images, tmp_path, forty, clock):
    def slow(epochs, epoch, step, steps, row):
        if epoch > 3:
            clock.tick = 1.0

    _, rows, facts = learnt(
        images, tmp_path, *LONG, seconds=20.0, progress=slow
    )
    assert 8 <= facts["done_steps"] < 40 and facts["refits"] > 0
    rates = [row["learning_rate"] for row in rows]
    assert rates[-1] < 0.3 * max(rates)  # where it goes on, at half: 0.9


@pytest.mark.parametrize("recipe, least", [(100_000, 120), (60, 60)])
def test_steps_that_become_quicker_are_more(
    recipe, least, images, tmp_path, clock
):
    """Up to those of the recipe; 30 would fit if each took a second."""

    def quick(epochs, epoch, step, steps, row):
        clock.tick = 0.1

    clock.tick = 1.0
    _, rows, facts = learnt(
        images,
        tmp_path,
        *LONG,
        f"steps={recipe}",
        seconds=60.0,
        progress=quick,
    )
    assert least <= facts["done_steps"] <= recipe
    assert facts["done_steps"] == facts["planned_steps"]
    assert facts["refits"] > 0 and clock.now < 60.0
    rates = [row["learning_rate"] for row in rows]
    assert rates[-1] < 0.1 * max(rates)
