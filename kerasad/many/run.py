"""`train-many` and `evaluate-many`: commands, then one table of all."""

import hashlib
import json
from pathlib import Path

from kerasad.errors import InputError
from kerasad.files import write_text, writing
from kerasad.many.jobs import Done, run_jobs
from kerasad.many.parts import (
    read_parts,
    remember_parts,
    remembered_parts,
)
from kerasad.many.tables import (
    evaluation_table,
    markdown,
    training_table,
    write_index,
)

OURS = ("--out", "--data", "--resume")  # set for each category


def train_many(source, runs, jobs, options=(), say=print, run=run_jobs):
    """Trains a detector a category, `RUNS/NAME/detector.keras`.

    What is finished is left as it is, what was interrupted goes on.

    Args:
        source: see `kerasad.many.parts.read_parts`.
        runs: folder of the runs.
        jobs: int. Trainings at a time.
        options: further arguments of `kerasad train`.
        say: called with one line of commentary at a time.
        run: what runs them, such as `kerasad.fleet.training.run_on_ray`.

    Returns:
        The table as Markdown, and the worst status of all.
    """
    check_options(options)
    parts, runs = read_parts(source), Path(runs)
    with writing(runs):
        runs.mkdir(parents=True, exist_ok=True)
        remember_parts(runs, parts)
    commands = {
        name: ["train", "--data", str(folder), "--out", str(runs / name),
               "--resume", *options]
        for name, folder in parts.items()
    }  # fmt: skip
    done = run(commands, jobs, runs / "logs", say)
    rows = training_table(runs, parts, done)
    write_index(runs, rows, "Trained detectors")
    return markdown(rows), worst(done)


def evaluate_many(runs, jobs, options=(), say=print):
    """Evaluates what `train_many` trained, into `RUNS/NAME/evaluation`.

    What was evaluated with the same options is not evaluated again.

    Args:
        runs: folder of the runs.
        jobs, options, say: see `train_many`; of `kerasad evaluate`.

    Returns:
        The table, with the mean of the categories, and the worst status.
    """
    check_options(options)
    runs, parts = Path(runs), remembered_parts(runs)
    commands, stamps = {}, {}
    for name, folder in parts.items():
        detector, out = runs / name / "detector.keras", runs / name
        if not detector.is_file():
            raise InputError(
                f"{detector}: no such file; finish `kerasad train-many` first"
            )
        digest = hashlib.sha256(detector.read_bytes()).hexdigest()
        stamps[name] = json.dumps({"detector": digest, "options": [*options]})
        if stamp_of(out) != stamps[name]:
            commands[name] = [
                "evaluate", str(detector), "--data", str(folder),
                "--out", str(out / "evaluation"), *options,
            ]  # fmt: skip
    done = run_jobs(commands, jobs, runs / "logs", say)
    for name, one in done.items():
        if one.status == 0:
            write_text(stamp_path(runs / name), stamps[name])
    done = {name: done.get(name, Done(0, 0.0, "")) for name in parts}
    rows = evaluation_table(runs, parts, done)
    write_index(runs, rows, "Evaluated detectors")
    return markdown(rows), worst(done)


def stamp_path(run):
    """Where a run keeps what it was last evaluated with."""
    return run / "evaluation" / "evaluated.json"


def stamp_of(run) -> str | None:
    """What a run was last evaluated with; `None` if it never was."""
    try:
        return stamp_path(run).read_text()
    except OSError:
        return None


def check_options(options):
    """Refuses options that are set for each category."""
    for option in options:
        if option.split("=")[0] in OURS:
            raise InputError(f"{option} is set for each category; leave it out")


def worst(done) -> int:
    """1, a fault of ours, before 2, which can be mended, before 0."""
    statuses = {one.status for one in done.values()} - {0}
    return 0 if not statuses else 2 if statuses == {2} else 1
