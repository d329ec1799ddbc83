"""Kills trainings at random moments: do resumed ones end with the same weights?

    python -m benchmarks.interrupted --kills 30 --backend torch

A training is killed (SIGKILL) at a random moment, resumed, killed again and so
on until it ends; then the next one, until the kills are used up. Every other
kill waits for a checkpoint that is being written. Each training that ended is
compared with one that was never interrupted: weights, calibration and
threshold byte for byte, the history but for its seconds. One leg each ends
with SIGINT and SIGTERM.

Imports take longer than such a training, so this process does them once and
forks, before anything was computed. POSIX only.
"""

import argparse
import contextlib
import faulthandler
import importlib
import json
import os
import random
import signal
import sys
import time
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

# Small, and each thing that a checkpoint must hold matters: gradients half
# accumulated at the end of an epoch, a rate and best weights from the history.
SETTINGS = {
    "image_size": 64,
    "filters": "[16, 24]",
    "blocks": 1,
    "crop": 32,
    "epochs": 6,
    "batch_size": 4,
    "gradient_accumulation_steps": 2,
    "learning_rate": 0.03,  # so high that an early epoch is the best
    "schedule": "plateau",
    "patience": 1,
    "memory_images": 8,
    "validation_share": 0.25,
    "precision": "float32",
    "threshold": "n-sigma",
}
QUICK = {  # compiles faster, and checkpoints the same kinds of things
    "filters": "[16]",
    "head": False,
    "context": False,
    "anomaly_map": "squared-error",
}
TRAIN = 14  # images; 3 batches an epoch to train on
CHECKPOINT = "checkpoint-ssae.npz"
WRITING = 0.001  # seconds that it is surely being written
HANGS = 200.0  # seconds after which a training says where it is, and ends


@dataclass
class Report:
    """What was done to trainings on one backend, and what came of it."""

    backend: str
    kills: int = 0
    writing: int = 0  # of them while a checkpoint was being written
    statuses: dict = field(default_factory=dict)  # by name of the signal
    runs: int = 0  # that ended, some before they could be killed
    faults: list = field(default_factory=list)

    def row(self) -> str:
        same = "no" if self.faults else "yes"
        statuses = ", ".join(f"{k} {v}" for k, v in self.statuses.items())
        return (
            f"| {self.backend} | {self.kills} | {self.writing} | {statuses} "
            f"| {self.runs} | {same} |"
        )


HEADER = """\
| backend | kills | of them while writing a checkpoint | status | \
runs resumed to the end | same weights |
| --- | --- | --- | --- | --- | --- |"""


class Runs:
    """Starts trainings, each in a process forked from this one."""

    def __init__(self, folder, settings):
        self.settings = settings
        self.data = folder / "capsules"
        self.log = folder / "log.txt"

    def start(self, out) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            with open(self.log, "w") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            faulthandler.dump_traceback_later(HANGS, exit=True, file=2)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            train(self.data, out, self.settings)
        except SystemExit as end:
            status = end.code or 0
        finally:
            os._exit(status)

    def to_the_end(self, out):
        """Seconds that it took."""
        started = time.monotonic()
        os.waitpid(self.start(out), 0)
        return time.monotonic() - started


def train(data, out, settings):
    from kerasad.cli import cli

    settings = [f"--set={key}={value}" for key, value in settings.items()]
    paths = ["--data", str(data), "--out", str(out)]
    cli(["train", "--resume", *paths, *settings])


def strays(out) -> dict:
    """Sizes, in bytes, of what was left beside the files of a run."""
    found = out.glob(".*") if out.is_dir() else ()
    return {path.name: path.stat().st_size for path in found}


def writing(pid, out) -> bool:
    """Whether the draft of a checkpoint is there, see `kerasad.files`."""
    return any(out.glob(f".{pid}??????.{CHECKPOINT}"))


