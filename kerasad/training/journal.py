"""What happens around the epochs of a training run."""

import dataclasses
import math
import time

import keras
import numpy as np

from kerasad.errors import InputError
from kerasad.training.checkpoint import put_seeds, save_checkpoint
from kerasad.training.pace import fitting_steps
from kerasad.training.schedules import learning_rate

OVERDRAWN = 0.1  # of the time of a run, more than which is not tolerated
RECENT = 5  # epochs that tell how quick the steps are
EPOCH_SEED = 1_000_003  # between the random numbers of epochs
CHECKPOINTS = 0.02  # of the time may go into writing them


class Journal(keras.callbacks.Callback):
    """Sets the rate, validates, keeps history and best.

    Args:
        run: `kerasad.training.run.Run`.
        budget: `kerasad.training.budget.Budget`.
        validation: data set that gives the validation loss.
        rows: history of the epochs before, when resuming.
        best_weights: of the best of those epochs.
        done: int. Steps of those epochs.
        began: float, `time.monotonic()` at which the time of the run began.
        seconds: float. That the budget was made to fit into.

    A budget fits into the time of the run as long as its steps are as quick
    as they were when it was made. If the rest would take a tenth more than is
    left, or a tenth less, it gets fewer steps or more, and the schedule of
    the rate ends sooner or later. Once the time is overdrawn by a tenth all
    the same, the epoch under way is the last.
    """

    def __init__(
        self,
        run,
        budget,
        validation,
        rows=(),
        best_weights=None,
        done=0,
        began=None,
        seconds=None,
    ):
        super().__init__()
        if run.seconds is not None and run.seconds <= 0:
            raise InputError(
                "the time limit of a training must be positive. Received: "
                f"{run.seconds:g} s"
            )
        self.run = run
        self.budget = budget
        self.most = budget.steps  # which a budget may grow to
        self.seconds = seconds
        self.validation = validation
        self.kept = {}  # batches of the validation
        self.seeds = []  # of random numbers that are gone on with
        self.rows = list(rows)
        self.best_weights = best_weights
        self.done = done
        self.refits = 0
        self.due = 0.0  # when the next checkpoint is written, or later
        self.started = time.monotonic()
        self.began = self.started if began is None else began
        self.before = sum(row["seconds"] for row in self.rows)

    def time_left(self):
        """Seconds of the run's time; those before a resumption count."""
        if self.run.seconds is None:
            return math.inf
        spent = self.before + time.monotonic() - self.began
        return self.run.seconds - spent

    def out_of_time(self):
        """Whether the time given is overdrawn by more than is tolerated."""
        limit = self.run.seconds
        return limit is not None and self.time_left() < -OVERDRAWN * limit

    def validation_loss(self):
        """Mean over the validation images, as `evaluate` would give it.

        By hand, for Keras would make and drop an iterator an epoch for it,
        which takes a second: see `Endless`.
        """
        total = count = 0
        few, batches = self.budget.validation, len(self.validation)
        for index in range(min(few or batches, batches)):
            batch = self.kept.get(index) or self.validation[index]
            if few:  # they are the same each epoch
                self.kept[index] = batch
            found = self.model.test_on_batch(*batch, return_dict=True)
            total += float(found["loss"]) * len(batch[0])
            count += len(batch[0])
        return total / count

    def on_train_begin(self, logs=None):
        put_seeds(self.model, self.seeds)

    def on_epoch_begin(self, epoch, logs=None):
        self.rate = learning_rate(
            self.run.settings,
            epoch,
            self.budget.epochs,
            [row["val_loss"] for row in self.rows],
        )
        self.model.optimizer.learning_rate = self.rate
        self.started = time.monotonic()

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 0 and keras.backend.backend() == "torch":
            # Keras leaves dropout to PyTorch's own numbers, which no
            # checkpoint holds, and of which a new data set takes one.
            seed = self.run.seed + EPOCH_SEED * len(self.rows)
            keras.utils.set_random_seed(seed % 2**32)

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        # Keras gives all epochs as many steps; the last may have fewer.
        within = self.budget.within(len(self.rows))
        short = within < self.budget.each and batch + 1 == within
        if short or self.out_of_time():
            self.model.stop_training = True
        self.show(batch + 1, None)

    def on_epoch_end(self, epoch, logs=None):
        row = {
            "epoch": epoch,
            "loss": float(logs["loss"]),
            "val_loss": self.validation_loss(),
            "learning_rate": self.rate,
            "seconds": round(time.monotonic() - self.started, 3),
        }
        if not np.isfinite([row["loss"], row["val_loss"]]).all():
            raise InputError(
                f"the training diverged in epoch {epoch + 1}: its loss is "
                f"{row['loss']:g}, {row['val_loss']:g} in validation; set a "
                f"learning_rate below {self.rate:g}, or clipnorm=1"
            )
        logs |= row  # for the callbacks that follow
        best = min((r["val_loss"] for r in self.rows), default=np.inf)
        self.rows.append(row)
        self.refit()
        if len(self.rows) >= self.budget.epochs or self.out_of_time():
            self.model.stop_training = True
        if not self.run.settings.picks_epoch or row["val_loss"] <= best:
            self.best_weights = self.model.get_weights()
        if self.model.stop_training or time.monotonic() >= self.due:
            self.save()
        self.show(self.budget.within(epoch), row)

    def refit(self):
        """Takes away steps that no longer fit into the time, or adds some.

        What else runs on the machine comes and goes.
        """
        last = self.rows[-RECENT:]
        epochs = range(len(self.rows) - len(last), len(self.rows))
        step = sum(row["seconds"] for row in last)
        step /= sum(map(self.budget.within, epochs))
        rest, left = self.budget.steps - self.done, max(0.0, self.time_left())
        if rest <= 0 or math.isinf(left):
            return
        fitting = fitting_steps(left, step, 0.0, 1)
        more = min(self.most - self.done, fitting)
        if rest * step > (1.0 + OVERDRAWN) * left:
            rest = int(left / step)
        elif more > (1.0 + OVERDRAWN) * rest:
            rest = more
        else:
            return
        steps = self.done + rest
        self.budget = dataclasses.replace(self.budget, steps=steps)
        self.refits += 1

    def save(self):
        """Writes the checkpoint, if the run has one.

        The longer that takes, the later the next one: the last epoch always
        ends with one, the others as far as the time for it goes.
        """
        if self.run.checkpoint is not None:
            began = time.monotonic()
            save_checkpoint(
                self.run.checkpoint,
                self.model,
                self.rows,
                self.best_weights or self.model.get_weights(),
                self.run.identity,
                {
                    **dataclasses.asdict(self.budget),
                    "seconds": self.seconds,
                    "done": self.done,
                },
            )
            now = time.monotonic()
            self.due = now + (now - began) / CHECKPOINTS

    def show(self, step, row):
        """Tells `run.progress` how far the epoch is."""
        if self.run.progress is not None:
            epoch, budget = len(self.rows), self.budget
            self.run.progress(
                budget.epochs, epoch, step, budget.within(epoch), row
            )
