# ruff: noqa: E402
"""Images corrupted per second on one core.

    python benchmarks/corruption.py [--images FOLDER] [--textures FOLDER]

Compares `PatchCorruption` with the plain way to the same masks: fields of
the size of the image, filtered and looked up with scipy, blended throughout.
Images of 256 pixels; without folders, built-in textures stand in for both.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = "1"  # before numpy is imported

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import ndimage

from kerasad.data.corruption import PatchCorruption
from kerasad.data.corruption_kinds import KINDS
from kerasad.data.textures import builtin_textures, textures_from_folder

SIDE = 256


class PlainCorruption:
    """One to three patches, elastic and Gaussian, at full resolution."""

    def __init__(self, textures):
        self.textures = textures

    def __call__(self, image, rng):
        side = image.shape[:2]
        grid = np.mgrid[: side[0], : side[1]].astype("float32")
        corrupted, mask = image.copy(), np.zeros(side, "float32")
        for _ in range(rng.integers(1, 4)):
            half = SIDE * 0.03 * (0.4 / 0.03) ** rng.random(2) / 2
            centre = rng.uniform(half, side - half)
            patch = np.all(
                np.abs(grid - centre[:, None, None]) < half[:, None, None],
                axis=0,
            ).astype("float32")
            noise = rng.standard_normal((2, *side), dtype="float32")
            sigma = rng.uniform(4, 12)
            field = ndimage.gaussian_filter(noise, (0, sigma, sigma))
            field *= rng.uniform(0.1, 0.6) * half.min() / field.std()
            patch = ndimage.map_coordinates(patch, grid + field, order=1)
            patch = ndimage.gaussian_filter(patch, rng.uniform(0.5, 5))
            content = self.textures.sample(rng, *side)
            weight = patch[..., None]
            corrupted = weight * content + (1 - weight) * corrupted
            mask = 1 - (1 - mask) * (1 - patch)
        return corrupted, mask


def images_per_second(corrupt, images, seconds):
    rng, count = np.random.default_rng(0), 0
    corrupt(images[0], rng)
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        corrupt(images[count % len(images)], rng)
        count += 1
    return count / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=Path)
    parser.add_argument("--textures", type=Path)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    textures, images = (
        builtin_textures(size=SIDE)
        if folder is None
        else textures_from_folder(folder, SIDE, limit=100)
        for folder in (options.textures, options.images)
    )
    images = np.stack([image[:SIDE, :SIDE] for image in images.images])
    scaled = (images[:32] / 255.0).astype("float32")

    def mixture(kinds):
        return PatchCorruption(
            textures, kinds=kinds, images=images, foreground="auto"
        )

    candidates = {"plain, full resolution": PlainCorruption(textures)}
    candidates["texture (the paper's)"] = PatchCorruption(textures)
    candidates["mixture of all kinds"] = mixture(dict.fromkeys(KINDS, 1.0))
    for kind in list(KINDS)[1:]:
        candidates[f"{kind} only"] = mixture({kind: 1.0})

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"| corruption, {SIDE} px | images/s | against plain |")
    print("| --- | ---: | ---: |")
    plain = None
    for name, corrupt in candidates.items():
        rate = images_per_second(corrupt, scaled, options.seconds)
        plain = plain or rate
        print(f"| {name} | {rate:.0f} | {rate / plain:.1f} |")


if __name__ == "__main__":
    main()
