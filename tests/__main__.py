"""`python -m tests` runs the suite once on each installed backend."""

import os
import subprocess
import sys
import time

from kerasad.backend import BACKENDS, installed


def main(arguments):
    failed = []
    for backend in filter(installed, BACKENDS):
        print(f"== tests on {backend} ==", flush=True)
        started = time.monotonic()
        status = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            env={**os.environ, "KERAS_BACKEND": backend},
        ).returncode
        seconds = time.monotonic() - started
        print(f"== {backend}: status {status}, {seconds:.0f} s ==", flush=True)
        if status:
            failed.append(backend)
    if failed:
        sys.exit(f"failed on {', '.join(failed)}")


main(sys.argv[1:])
