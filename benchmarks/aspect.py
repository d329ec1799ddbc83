"""Does it pay to keep the shape of photos that are not square?

    python -m benchmarks.aspect OUT [--config memory] [--seeds 3] [--set KEY=V]

Draws strips of 64 x 512 pixels with small defects into OUT, trains a detector
at the strips' own shape and at squares of about as many pixels and of 256, and
prints a Markdown table. Pixels are compared at the resolution of the photos,
so that the numbers of a row can be held against those of another.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

HEIGHT, RATIO = 64, 8
DEFECTS = {"spot": 20, "scratch": 20, "chip": 20}
SIZES = ("[64,512]", "176", "192", "256")
METRICS = ("image_roc_auc", "pixel_roc_auc", "aupro")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", default="memory")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--minutes", type=float)
    options = parser.parse_args(arguments)
    print("| image_size | image ROC-AUC | pixel ROC-AUC | AUPRO | seconds |")
    print("| --- | --- | --- | --- | --- |")
    for size in SIZES:
        rows = [measured(options, size, s) for s in range(options.seeds)]
        cells = [text([row[key] for row in rows]) for key in METRICS]
        seconds = np.mean([row["seconds"] for row in rows])
        print(f"| {size} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)


def text(values) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f}"
    low, high = min(values), max(values)
    return f"{np.mean(values):.3f} ({low:.3f} to {high:.3f})"


def measured(options, size, seed) -> dict:
    """Metrics of one detector, of strips drawn from `seed`."""
    from kerasad import metrics
    from kerasad.config import load_config
    from kerasad.data.category import read_sample
    from kerasad.data.layouts import open_category
    from kerasad.training.train import train

    data = category(options.out / f"strips-{seed}", seed)
    config = load_config(options.config, [*options.set, f"image_size={size}"])
    started = time.monotonic()
    out = options.out / f"{options.config}-{size}-{seed}"
    detector = train(config, data, out, minutes=options.minutes).detector
    seconds = time.monotonic() - started
    samples = open_category(data).samples("test")
    images, masks = zip(*map(read_sample, samples), strict=True)
    result = detector.predict(list(images))
    maps = np.stack([enlarged(one) for one in result["anomaly_map"]])
    labels = np.array([sample.label for sample in samples])
    return {
        "image_roc_auc": metrics.roc_auc(labels, result["anomaly_score"]),
        **metrics.pixel_metrics(np.stack(masks), maps, 0.3),
        "seconds": seconds,
    }


def enlarged(anomaly_map):
    """A map at the resolution of the photos."""
    image = Image.fromarray(np.asarray(anomaly_map, "float32"))
    sides = RATIO * HEIGHT, HEIGHT
    return np.asarray(image.resize(sides, Image.Resampling.BILINEAR))


def category(folder, seed):
    """The folder of the strips, drawn if it is not there."""
    from kerasad.data.drawn import write_category

    if not folder.is_dir():
        write_category(
            folder, HEIGHT, seed, 100, 40,
            draw=draw_strip, kinds=DEFECTS, what="strips",
        )  # fmt: skip
    return folder


def draw_strip(rng, size, defect):
    """A milled strip with slots, and the mask of its defect.

    Returns:
        uint8 `(size, 8 * size, 3)` and bool `(size, 8 * size)`.
    """
    height, width = size, RATIO * size
    part, flaw, grain = rng.spawn(3)
    y, x = np.mgrid[:height, :width].astype("float64")
    x += part.normal(0, 1.0)
    y += part.normal(0, 0.7)
    brush = ndimage.gaussian_filter(
        part.normal(0, 30, (height, width)), (0.5, 9)
    )
    grey = np.where(abs(y - height / 2) < 0.4 * height, 140 + brush, 45.0)
    slot = (abs(x % 32 - 16) < 5) & (abs(y - height / 2) < 10)
    grey = np.where(slot, 70.0, grey)
    mask = np.zeros((height, width), bool)
    if defect is not None:
        mask = FLAWS[defect](flaw, height, width)
        change = flaw.choice([-1, 1]) * flaw.uniform(30, 55)
        if defect == "chip":
            change = -80.0
        grey = grey + change * ndimage.gaussian_filter(mask * 1.0, 0.5)
    grey = ndimage.gaussian_filter(grey, 0.6) * part.uniform(0.97, 1.03)
    colours = grey[..., None] * (1.0, 0.98, 0.93)
    colours = colours + grain.normal(0, 4, colours.shape)
    return colours.clip(0, 255).astype("uint8"), mask


def spot(rng, height, width):
    y, x = np.mgrid[:height, :width]
    cy, cx = rng.uniform(0.2, 0.8) * height, rng.uniform(10, width - 10)
    return np.hypot(y - cy, x - cx) < rng.uniform(1.5, 3.0)


def scratch(rng, height, width):
    """A line 1 to 2 pixels wide and up to 25 long, any way."""
    y, x = np.mgrid[:height, :width]
    cy, cx = rng.uniform(0.3, 0.7) * height, rng.uniform(20, width - 20)
    angle, length = rng.uniform(0, np.pi), rng.uniform(10, 25)
    along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
    across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
    return (abs(along) < length / 2) & (abs(across) < rng.uniform(0.5, 1.0))


def chip(rng, height, width):
    """A piece broken out of the long edge."""
    y, x = np.mgrid[:height, :width]
    edge = height / 2 + rng.choice([-0.4, 0.4]) * height
    cx, reach = rng.uniform(10, width - 10), rng.uniform(2.5, 4.0)
    inside = abs(y - height / 2) < 0.4 * height
    return (np.hypot(y - edge, x - cx) < reach) & inside


FLAWS = {"spot": spot, "scratch": scratch, "chip": chip}


if __name__ == "__main__":
    main()
