"""A detector in whichever form a file holds it."""

import os

from kerasad.runtime.engines import ENGINES


def open_detector(path):
    """A `kerasad.Detector`, or an exported one, ready to predict.

    For commands: Keras is imported only where the file needs it, and then
    lean, see `kerasad.lean_keras`.

    Args:
        path: a `.keras` file, or what `kerasad.runtime.load` reads.
    """
    if os.path.splitext(path)[1].lower() in ENGINES:
        from kerasad.runtime import load

        return load(path)
    from kerasad.lean_keras import import_keras

    import_keras()
    from kerasad.loading import load

    return load(path)
