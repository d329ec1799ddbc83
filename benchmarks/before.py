"""Scoring, evaluating and starting, against another checkout of kerasad.

    python -m benchmarks.before OTHER [--rounds 3] [--detector NAME=FILE ...]
                                [--data CATEGORY] [--backend torch]

OTHER is a folder with the version to compare with, such as a git worktree.
Each way runs in a process of its own, in turn there, on PyTorch, and here, on
`--backend`, `--rounds` times: `predict` of 64 images by each detector (a NAME
and the file, of OTHER's making, for both to load), `evaluate` of the test
split of CATEGORY, the command `kerasad evaluate` with heatmaps and report, and
`kerasad predict` of one image file. Prints a Markdown table: medians of the
seconds, and the ratio of there to here in the same round, by the clock and by
the processor's time; others on the same cores change the latter less.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1]
IMAGES = 64


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--detector", action="append", default=[])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--job", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.job:
        print(json.dumps(JOBS[options.job[0]](*options.job[1:])))
        return
    detectors = dict(text.split("=", 1) for text in options.detector)
    print("| what | there, s | here, s | ratio | by processor |")
    print("| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for what, command in ways(detectors, options.data, Path(folder)):
            rounds = [
                [
                    timed(command, options.other, "torch"),
                    timed(command, HERE, options.backend),
                ]
                for _ in range(options.rounds)
            ]
            print(row(what, rounds), flush=True)


def ways(detectors, data, folder):
    """What is measured, and the command that does it."""
    job = ["-P", __file__, ".", "--job"]
    for name, path in detectors.items():
        yield f"predict, {IMAGES} images, {name}", [*job, "predict", path, ""]
    if data is not None:
        for name, path in detectors.items():
            yield f"evaluate, {name}", [*job, "evaluate", path, str(data)]
            command = ["-m", "kerasad", "evaluate", path, "--data", str(data)]
            yield (
                f"`kerasad evaluate` with heatmaps, {name}",
                [*command, "--out", str(folder / name)],
            )
    image = folder / "image.png"
    write_image(image)
    for name, path in detectors.items():
        command = ["-m", "kerasad", "predict", path, str(image)]
        yield f"`kerasad predict`, one image, {name}", command


def timed(command, tree, backend):
    """Seconds by the clock and by the processor, as the job says or in all."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *command],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": str(tree.absolute()),
        },
        cwd=tree,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    taken = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if "--job" in command:
        return json.loads(done.stdout.splitlines()[-1])
    return taken, (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    )


def row(what, rounds):
    there, here = (
        statistics.median(done[tree][0] for done in rounds) for tree in (0, 1)
    )
    clock, processor = (
        statistics.median(old[unit] / new[unit] for old, new in rounds)
        for unit in (0, 1)
    )
    return (
        f"| {what} | {there:.1f} | {here:.1f} | {clock:.2f} | {processor:.2f} |"
    )


def predict(path, _):
    import kerasad

    detector = kerasad.load(path)
    shape = (IMAGES, *detector.image_size, 3)
    images = np.random.default_rng(0).integers(256, size=shape, dtype="uint8")
    detector.predict(images[:16])  # allocates
    return seconds_of(lambda: detector.predict(images))


def evaluate(path, data):
    import kerasad
    from kerasad.evaluation import evaluate

    detector = kerasad.load(path)
    return seconds_of(lambda: evaluate(detector, data))


JOBS = {"predict": predict, "evaluate": evaluate}


def seconds_of(work):
    # As a command does, in a version that does it.
    try:
        from kerasad.allocator import keep_pages
    except ImportError:
        pass
    else:
        keep_pages()
    clock, processor = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - clock, time.process_time() - processor


def write_image(path):
    from PIL import Image

    rng = np.random.default_rng(0)
    image = rng.integers(256, size=(256, 256, 3), dtype="uint8")
    Image.fromarray(image).save(path)


if __name__ == "__main__":
    main()
