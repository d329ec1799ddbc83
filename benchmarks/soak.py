"""Whether memory stays flat: a long training, then many predictions.

    KERAS_BACKEND=torch python -m benchmarks.soak [--epochs N] [--images N]

Trains on drawn capsules of 64 pixels with a small network, then scores image
files as `kerasad predict` does, overlays included. What leaks an image, a
batch or an epoch leaks it at any size. Prints a Markdown row a phase: resident
memory at the end of the warm-up (the first tenth), the most after it, and the
growth. Exits with status 1 if it exceeds 5 %.
"""

import argparse
import itertools
import sys
import tempfile
from pathlib import Path

import keras

from kerasad.capsules import write_category
from kerasad.config import load_config
from kerasad.data.folders import image_files
from kerasad.prediction import predict_files
from kerasad.training.train import train

LIMIT = 0.05
WARM_UP = 0.1
SETTINGS = [
    "image_size=64",
    "filters=[8, 16]",
    "blocks=1",
    "crop=32",
    "batch_size=8",
    "memory_images=16",
    "validation_share=0.3",
    "threshold=n-sigma",
]


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--images", type=int, default=20_000)
    options = parser.parse_args(arguments)
    print("| backend | work | after warm-up, MiB | most, MiB | growth |")
    print("| --- | --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        data = write_category(
            folder / "capsules", 64, train=32, good=0, defects={"crack": 8}
        )
        detector, trained = train_long(data, folder / "run", options.epochs)
        predicted = predict_long(
            detector,
            image_files(data / "test" / "crack"),
            options.images,
            folder / "overlays",
        )
        grown = [
            row(f"training, {options.epochs} epochs", trained),
            row(f"predict, {options.images} images", predicted),
        ]
    if max(grown) > LIMIT:
        sys.exit(f"memory grew by {max(grown):.1%}, more than {LIMIT:.0%}")


def train_long(data, out, epochs):
    """A detector, and the memory after each epoch."""
    memory = []

    def progress(epochs, epoch, step, steps, row):
        if row is not None:
            memory.append(resident())

    config = load_config("default", [*SETTINGS, f"epochs={epochs}"])
    return train(config, data, out, progress=progress).detector, memory


def predict_long(detector, files, count, overlays):
    """The memory after each hundredth of the images."""
    memory = []
    endless = itertools.islice(itertools.cycle(files), count)
    lines = predict_files(detector, endless, out=overlays)
    for index, line in enumerate(lines):
        if "error" in line:
            raise RuntimeError(line["error"])
        if index % max(1, count // 100) == 0:
            memory.append(resident())
    return memory


def row(work, memory):
    """Prints one; returns the growth after the warm-up, as a share."""
    start = max(1, round(WARM_UP * len(memory)))
    base, most = max(memory[:start]), max(memory[start:])
    growth = most / base - 1
    print(
        f"| {keras.backend.backend()} | {work} | {base:.0f} | {most:.0f} "
        f"| {growth:+.1%} |",
        flush=True,
    )
    return growth


def resident() -> float:
    """Memory of this process in MiB."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        sys.exit("needs Linux, which tells the resident memory in /proc")
    kilobytes = status.partition("VmRSS:")[2].split()[0]
    return int(kilobytes) / 1024


if __name__ == "__main__":
    main()
