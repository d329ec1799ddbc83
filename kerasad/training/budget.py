"""How long a training is, in steps, and what an epoch of it is."""

import math
from dataclasses import dataclass

STEPS = 2080  # of a training for which nothing is said: 160 epochs
# Steps of an epoch where steps are counted: one pass over 200 images in
# batches of 16. The rate changes, and the checkpoint is written, that often.
EPOCH = 13
FEWEST = 20  # epochs that so few steps are divided into, for the rate's sake


@dataclass(frozen=True)
class Budget:
    """A number of steps, in epochs.

    Args:
        steps: int. In all.
        each: int. In an epoch; the last has what is left.
        validation: int or `None`. Batches that a validation takes at most.

    Example:

    >>> budget = Budget(steps=30, each=13)
    >>> budget.epochs, [budget.within(epoch) for epoch in range(3)]
    (3, [13, 13, 4])
    """

    steps: int
    each: int
    validation: int | None = None

    @property
    def epochs(self) -> int:
        """Epochs that the steps fill, the last perhaps in part."""
        return math.ceil(self.steps / self.each)

    def within(self, epoch) -> int:
        """Steps of that epoch, from 0."""
        return max(0, min(self.each, self.steps - epoch * self.each))


def budget_of(settings, batches, steps=None, each=None) -> Budget:
    """The budget that `GradientSettings` stand for.

    Where epochs are counted, one is a pass over the images. Where steps are,
    the work does not depend on how many images there are: neither that of
    an epoch nor that of its validation.

    Args:
        settings: `kerasad.training.optimizer.GradientSettings`.
        batches: int. Of one pass over the images.
        steps: int. In all, where that was decided otherwise.
        each: int. Likewise of an epoch: those of a run that goes on stay.
    """
    steps = steps or min(
        settings.steps or math.inf, (settings.epochs or math.inf) * batches
    )
    if settings.epochs is not None:
        return Budget(steps, each or batches)
    each = each or max(1, min(EPOCH, steps // FEWEST))
    return Budget(steps, each, math.ceil(0.3 * each))
