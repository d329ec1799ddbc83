"""`python -m tests` runs the suite on each installed backend.

All of it on one of them, in parts; on the others what depends on the backend.
One core each, two side by side, the longest first; what they print comes when
they are done. With KERASAD_COVERAGE=1 the parts of the first backend are
measured, but for the one that computes most, and it fails below the share of
branches that pyproject.toml names.
"""

import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time

from kerasad.backend import BACKENDS, installed

COVERAGE = [sys.executable, "-m", "coverage"]
# What Keras computes; every method's contract, which trains it twice; and what
# this backend alone exports.
ON_EACH = [
    "kerasad/detector.py", "tests/domain/test_estimates.py",
    "tests/domain/test_grain.py", "tests/domain/test_sampling.py",
    "tests/domain/test_detector.py::test_moved_good_images_are_not_called_"
    "anomalous",
    "tests/domain/test_registration.py::test_parts_come_to_lie_alike",
    "tests/domain/test_registration.py::test_a_defect_is_found_where_the_image_"
    "has_it",
    "tests/domain/test_texture.py::test_fineness_is_that_of_numpy",
    "tests/layers", "tests/losses", "tests/maps",
    "tests/methods/test_codes.py", "tests/methods/test_contract.py",
    "tests/methods/test_own_method.py",
    "tests/methods/test_unaligned.py::test_contract_of_patches",
    "tests/models",
    "tests/test_detector.py",
    "tests/test_export.py::test_the_same_scores_in_the_runtime",
    "tests/test_export.py::test_normalised_images_score_the_same_too",
    "tests/test_saved.py", "tests/training/test_feature_head.py",
    "tests/training/test_journal.py::test_the_validation_loss_is_that_of_"
    "evaluate",
    "tests/training/test_muon.py", "tests/training/test_precision.py",
    "tests/cli/test_interrupted.py::test_killed_trainings_end_with_the_same_"
    "weights",
]  # fmt: skip
# XLA compiles quickly: most of what tests compile is computed once. And what
# takes it long only once: detectors that are loaded again, processes of their
# own.
SETTINGS = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
    "XLA_FLAGS": "--xla_backend_optimization_level=0 "
    "--xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false",
}
LAST = 40  # lines of what failed, told again at the end
# On the first backend: the part of processes, servers and waiting; that of
# arrays and files; that of computing, not measured; and the rest.
COMMANDS = ["tests/cli", "tests/runtime", "tests/serving"]
DATA = [
    "tests/calibration", "tests/data", "tests/evaluation", "tests/metrics",
    "tests/reports", "tests/unaligned",
]  # fmt: skip
COMPUTING = [
    "kerasad/detector.py", "tests/backbones", "tests/benchmarks",
    "tests/domain", "tests/layers", "tests/losses", "tests/maps",
    "tests/methods", "tests/models", "tests/test_detector.py",
    "tests/test_determinism.py", "tests/test_export.py",
    "tests/test_export_photos.py", "tests/test_learns.py",
    "tests/test_saved.py", "tests/test_strip.py", "tests/training",
]  # fmt: skip


def run(backend, arguments, cache, measuring=False):
    """Prints the suite on a backend whole; its last lines if it failed."""
    python = [sys.executable]
    if measuring:
        python = [*COVERAGE, "run", "--parallel-mode"]
    started = time.monotonic()
    done = subprocess.run(
        [*python, "-m", "pytest", "--durations=25", *arguments],
        env={
            **os.environ,
            **SETTINGS,
            "JAX_COMPILATION_CACHE_DIR": cache,
            "KERAS_BACKEND": backend,
            "OMP_NUM_THREADS": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seconds = time.monotonic() - started
    begun = f"== tests on {backend}: {' '.join(arguments)} ==\n"
    # A negative status is the number of the signal that ended it.
    ended = f"== {backend}: status {done.returncode}, {seconds:.0f} s =="
    print(f"{begun}{done.stdout}{ended}", flush=True)
    if done.returncode == 0:
        return None
    return "\n".join([begun, *done.stdout.splitlines()[-LAST:], ended])


def measured(first, backend, arguments):
    """Whether coverage looks on: it doubles the time of what computes."""
    return backend == first and arguments != COMPUTING


def main(arguments):
    measuring = os.environ.get("KERASAD_COVERAGE") == "1"
    first, *others = filter(installed, BACKENDS)
    if arguments:
        jobs = [(backend, arguments) for backend in (*others, first)]
    else:
        parts = (COMPUTING, COMMANDS, DATA)
        rest = [f"--ignore={path}" for part in parts for path in part]
        jobs = [(backend, ON_EACH) for backend in others[::-1]]
        jobs += [(first, part) for part in (*parts, rest)]
    with (
        tempfile.TemporaryDirectory() as cache,
        concurrent.futures.ThreadPoolExecutor(2) as pool,
    ):
        running = [
            pool.submit(run, *job, cache, measuring and measured(first, *job))
            for job in jobs
        ]
        failed = [text for job in running if (text := job.result())]
    if measuring:
        # Also of the servers and workers that tests started, see
        # tests.processes.
        subprocess.run([*COVERAGE, "combine", "--quiet"])
        if subprocess.run([*COVERAGE, "report"]).returncode:
            failed.append("too little is covered, see above")
    if failed:
        sys.exit("\n".join(failed))


main(sys.argv[1:])
