"""How many steps of a training fit into a time."""

import time

import keras

WARM_UP = 3  # steps: tracing, memory, a batch of each size
MEASURED = 6  # steps
RESERVE = 0.03  # of the time, for checkpoints and what else is not measured


class Pace(keras.callbacks.Callback):
    """Seconds a step, once it is warm."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == WARM_UP - 1:
            self.began = time.monotonic()
        self.seconds = (time.monotonic() - self.began) / MEASURED

    def on_train_begin(self, logs=None):
        self.began = time.monotonic()


def seconds_of_a_step(network, stream) -> float:
    """Trains for a few steps and takes them back.

    What follows is then the same as without, number for number: which steps
    fit decides how long a training is, and nothing else about it.
    """
    network.optimizer.build(network.trainable_variables)
    variables = [*network.variables, *network.optimizer.variables]
    before = [keras.ops.convert_to_numpy(v).copy() for v in variables]
    pace = Pace()
    network.fit(
        stream,
        steps_per_epoch=WARM_UP + MEASURED,
        shuffle=False,
        verbose=0,
        callbacks=[pace],
    )
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    return pace.seconds


def fitting_steps(seconds, step, rest, each) -> int:
    """Steps that fit into `seconds`.

    Args:
        seconds: float. What is left of the time.
        step: float. Seconds of a step.
        rest: float. Seconds of what follows an epoch.
        each: int. Steps of an epoch.

    >>> fitting_steps(100.0, 0.9, 1.0, 10)
    97
    """
    seconds = max(0.0, seconds * (1 - RESERVE))
    return int(seconds / (step + rest / each))
