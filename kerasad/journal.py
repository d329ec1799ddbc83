"""What happens around the epochs of a training run."""

import time

import keras
import numpy as np

from kerasad.checkpoint import save_checkpoint
from kerasad.errors import InputError
from kerasad.schedules import learning_rate


class Journal(keras.callbacks.Callback):
    """Sets the rate, validates, keeps history and best.

    Args:
        config: `kerasad.config.Config`.
        steps: int. Batches in an epoch.
        validation: data set that gives the validation loss.
        checkpoint: path of the checkpoint, written after each epoch.
        settings: dict that a resumed run must share.
        rows: history of the epochs before, when resuming.
        best_weights: of the best of those epochs.
        progress: callable `(epoch, epochs, step, steps, row)`, called after
            each batch with `row=None` and after each epoch with its row.
        time_limit: float, in seconds of all epochs, those before a resumption
            included. Once it is spent, the epoch under way is cut short,
            validated and the last; `None` for no limit.
    """

    def __init__(
        self,
        config,
        steps,
        validation,
        checkpoint,
        settings,
        rows=(),
        best_weights=None,
        progress=None,
        time_limit=None,
    ):
        super().__init__()
        if time_limit is not None and time_limit <= 0:
            raise InputError(
                "the time limit of a training must be positive. Received: "
                f"{time_limit:g} s"
            )
        self.config = config
        self.steps = steps
        self.validation = validation
        self.checkpoint = checkpoint
        self.settings = settings
        self.rows = list(rows)
        self.best_weights = best_weights
        self.progress = progress
        self.time_limit = time_limit
        self.started = time.monotonic()

    def out_of_time(self, seconds=0.0):
        """Whether the epochs so far, and `seconds` more, used up the time."""
        if self.time_limit is None:
            return False
        spent = sum(row["seconds"] for row in self.rows)
        return spent + seconds >= self.time_limit

    def validation_loss(self):
        """Mean over the validation images, as `evaluate` would give it.

        By hand, for Keras would make and drop an iterator an epoch for it,
        which takes a second: see `kerasad.endless`.
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
            self.config, epoch, [row["val_loss"] for row in self.rows]
        )
        self.model.optimizer.learning_rate = self.rate
        self.started = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self.out_of_time(time.monotonic() - self.started):
            self.model.stop_training = True
        if self.progress is not None:
            self.progress(
                self.params["epochs"],
                len(self.rows),
                batch + 1,
                self.steps,
                None,
            )

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
        # With a rate that decays to 0 the last weights are the settled ones.
        if self.config.schedule == "cosine" or row["val_loss"] <= best:
            self.best_weights = self.model.get_weights()
        save_checkpoint(
            self.checkpoint,
            self.model,
            self.rows,
            self.best_weights,
            self.settings,
        )
        if self.progress is not None:
            self.progress(
                self.params["epochs"],
                len(self.rows),
                self.steps,
                self.steps,
                row,
            )