def wait(pid, seconds) -> bool:
    """Whether the process is still there after so long; reaps it if not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            return False
        time.sleep(0.01)
    return True


def wait_for_writing(pid, out) -> bool:
    """Whether it was caught at writing a checkpoint; reaps it if not."""
    while not writing(pid, out):
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            return False
        time.sleep(0.0002)
    return True


def end(pid, number) -> int:
    os.kill(pid, number)
    return os.waitpid(pid, 0)[1]


def kill_one(runs, out, moments, seconds, report) -> bool:
    """Whether the training was killed; it may have ended before."""
    pid = runs.start(out)
    if report.writing <= report.kills // 2:
        alive = wait_for_writing(pid, out)
        time.sleep(moments.uniform(0.0, WRITING))
    else:
        alive = wait(pid, moments.uniform(0.0, seconds))
    if not alive:
        return False
    end(pid, signal.SIGKILL)
    report.kills += 1
    report.writing += writing(pid, out)
    return True


def wait_for_epoch(pid, out) -> bool:
    """Whether it is there after its first epoch; reaps it if not."""
    checkpoint = out / CHECKPOINT
    before = checkpoint.stat().st_ino if checkpoint.is_file() else None
    while wait(pid, 0.01):
        if checkpoint.is_file() and checkpoint.stat().st_ino != before:
            return True
    return False


def interrupt(runs, out, number, report):
    """Ends a training, after an epoch, with a signal that can be handled."""
    pid = runs.start(out)
    name = signal.Signals(number).name
    if not wait_for_epoch(pid, out):
        report.faults.append(
            f"{name}: the training was faster, said {runs.log.read_text()}"
        )
        return
    report.statuses[name] = os.waitstatus_to_exitcode(end(pid, number))
    log = runs.log.read_text()
    if report.statuses[name] != 128 + number:
        report.faults.append(f"{name}: status {report.statuses[name]}")
    if "Traceback" in log or log.count("interrupted; go on with") != 1:
        report.faults.append(f"{name}: said {log}")
    if strays(out):
        report.faults.append(f"{name}: left {strays(out)}")


def contents(out):
    """All that must be the same after an interruption."""
    with zipfile.ZipFile(out / "detector.keras") as detector:
        parts = {
            name: detector.read(name)
            for name in detector.namelist()
            if name != "metadata.json"  # holds the time
        }
    history = (out / "history.csv").read_text().splitlines()
    return {
        **parts,
        "history.csv": [line.rpartition(",")[0] for line in history],
        "names": sorted(path.name for path in out.iterdir()),
    }


def compare(runs, out, reference, report):
    if not (out / "detector.keras").is_file():
        report.faults.append(
            f"{out.name}: did not end well, said {runs.log.read_text()}"
        )
        return
    found, wanted = contents(out), contents(reference)
    report.faults += [
        f"{out.name}: another {name}"
        for name in wanted
        if found.get(name) != wanted[name]
    ]


def measure(kills, seed, folder, settings, say) -> Report:
    import keras

    for module in ("kerasad.training", "kerasad.cli", "tensorflow"):
        # Once, before the forks; Keras may look for TensorFlow at any time.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    from kerasad.capsules import write_category

    report = Report(keras.backend.backend())
    moments = random.Random(seed)
    runs = Runs(folder, settings)
    write_category(runs.data, size=64, train=TRAIN, good=0, defects={})
    reference = folder / "reference"
    runs.to_the_end(reference)
    if not (reference / "detector.keras").is_file():
        report.faults.append(f"reference: said {runs.log.read_text()}")
        return report
    # Again: that the machine is not at fault, and with what was compiled.
    seconds = runs.to_the_end(folder / "again")
    compare(runs, folder / "again", reference, report)
    say(f"{seconds:.1f} s uninterrupted")
    out = folder / "run-1"
    for number in (signal.SIGINT, signal.SIGTERM):
        interrupt(runs, out, number, report)
    while report.kills < kills and not report.faults:
        if kill_one(runs, out, moments, seconds, report):
            say(f"kill {report.kills}: beside the files {strays(out)}")
            continue
        report.runs += 1
        compare(runs, out, reference, report)
        out = folder / f"run-{report.runs + 1}"
    runs.to_the_end(out)
    report.runs += 1
    compare(runs, out, reference, report)
    return report


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--backend", choices=("torch", "tensorflow", "jax"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="Also writes it there.")
    parser.add_argument("--quick", action="store_true", help="Less network.")
    options = parser.parse_args(arguments)
    if options.backend:
        os.environ["KERAS_BACKEND"] = options.backend

    settings = SETTINGS | QUICK if options.quick else SETTINGS

    def say(text):
        print(text, file=sys.stderr, flush=True)

    with TemporaryDirectory() as folder:
        # Else each leg on JAX compiles for longer than it trains.
        os.environ["JAX_COMPILATION_CACHE_DIR"] = f"{folder}/compiled"
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
        report = measure(
            options.kills, options.seed, Path(folder), settings, say
        )
    print(f"{HEADER}\n{report.row()}")
    if options.json:
        options.json.write_text(json.dumps(asdict(report), indent=2))
    for fault in report.faults:
        say(fault)
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
