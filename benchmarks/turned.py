"""A category with each part at any angle, to be trained on and evaluated.

    python -m benchmarks.turned CATEGORY FOLDER [--seed 0]
    kerasad train --config fast --data FOLDER --out RUN
    kerasad evaluate RUN/detector.keras --data FOLDER

Turns each image by an angle of its own and moves it by up to 3 % of its side;
its mask goes along. Then `--set registration=none` says what it is worth that
kerasad turns them back.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.data.category import read_sample
from kerasad.data.layouts import open_category
from kerasad.unaligned.turned import turn

SHIFT = 0.03


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("category", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    category = open_category(options.category)
    for split in ("train", "test"):
        for number, sample in enumerate(category.samples(split)):
            image, mask = read_sample(sample)
            angle = rng.uniform(0.0, 360.0)
            shift = rng.uniform(-SHIFT, SHIFT, 2) * image.shape[:2]
            name = f"{number:04d}"
            place = options.folder / split / sample.defect / f"{name}.png"
            write(turn(image, angle, shift), place)
            if mask.any():
                truth = options.folder / "ground_truth" / sample.defect
                white = turn(mask, angle, shift) * np.uint8(255)
                write(white, truth / f"{name}_mask.png")


def write(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


if __name__ == "__main__":
    main()
