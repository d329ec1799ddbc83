"""Synthetic validation: what `default` and `best` are chosen by.

    python -m benchmarks.synthetic DETECTOR CATEGORY [--seed 0]
                                   [--draw-size PIXELS]
                                   [--shift NAME] [--severity 1]

The normal images that training held out get defects drawn by other code than
the training corruption, and the detector must tell them from the same images
without. No image of the test split is read. They are drawn at the detector's
size, or at that of `--draw-size`, and then resized by the detector: so
detectors of several sizes see the same pictures. With `--shift` all of them,
good or not, are then shown under other conditions. Prints a Markdown table.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from kerasad import metrics
from kerasad.calibration.independence import divide
from kerasad.config import from_mapping
from kerasad.data.foreground import foreground_map
from kerasad.data.images import shrunk_mask
from kerasad.data.layouts import open_category
from kerasad.data.shifts import SHIFTS, shift_all
from kerasad.loading import load

VISIBLE = 10  # of 255: a pixel that changed by less is no defect
LEAST = 25  # pixels; a defect with fewer is drawn again


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("detector", type=Path)
    parser.add_argument("category", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draw-size", type=int)
    parser.add_argument("--shift", choices=tuple(SHIFTS))
    parser.add_argument("--severity", type=float, default=1.0)
    options = parser.parse_args(arguments)
    detector = load(options.detector)
    config = dict(detector.provenance["config"])
    if options.draw_size:
        config["image_size"] = options.draw_size
    config = from_mapping(config)
    train, held_out = normal_images(options.category, config)
    images, masks, kinds = synthetic_test(train, held_out, options.seed)
    if options.shift:
        images, masks, gone = shift_all(
            options.shift,
            images,
            masks,
            options.seed,
            np.arange(len(images)),
            options.severity,
        )
        images, masks, kinds = images[~gone], masks[~gone], kinds[~gone]
    if options.draw_size:
        sides = detector.image_size
        masks = np.stack([shrunk_mask(mask, sides)[0] for mask in masks])
    result = detector.predict(images)
    for line in table(
        masks, kinds, result["anomaly_map"], result["anomaly_score"]
    ):
        print(line)


def normal_images(category, config):
    """The images that the config trains on, and those that it holds out."""

    def say(text):  # standard output is for the table
        print(text, file=sys.stderr)

    learnt, held_out, _ = divide(open_category(category), config, say)
    return learnt.images, held_out.images


def synthetic_test(train, held_out, seed=0):
    """Each held-out image as it is and with each kind of defect.

    Returns:
        uint8 images, bool masks and the names of the kinds, `"good"` first.
    """
    weights = foreground_map(train)
    images = list(held_out)
    masks = [np.zeros(held_out.shape[1:3], bool)] * len(held_out)
    kinds = ["good"] * len(held_out)
    for number, (name, defect) in enumerate(DEFECTS.items()):
        for index, image in enumerate(held_out):
            rng = np.random.default_rng([seed, number, index])
            while True:
                centre = place(rng, weights, image.shape)
                changed = defect(rng, image, centre)
                change = np.abs(changed.astype(int) - image).max(axis=-1)
                mask = ndimage.binary_closing(change >= VISIBLE, iterations=2)
                if mask.sum() >= LEAST:
                    break
            images.append(changed)
            masks.append(mask)
            kinds.append(name)
    return np.stack(images), np.stack(masks), np.array(kinds)


def place(rng, weights, shape):
    """A pixel of the object, where the ground is plain."""
    flat = weights.ravel() / weights.sum()
    row, column = np.unravel_index(rng.choice(flat.size, p=flat), weights.shape)
    step = shape[0] / weights.shape[0], shape[1] / weights.shape[1]
    return (
        int((row + rng.random()) * step[0]),
        int((column + rng.random()) * step[1]),
    )


def scar(rng, image, centre):
    """A thin turned strip of the same image, after CutPaste (Li, 2021)."""
    size = image.shape[0] / 256
    length, width = rng.uniform(10, 30) * size, rng.uniform(2, 6) * size
    shape = strip(image.shape, centre, length, width, rng.uniform(0, np.pi))
    shift = rng.integers(-60, 61, 2) * max(1, round(size))
    content = np.roll(image, shift, (0, 1)) * rng.uniform(0.75, 1.25)
    return blend(image, content, shape)


def spot(rng, image, centre):
    """A small round stain with a soft border."""
    radius = rng.uniform(1.5, 6.0) * image.shape[0] / 256
    distance = distances(image.shape, centre)
    shape = np.clip(radius + 1.0 - distance, 0, 1)
    tint = rng.uniform(-1, 1, 3) * 60 + rng.choice([-1, 1]) * 25
    return blend(image, image + tint, shape)


def faint_scratch(rng, image, centre):
    """A straight hair line that hardly differs from its ground."""
    size = image.shape[0] / 256
    length, width = rng.uniform(12, 40) * size, rng.uniform(0.8, 1.8) * size
    shape = strip(image.shape, centre, length, width, rng.uniform(0, np.pi))
    contrast = rng.choice([-1, 1]) * rng.uniform(16, 45)
    return blend(image, image + contrast, shape)


def crack(rng, image, centre):
    """A jagged dark line with a light edge."""
    size = image.shape[0] / 256
    angle = rng.uniform(0, 2 * np.pi)
    points = [np.array(centre[::-1], float)]
    for _ in range(rng.integers(3, 7)):
        angle += rng.normal(0, 0.7)
        stride = rng.uniform(3, 8) * size
        points.append(
            points[-1] + stride * np.array([np.cos(angle), np.sin(angle)])
        )
    canvas = Image.new("L", (4 * image.shape[1], 4 * image.shape[0]))
    line = [tuple(4 * point) for point in points]
    ImageDraw.Draw(canvas).line(line, 255, max(3, round(5 * size)), "curve")
    dark = np.asarray(canvas.resize(image.shape[1::-1], Image.Resampling.BOX))
    dark = dark / 255.0
    light = np.roll(dark, (1, 1), (0, 1)) * (1 - dark)
    changed = image - rng.uniform(40, 110) * dark[..., None]
    changed = changed + rng.uniform(15, 50) * light[..., None]
    return np.rint(changed.clip(0, 255)).astype("uint8")


def dent(rng, image, centre):
    """A wide squeeze along one axis, which moves an outline or print."""
    size = image.shape[0] / 256
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]]
    reach = rng.uniform(12, 30, 2) * size
    bump = np.exp(
        -(((rows - centre[0]) / reach[0]) ** 2)
        - ((columns - centre[1]) / reach[1]) ** 2
    )
    angle, push = rng.uniform(0, 2 * np.pi), rng.uniform(4, 9) * size
    at = [
        rows + push * np.sin(angle) * bump,
        columns + push * np.cos(angle) * bump,
    ]
    channels = [
        ndimage.map_coordinates(
            image[..., c].astype(float), at, order=1, mode="nearest"
        )
        for c in range(3)
    ]
    return np.rint(np.stack(channels, -1)).astype("uint8")


def misprint(rng, image, centre):
    """A window mirrored in place, its border blended away."""
    half = (rng.uniform(6, 16, 2) * image.shape[0] / 256).astype(int)
    top, left = (
        int(np.clip(c - h, 0, side - 2 * h - 1))
        for c, h, side in zip(centre, half, image.shape, strict=False)
    )
    box = np.s_[top : top + 2 * half[0] + 1, left : left + 2 * half[1] + 1]
    window = image[box]
    turned = window[:, ::-1] if rng.random() < 0.5 else window[::-1]
    y = np.linspace(-1, 1, window.shape[0])[:, None]
    x = np.linspace(-1, 1, window.shape[1])[None]
    shape = np.clip(3 * (1 - np.maximum(np.abs(y), np.abs(x))), 0, 1)
    changed = image.copy()
    changed[box] = blend(window, turned, shape)
    return changed


def fade(rng, image, centre):
    """Print or relief gone: a soft patch of its own surroundings."""
    radius = rng.uniform(5, 14) * image.shape[0] / 256
    side = int(radius) | 1
    # Only what is near: a median of all of a large image takes seconds.
    reach = int(radius) + side
    near = tuple(slice(max(0, c - reach), c + reach + 1) for c in centre)
    soft = image.copy()
    soft[near] = ndimage.median_filter(image[near], (side, side, 1))
    shape = np.clip((radius - distances(image.shape, centre)) / 3, 0, 1)
    return blend(image, soft, shape)


DEFECTS = {
    "scar": scar,
    "spot": spot,
    "scratch": faint_scratch,
    "crack": crack,
    "dent": dent,
    "misprint": misprint,
    "fade": fade,
}


def strip(shape, centre, length, width, angle):
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    down, right = rows - centre[0], columns - centre[1]
    along = np.abs(down * np.sin(angle) + right * np.cos(angle))
    across = np.abs(down * np.cos(angle) - right * np.sin(angle))
    return np.clip(length / 2 + 0.5 - along, 0, 1) * np.clip(
        width / 2 + 0.5 - across, 0, 1
    )


def distances(shape, centre):
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.hypot(rows - centre[0], columns - centre[1])


def blend(image, content, shape):
    changed = image + shape[..., None] * (content - image.astype(float))
    return np.rint(changed.clip(0, 255)).astype("uint8")


def table(masks, kinds, maps, scores):
    """Markdown: each kind against the good ones, then all."""
    good = kinds == "good"
    yield "| defect | image ROC-AUC | pixel ROC-AUC | AUPRO |"
    yield "| --- | ---: | ---: | ---: |"
    for name in [*dict.fromkeys(kinds[~good]), "all"]:
        keep = good | (kinds == name) if name != "all" else good | ~good
        image = metrics.roc_auc(~good[keep], scores[keep])
        pixel = metrics.pixel_metrics(masks[keep], maps[keep], fpr_limit=0.3)
        yield (
            f"| {name} | {image:.3f} | {pixel['pixel_roc_auc']:.3f} "
            f"| {pixel['aupro']:.3f} |"
        )


if __name__ == "__main__":
    main()
