"""Which frozen features, memory and image score: what `fast` is chosen by.

    python -m benchmarks.features CATEGORY [--hold-out 40] [--seed 0]
    python -m benchmarks.features CATEGORY --test

Some normal images of the training split are held out, and get the defects of
`benchmarks.synthetic`; the test split is not read. With `--draw-size` they are
drawn at one size and everything is then resized to `--image-size`, so that
sizes can be compared on the same pictures. With `--test` the setting
chosen is measured on the test split; other rows may be named for categories
that are drawn. With `--tiles` an image goes through the backbone in parts,
with `--light` the memory knows each good image in two lights. Prints Markdown.
"""

import argparse
import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from keras import ops
from PIL import Image

from benchmarks.synthetic import synthetic_test
from kerasad import metrics
from kerasad.backbones import build_backbone
from kerasad.data.category import read_sample
from kerasad.data.images import load_images, resized, shrunk_mask
from kerasad.data.layouts import open_category
from kerasad.filters import gaussian_blur, resize_matrix, separable
from kerasad.layers import (
    FeatureGaussian,
    FeatureGrid,
    FeatureMemory,
    FeatureMixture,
)

ALL_TAPS = ("block_2", "block_4", "block_7", "block_10")
BATCH = 4


@dataclass(frozen=True)
class Setting:
    """One row of the table; the defaults are those chosen."""

    taps: tuple = ("block_2", "block_4")
    kind: str = "gaussian"  # mixture, window-1, window-2, global
    grid: int = 8  # pixels between its places
    pool: tuple = (5, 3, 1, 1)  # places of each map, so about 20 pixels
    dims: int = 0  # 0: all channels
    shrinkage: float = 0.2
    floor: float = 1.0  # of the spread a place, in mean spreads
    normalise: str = "place"  # ring: of one distance to the border; or ""
    score: float = 0.01  # share of the map that is averaged; 0: maximum
    squared: bool = False
    near: int = 0  # places away that a Gaussian may lie; the nearest counts
    apart: bool = False  # a memory a tap; their normalised maps are added
    sigma: float = 4.0


