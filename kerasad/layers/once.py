"""What follows from weights alone, computed once while a detector scores."""

import contextlib
import contextvars
import weakref

import keras

SCORING = contextvars.ContextVar("scoring", default=False)
KNOWN = weakref.WeakKeyDictionary()  # layer: its weights of then, the result


@contextlib.contextmanager
def scoring():
    """Within it `once` remembers: weights do not train, nothing is traced."""
    token = SCORING.set(True)
    try:
        yield
    finally:
        SCORING.reset(token)


def line_by_line() -> bool:
    """Whether a detector scores on PyTorch, which traces nothing."""
    return SCORING.get() and keras.backend.backend() == "torch"


def once(layer, weight, compute):
    """`compute()` of one weight of a layer, again only if it has changed.

    On PyTorch, which computes line by line. The other backends trace a graph,
    and a result from outside of it would be a constant in it that no longer
    follows the weight.
    """
    if not line_by_line():
        return compute()
    tensor = weight.value
    version = tensor._version  # PyTorch counts what is written into it
    known = KNOWN.get(layer)
    if known is None or known[0] is not tensor or known[1] != version:
        known = KNOWN[layer] = (tensor, version, compute())
    return known[2]
