"""One of two computations for each image, and no more than is needed."""

import keras
from keras import ops

from kerasad.layers.once import SCORING


def either(flags, yes, no):
    """`yes()` of the images that are flagged, and `no()` of the others.

    While a detector scores on PyTorch, which computes line by line, what no
    image of a batch asks for is not computed. The other backends, and whoever
    traces, compute both.

    Args:
        flags: bool `(B,)`.
        yes, no: callables without arguments that return tensors, or tuples
            of them, of the same shapes `(B, ...)`.
    """
    if SCORING.get() and keras.backend.backend() == "torch":
        if not bool(flags.any()):
            return no()
        if bool(flags.all()):
            return yes()
    yes, no = yes(), no()
    if isinstance(yes, tuple):
        pairs = zip(yes, no, strict=True)
        return tuple(chosen(flags, *pair) for pair in pairs)
    return chosen(flags, yes, no)


def chosen(flags, yes, no):
    shape = (-1, *[1] * (len(yes.shape) - 1))
    return ops.where(ops.reshape(flags, shape), yes, no)