CHOSEN = Setting()
ROWS = {
    "chosen": {},
    "tap 2": {"taps": ("block_2",)},
    "tap 4": {"taps": ("block_4",), "pool": (3,)},
    "taps 2, 4, 7": {"taps": ("block_2", "block_4", "block_7")},
    "taps 2, 4, 10": {"taps": ("block_2", "block_4", "block_10")},
    "taps 4, 7; grid of 16 pixels": {
        "taps": ("block_4", "block_7"),
        "grid": 16,
    },
    "taps 2, 4, 7; grid of 16 pixels": {
        "taps": ("block_2", "block_4", "block_7"),
        "pool": (9, 5, 3),
        "grid": 16,
    },
    "32 components": {"dims": 32},
    "48 components": {"dims": 48},
    "no pooling": {"pool": (1, 1)},
    "pooled 12 and 24 pixels": {"pool": (3, 3)},
    "pooled 20 and 40 pixels": {"pool": (5, 5)},
    "pooled 28 and 24 pixels": {"pool": (7, 3)},
    "grid of 4 pixels": {"grid": 4},
    "grid of 16 pixels": {"grid": 16},
    "grid of 16 pixels, 12 and 24": {"grid": 16, "pool": (3, 3)},
    "grid of 16 pixels, pooled 36 and 40": {"grid": 16, "pool": (9, 5)},
    "grid of 24 pixels, pooled 60 and 56": {"grid": 24, "pool": (15, 7)},
    "grid of 16 pixels, pooled 36 and 40, sigma 8": {
        "grid": 16,
        "pool": (9, 5),
        "sigma": 8.0,
    },
    "shrinkage 0.05": {"shrinkage": 0.05},
    "shrinkage 0.5": {"shrinkage": 0.5},
    "floor 0.5": {"floor": 0.5},
    "floor 2": {"floor": 2.0},
    "squared distance": {"squared": True},
    "nearest Gaussian near by": {"near": 1},
    "a memory a tap": {"apart": True},
    "a memory a tap, with tap 7": {
        "taps": ("block_2", "block_4", "block_7"),
        "apart": True,
    },
    "a memory a tap, with tap 10": {
        "taps": ("block_2", "block_4", "block_10"),
        "apart": True,
    },
    "sigma 2": {"sigma": 2.0},
    "sigma 6": {"sigma": 6.0},
    "score: maximum": {"score": 0.0},
    "score: top 0.1 %": {"score": 0.001},
    "score: top 5 %": {"score": 0.05},
    "raw map": {"normalise": ""},
    "memory, window 1": {"kind": "window-1"},
    "memory, window 2": {"kind": "window-2"},
    "memory, window 1, raw map": {"kind": "window-1", "normalise": ""},
    "mixture": {"kind": "mixture", "pool": (3, 3)},
    "mixture, ring": {"kind": "mixture", "pool": (3, 3), "normalise": "ring"},
    "mixture, ring, maximum": {
        "kind": "mixture",
        "pool": (3, 3),
        "normalise": "ring",
        "score": 0.0,
    },
    "mixture, raw map": {
        "kind": "mixture",
        "pool": (3, 3),
        "normalise": "",
    },
    "mixture, pooled 20 and 24 pixels": {"kind": "mixture"},
    "memory, global": {"kind": "global"},
    "memory, global, raw map": {"kind": "global", "normalise": ""},
    "memory, global, raw map, maximum": {
        "kind": "global",
        "normalise": "",
        "score": 0.0,
    },
}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("category", type=Path)
    parser.add_argument("--image-size", type=int, default=256)
    parser.add_argument("--draw-size", type=int)
    parser.add_argument("--hold-out", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tiles", type=int, default=1, help="along a side")
    parser.add_argument("--light", type=float, default=0.0)
    parser.add_argument("--only", nargs="*", help="rows of the table")
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args(arguments)
    size = (options.image_size, options.image_size)
    paths = open_category(options.category).samples("train")
    images = load_images(paths, options.draw_size or size[0])
    order = np.random.default_rng(options.seed).permutation(len(images))
    train = images[order[options.hold_out :]]
    held_out = images[order[: options.hold_out]]
    if options.test:
        names, taps = options.only or ["chosen"], ALL_TAPS
        samples = open_category(options.category).samples("test")
        pairs = [read_sample(sample, size[0]) for sample in samples]
        test, masks = (np.stack(column) for column in zip(*pairs, strict=True))
        bad = np.array([sample.label for sample in samples], bool)
    else:
        names, taps = options.only or list(ROWS), ALL_TAPS
        test, masks, kinds = synthetic_test(train, held_out, options.seed)
        bad = kinds != "good"
        if options.draw_size:
            train, test = (
                np.stack([resized(Image.fromarray(x), size) for x in images])
                for images in (train, test)
            )
            masks = np.stack([shrunk_mask(mask, size)[0] for mask in masks])
    part = (size[0] // options.tiles,) * 2
    backbone = build_backbone("efficientnet-lite0", part, taps=taps)
    if options.light:
        rng = np.random.default_rng(options.seed)
        train = np.concatenate([train, relit(train, options.light, rng)])
    start = time.process_time()
    known = extract(backbone, train, options.tiles)
    spent = time.process_time() - start
    print(f"{len(train)} images: {spent:.1f} CPU seconds for the features\n")
    new = extract(backbone, test, options.tiles)
    print("| setting | image ROC-AUC | pixel ROC-AUC | AUPRO | CPU seconds |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in names:
        setting = dataclasses.replace(CHOSEN, **ROWS[name])
        start = time.process_time()
        maps = maps_of(
            setting,
            dict(zip(taps, known, strict=True)),
            dict(zip(taps, new, strict=True)),
            size,
        )
        spent = time.process_time() - start
        scores = image_scores(maps, setting.score)
        pixel = metrics.pixel_metrics(masks, maps, fpr_limit=0.3)
        print(
            f"| {name} | {metrics.roc_auc(bad, scores):.3f} "
            f"| {pixel['pixel_roc_auc']:.3f} | {pixel['aupro']:.3f} "
            f"| {spent:.1f} |",
            flush=True,
        )


def relit(images, light, rng):
    """uint8 images, each with a gain of its own within 1 +- `light`."""
    gains = rng.uniform(1.0 - light, 1.0 + light, (len(images), 1, 1, 1))
    return np.rint(images * gains).clip(0, 255).astype("uint8")


def extract(backbone, images, tiles=1):
    """Feature maps of uint8 images, one array a tap, in half precision."""
    rows = []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].astype("float32") / 255.0
        parts = [
            [backbone.predict_on_batch(tile) for tile in across]
            for across in cut(batch, tiles)
        ]
        rows.append([joined(parts, tap) for tap in range(len(parts[0][0]))])
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def joined(parts, tap):
    """One map of tiles that lie in rows, each with all of its maps."""
    across = [np.concatenate([t[tap] for t in row], axis=2) for row in parts]
    return np.concatenate(across, axis=1).astype("float16")


def cut(images, tiles):
    """Rows of tiles of `(B, H, W, C)`, as many along each side."""
    across = np.split(images, tiles, axis=1)
    return [np.split(row, tiles, axis=2) for row in across]


def maps_of(setting, known, new, size):
    """Normalised maps of the new images, `(n, *size)`."""
    if setting.apart:
        alone = [
            dataclasses.replace(setting, apart=False, taps=(tap,), pool=(pool,))
            for tap, pool in zip(setting.taps, setting.pool, strict=False)
        ]
        return sum(maps_of(one, known, new, size) for one in alone)
    known = [known[tap] for tap in setting.taps]
    new = [new[tap] for tap in setting.taps]
    channels = sum(x.shape[-1] for x in known)
    grid = FeatureGrid(
        [side // setting.grid for side in size],
        setting.dims or channels,
        setting.pool[: len(known)],
    )
    grid.build([x.shape for x in known])
    joined = join(grid, known)
    grid.fit(joined)
    known = ops.convert_to_numpy(grid.project(joined))
    new = ops.convert_to_numpy(grid.project(join(grid, new)))
    owners = np.arange(len(known))
    if setting.kind == "gaussian":
        memory = FeatureGaussian(setting.shrinkage)
        memory.fit([known])
    elif setting.kind == "mixture":
        memory = FeatureMixture()
        memory.fit(known, np.random.default_rng(0))
    else:
        window = setting.kind.partition("-")[2]
        window = int(window) if window else None
        memory = FeatureMemory(2 if window is None else len(known), window)
        memory.fit(known, owners, np.random.default_rng(0))

    def maps(features, owners):
        x = ops.convert_to_numpy(memory(features, owners=owners))
        for step in np.ndindex(*[2 * setting.near + 1] * 2):
            step = np.array(step) - setting.near
            if step.any():
                moved = np.roll(features, step, (1, 2))
                other = ops.convert_to_numpy(memory(moved))
                x = np.minimum(x, np.roll(other, -step, (1, 2)))
        if setting.squared and setting.kind == "gaussian":
            x = x**2
        rows, columns = map(resize_matrix, x.shape[1:], size)
        x = separable(x, rows, columns)
        return ops.convert_to_numpy(gaussian_blur(x, setting.sigma))

    found = np.concatenate([maps(new[s], None) for s in slices(len(new))])
    if not setting.normalise:
        return found
    alone = np.concatenate(
        [maps(known[s], owners[s]) for s in slices(len(known))]
    )
    mean, square = alone.mean(axis=0), np.square(alone).mean(axis=0)
    if setting.normalise == "ring":
        mean, square = over_rings(mean), over_rings(square)
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    spread = spread + setting.floor * spread.mean()
    return (found - mean) / spread


def over_rings(values, deepest=32):
    """Means over all places that are as far from the border."""
    rows, columns = np.indices(values.shape)
    rows = np.minimum(rows, len(values) - 1 - rows)
    columns = np.minimum(columns, values.shape[1] - 1 - columns)
    rings = np.minimum(np.minimum(rows, columns), deepest)
    means = np.bincount(rings.ravel(), values.ravel()) / np.bincount(
        rings.ravel()
    )
    return means[rings]


def join(grid, maps):
    parts = [
        grid.join([x[part].astype("float32") for x in maps])
        for part in slices(len(maps[0]))
    ]
    return np.concatenate([ops.convert_to_numpy(part) for part in parts])


def slices(count):
    return [slice(start, start + BATCH) for start in range(0, count, BATCH)]


def image_scores(maps, share):
    flat = maps.reshape(len(maps), -1)
    count = max(1, round(share * flat.shape[1]))
    return np.partition(flat, -count, axis=1)[:, -count:].mean(axis=1)


if __name__ == "__main__":
    main()
