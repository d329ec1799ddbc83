"""What happens around the epochs of a training run."""

import time

import keras
import numpy as np

from kerasad.errors import InputError
from kerasad.training.checkpoint import save_checkpoint
from kerasad.training.schedules import learning_rate


class Journal(keras.callbacks.Callback):
    """Sets the rate, validates, keeps history and best.

    Args:
        run: `kerasad.training.run.Run`.
        steps: int. Batches in an epoch.
        validation: data set that gives the validation loss.
        rows: history of the epochs before, when resuming.
        best_weights: of the best of those epochs.

    Once the time of the run is spent, the epoch under way is cut short,
    validated and the last.
    """

    def __init__(self, run, steps, validation, rows=(), best_weights=None):
        super().__init__()
        if run.seconds is not None and run.seconds <= 0:
            raise InputError(
                "the time limit of a training must be positive. Received: "
                f"{run.seconds:g} s"
            )
        self.run = run
        self.steps = steps
        self.validation = validation
        self.rows = list(rows)
        self.best_weights = best_weights
        self.started = time.monotonic()

    def out_of_time(self, seconds=0.0):
        """Whether the epochs so far, and `seconds` more, used up the time."""
        if self.run.seconds is None:
            return False
        spent = sum(row["seconds"] for row in self.rows)
        return spent + seconds >= self.run.seconds

    def validation_loss(self):
        """Mean over the validation images, as `evaluate` would give it.

        By hand, for Keras would make and drop an iterator an epoch for it,
        which takes a second: see `Endless`.
        """
        total = count = 0
        for index in range(len(self.validation)):
            batch = self.validation[index]
            found = self.model.test_on_batch(*batch, return_dict=True)
            total += float(found["loss"]) * len(batch[0])
            count += len(batch[0])
        return total / count

    def on_epoch_begin(self, epoch, logs=None):
        self.rate = learning_rate(
            self.run.settings, epoch, [row["val_loss"] for row in self.rows]
        )
        self.model.optimizer.learning_rate = self.rate
        self.started = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self.out_of_time(time.monotonic() - self.started):
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
        best = min((r["val_loss"] for r in self.rows), default=np.inf)
        self.rows.append(row)
        if self.out_of_time():
            self.model.stop_training = True
        if not self.run.settings.picks_epoch or row["val_loss"] <= best:
            self.best_weights = self.model.get_weights()
        if self.run.checkpoint is not None:
            save_checkpoint(
                self.run.checkpoint,
                self.model,
                self.rows,
                self.best_weights,
                self.run.identity,
            )
        self.show(self.steps, row)

    def show(self, step, row):
        if self.run.progress is not None:
            epochs = self.run.settings.epochs
            self.run.progress(epochs, len(self.rows), step, self.steps, row)
