"""`python -m tests` runs the suite once on each installed backend.

With KERASAD_COVERAGE=1 it measures the branches taken as well, on all of them
together, and fails below the share that pyproject.toml names.
"""

import os
import subprocess
import sys
import time

from kerasad.backend import BACKENDS, installed

COVERAGE = [sys.executable, "-m", "coverage"]


def main(arguments):
    measuring = os.environ.get("KERASAD_COVERAGE") == "1"
    python = [*COVERAGE, "run", "-p"] if measuring else [sys.executable]
    if measuring:
        subprocess.run([*COVERAGE, "erase"], check=True)
    failed = []
    for backend in filter(installed, BACKENDS):
        print(f"== tests on {backend} ==", flush=True)
        started = time.monotonic()
        status = subprocess.run(
            [*python, "-m", "pytest", *arguments],
            env={**os.environ, "KERAS_BACKEND": backend},
        ).returncode
        seconds = time.monotonic() - started
        print(f"== {backend}: status {status}, {seconds:.0f} s ==", flush=True)
        if status:
            failed.append(backend)
    if measuring:
        subprocess.run([*COVERAGE, "combine", "-q"], check=True)
        if subprocess.run([*COVERAGE, "report"]).returncode:
            failed.append("coverage")
    if failed:
        sys.exit(f"failed on {', '.join(failed)}")


main(sys.argv[1:])
