"""Learning rates as functions of the epoch and of the losses so far.

A rate that follows from the history needs no state of its own: an interrupted
run that goes on from its history goes on with the right rate.
"""

import math


def learning_rate(settings, epoch: int, epochs: int, val_losses) -> float:
    """The rate of `epoch` (from 0) of `epochs`, given the losses before it.

    These are the validation losses, one an epoch.
    """
    initial = settings.learning_rate
    if settings.schedule == "plateau":
        return plateau(initial, val_losses, settings.patience, settings.factor)
    if settings.schedule == "cosine":
        return cosine(initial, epoch, epochs, settings.warmup)
    return initial


def plateau(initial, val_losses, patience, factor) -> float:
    """Multiplied by `factor` after `patience` epochs without a new best.

    The paper's scheduler (section 4.3).

    >>> plateau(1.0, [3.0, 2.0, 2.0, 2.5], patience=2, factor=0.5)
    0.5
    """
    current, best, waited = initial, math.inf, 0
    for loss in val_losses:
        if loss < best:
            best, waited = loss, 0
            continue
        waited += 1
        if waited >= patience:
            current, waited = current * factor, 0
    return current


def cosine(initial, epoch, epochs, warmup=3) -> float:
    """Half a cosine from `initial` to near 0, after a short linear rise.

    >>> cosine(1.0, 0, 10) < cosine(1.0, 1, 10) > cosine(1.0, 9, 10) > 0.0
    True
    """
    warmup = min(warmup, epochs // 4)
    if epoch < warmup:
        return initial * (epoch + 1) / (warmup + 1)
    progress = (epoch - warmup) / max(1, epochs - warmup)
    return initial * 0.5 * (1.0 + math.cos(math.pi * progress))
