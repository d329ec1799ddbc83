"""Times the pixel metrics of one capsule test split.

132 maps of 256x256 pixels, as many as MVTec AD capsule has, with blobs for
defects. Prints a Markdown table: seconds (best of three for ours), the peak of
what a call allocates, and how many times longer an alternative takes in the
same process. Run with

    OMP_NUM_THREADS=1 python benchmarks/metrics.py
"""

import time
import tracemalloc

import numpy as np
from scipy import ndimage
from sklearn import metrics as sklearn_metrics

from kerasad import metrics

IMAGES, NORMAL, SIZE, REPEATS = 132, 23, 256, 3


def draw_maps(rng):
    """Smooth float32 noise, raised on one to three blobs an image."""
    maps = rng.normal(size=(IMAGES, SIZE, SIZE)).astype("float32")
    masks = np.zeros(maps.shape, bool)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for index in range(IMAGES):
        maps[index] = 4 * ndimage.gaussian_filter(maps[index], 2)
        for _ in range(rng.integers(1, 4) if index >= NORMAL else 0):
            y, x = rng.integers(20, SIZE - 20, 2)
            radius = rng.integers(3, 15)
            blob = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
            masks[index] |= blob
    return masks, maps + masks


def plain_aupro(masks, maps, thresholds=200, fpr_limit=0.3):
    """As often written: an evenly spaced threshold at a time. Inexact."""
    numbered = [ndimage.label(mask, np.ones((3, 3))) for mask in masks]
    x, y = [], []
    for threshold in np.linspace(maps.max(), maps.min(), thresholds):
        flagged = maps >= threshold
        x.append((flagged & ~masks).sum() / (~masks).sum())
        y.append(
            np.concatenate(
                [
                    ndimage.mean(flagged[i], regions, np.arange(count) + 1)
                    for i, (regions, count) in enumerate(numbered)
                    if count
                ]
            ).mean()
        )
    grid = np.linspace(0, fpr_limit, 10_001)
    return np.interp(grid, x, y).mean()


def measure(function, *args, repeats=REPEATS):
    """Seconds, peak MiB (in a call of its own, tracing is slow), value."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(*args)
        taken.append(time.perf_counter() - start)
    tracemalloc.start()
    value = function(*args)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return min(taken), peak, value


def main():
    masks, maps = draw_maps(np.random.default_rng(0))
    both, flat = (masks, maps), (masks.ravel(), maps.ravel())
    ours = [
        ("pixel_roc_auc", metrics.pixel_roc_auc),
        ("pixel_ap", metrics.pixel_ap),
        ("aupro", metrics.aupro),
        ("aupimo", metrics.aupimo),
        ("pixel_metrics, the four", metrics.pixel_metrics),
        ("pixel_bootstrap, the four, 1000 draws", metrics.pixel_bootstrap),
    ]
    others = [
        ("pixel_roc_auc", "scikit-learn", sklearn_metrics.roc_auc_score, flat),
        (
            "pixel_ap",
            "scikit-learn",
            sklearn_metrics.average_precision_score,
            flat,
        ),
        ("aupro", "200 thresholds", plain_aupro, both),
    ]
    print(f"{IMAGES} maps of {SIZE}x{SIZE}: {maps.nbytes / 2**20:.0f} MiB\n")
    print("| metric | seconds | allocates | value |")
    print("| --- | --- | --- | --- |")
    taken = {}
    for name, function in ours:
        taken[name], peak, value = measure(function, *both)
        text = f"{value:.6f}" if isinstance(value, float) else ""
        print(f"| {name} | {taken[name]:.2f} | {peak:.0f} MiB | {text} |")
    for name, by, function, args in others:
        slow, peak, value = measure(function, *args, repeats=1)
        times = f"{slow:.2f}, {slow / taken[name]:.0f}x"
        row = f"{name} by {by} | {times} | {peak:.0f} MiB | {value:.6f}"
        print(f"| {row} |")


if __name__ == "__main__":
    main()
