"""Imports Keras for a process that only scores, in half the time.

Keras 3.15 imports whatever of scikit-learn, Matplotlib, pandas and JAX is
there, for wrappers, plots and tables that a command of ours never calls, and
PyTorch's compiler, for a decorator: more than half of the start of `kerasad
predict`. Hidden while Keras is imported, they are to Keras as if not
installed; anybody else can import them afterwards.
"""

import contextlib
import importlib
import sys
import types

from kerasad.backend import ensure_backend

OPTIONAL = ("sklearn", "matplotlib", "pandas", "jax")
COMPILER = "torch._dynamo"


def import_keras():
    """Imports Keras without what it does not need to score.

    For commands, not for libraries: `keras.wrappers` and
    `keras.visualization` do not work afterwards. Does nothing where Keras has
    been imported, such as by a module of `--import`.
    """
    if "keras" in sys.modules:
        return
    backend = ensure_backend()
    hidden = {name: None for name in OPTIONAL if name != backend}
    if backend == "torch":
        importlib.import_module("torch")  # which knows its compiler
        hidden[COMPILER] = Compiler(COMPILER)
    with replaced(hidden):
        importlib.import_module("keras")


def import_keras_to_train():
    """The same where nothing of another backend is needed either.

    Keras 3.15 imports TensorFlow, whichever backend computes, to seed it: 4
    seconds and 300 MB for numbers that nobody draws. It asks once whether
    TensorFlow is there, and here it is told that it is not. For commands that
    neither read `tf.data` nor export.
    """
    import_keras()
    import keras

    if keras.backend.backend() != "tensorflow":
        with replaced({"tensorflow": None}):
            keras.utils.set_random_seed(0)  # asks; who trains seeds anew


@contextlib.contextmanager
def replaced(modules):
    """Puts `modules`, `None` for missing ones, in place of those not loaded."""
    mine = {n: module for n, module in modules.items() if n not in sys.modules}
    sys.modules.update(mine)
    try:
        yield
    finally:
        for name, module in mine.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


class Compiler(types.ModuleType):
    """`torch._dynamo` until more of it is asked for than a decorator.

    `disable` marks what the compiler must not trace. Here nothing is compiled,
    and without the mark the compiler would trace, not fail.
    """

    @staticmethod
    def disable(function=None, **_):
        """A decorator that does nothing, as there is nothing to disable."""
        return function if function is not None else lambda inner: inner

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        sys.modules.pop(COMPILER, None)
        return getattr(importlib.import_module(COMPILER), name)
