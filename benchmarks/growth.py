"""Time and memory of a training and of scoring, by the number of good images.

    python -m benchmarks.growth [--counts 200 2000 20000] [--size 64]
                                [--memory MIB ...] [--plot FILE]

Good images are drawn quickly: smooth fields of colours under noise, each
another one. Each count, with each limit of KERASAD_IMAGE_MEMORY, runs in a
process of its own: reading the photos and telling near-copies apart, fitting
`default` with a small network and 100 steps, calibrating on a tenth of the
images, scoring 64. Prints a Markdown table: seconds of processor time, and the
peak of the memory that cannot be dropped (RssAnon, above that before the
images), sampled every 20 ms. Linux only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

SMALL = ["filters=[8,16]", "blocks=1", "crop=32", "precision=float32",
         "steps=100", "threshold=n-sigma"]  # fmt: skip
PHASES = ("read", "fit", "calibrate", "score 64")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--counts", type=int, nargs="+", default=[200, 2000, 20_000]
    )
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--memory", type=int, nargs="+", default=[1024, 16])
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.job:
        print(json.dumps(work(options.job, options.size)))
        return
    rows = []
    print(f"| images | in memory up to, MiB | {' | '.join(PHASES)} | MiB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for count in options.counts:
        with tempfile.TemporaryDirectory() as folder:
            draw(Path(folder), count, options.size)
            for limit in options.memory:
                row = run(folder, options.size, limit)
                rows.append({"images": count, "limit": limit, **row})
                seconds = " | ".join(f"{row[phase]:.1f}" for phase in PHASES)
                print(
                    f"| {count} | {limit} | {seconds} | {row['MiB']:.0f} |",
                    flush=True,
                )
    if options.plot:
        plot(rows, options.plot)


def draw(folder, count, size):
    rng = np.random.default_rng(0)
    for number in range(count):
        field = rng.integers(40, 215, (6, 6, 3), dtype="uint8")
        field = Image.fromarray(field).resize((size, size), Image.BICUBIC)
        noise = rng.normal(0, 3, (size, size, 3))
        pixels = np.clip(np.asarray(field) + noise, 0, 255).astype("uint8")
        path = folder / f"{number:06}.png"
        Image.fromarray(pixels).save(path, compress_level=1)


def run(folder, size, limit):
    command = [sys.executable, "-m", "benchmarks.growth", "--job", folder]
    done = subprocess.run(
        [*command, "--size", str(size)],
        env={**os.environ, "KERASAD_IMAGE_MEMORY": str(limit)},
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout.splitlines()[-1])


class Memory:
    """The greatest RssAnon of this process while it is watched, in MiB."""

    def __enter__(self):
        self.peak, self.over = anonymous(), threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.over.wait(0.02):
            self.peak = max(self.peak, anonymous())

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def anonymous() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no RssAnon")


def work(folder, size):
    from kerasad.allocator import keep_pages
    from kerasad.calibration.independence import divide
    from kerasad.config import load_config
    from kerasad.data.layouts import open_category
    from kerasad.training.run import Run
    from kerasad.training.train import fit

    keep_pages()
    config = load_config("default", [f"image_size={size}", *SMALL])
    marks, before = [time.process_time()], anonymous()

    def done():
        marks.append(time.process_time())

    with Memory() as memory:
        learnt, held_out, _ = divide(open_category(folder), config, say)
        done()
        images = learnt.images
        detector, _ = fit(config, images, held_out.images, Run(config.settings))
        done()
        detector.calibrate(held_out.images, config.threshold)
        done()
        detector.predict(images[:64])
        done()
    phases = zip(PHASES, np.diff(marks).tolist(), strict=True)
    return {**dict(phases), "MiB": memory.peak - before}


def say(text):  # standard output is for the table
    print(text, file=sys.stderr)


def plot(rows, path):
    from matplotlib.figure import Figure

    figure = Figure((9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for limit in dict.fromkeys(row["limit"] for row in rows):
        own = [row for row in rows if row["limit"] == limit]
        counts = [row["images"] for row in own]
        right.plot(counts, [row["MiB"] for row in own], "o-", label=f"{limit}")
    for phase in PHASES:
        left.plot(counts, [row[phase] for row in own], "o-", label=phase)
    left.set(ylabel="seconds of processor time", yscale="log")
    right.set(ylabel="MiB beside the program", ylim=0)
    right.legend(title="images in memory up to, MiB")
    left.legend()
    for axes in (left, right):
        axes.set(xlabel="good images", xscale="log")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
