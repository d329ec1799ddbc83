"""`kerasad` in a process of its own, measured where the suite is."""

import os
import subprocess
import sys

import numpy as np

SCORE = """
import sys, numpy as np, kerasad
detector = kerasad.load(sys.argv[1])
images = np.load(sys.argv[2])
np.savez(sys.argv[3], **detector.predict(images))
"""


def predicted_on(backend, detector, images, folder):
    """What a detector's file predicts on another backend, by name."""
    files = [folder / name for name in ("detector.keras", "images.npy", "r")]
    detector.save(files[0])
    np.save(files[1], images)
    subprocess.run(
        [sys.executable, "-c", SCORE, *files],
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
    )
    return np.load(folder / "r.npz")


def kerasad(*arguments) -> list[str]:
    """The command line; see `tests.__main__` for KERASAD_COVERAGE."""
    python = [sys.executable]
    if os.environ.get("KERASAD_COVERAGE") == "1":
        python += ["-m", "coverage", "run", "--parallel-mode"]
    return [*python, "-m", "kerasad", *map(str, arguments)]
