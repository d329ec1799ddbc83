"""The built-in data: drawn capsules with five kinds of defects.

They stand in for the category "capsule" of MVTec AD where that cannot be
shipped: the same layout, defect types, counts and defect sizes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from kerasad.capsules.defects import DAMAGE
from kerasad.capsules.render import add_noise, render
from kerasad.capsules.scene import sample_capsule
from kerasad.errors import InputError
from kerasad.files import beside, writing

DEFECTS = {
    "crack": 23,
    "faulty_imprint": 22,
    "poke": 21,
    "scratch": 23,
    "squeeze": 20,
}
VISIBLE = 6.0  # levels of 255 that the eye tells apart beside the noise


def draw_capsule(
    rng: np.random.Generator, size: int = 256, defect: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """One capsule and the mask of its defect.

    The same `rng` gives the same capsule at any size, and with any defect
    the same capsule as without one.

    Args:
        rng: generator. Three children are spawned from it; it must own a
            seed sequence, as those of `np.random.default_rng` do.
        size: int, in pixels. Side of the picture.
        defect: a key of `DEFECTS`, or `None` for a good capsule.

    Returns:
        The image, uint8 `(size, size, 3)`, and the mask, bool
        `(size, size)`: where the defect visibly changed the picture. Empty
        for a good capsule, never empty for a defect.

    Example:

    >>> image, mask = draw_capsule(np.random.default_rng(0), 64, "poke")
    >>> image.shape, image.dtype, bool(mask.any())
    ((64, 64, 3), dtype('uint8'), True)
    """
    if defect is not None and defect not in DAMAGE:
        raise ValueError(
            f"Argument `defect` must be one of {sorted(DAMAGE)} or None. "
            f"Received: defect={defect!r}"
        )
    if size < 32:
        raise ValueError(
            f"Argument `size` must be at least 32 pixels. Received: size={size}"
        )
    capsule_rng, defect_rng, noise_rng = rng.spawn(3)
    capsule = sample_capsule(capsule_rng)
    picture = render(capsule, size)
    mask = np.zeros((size, size), dtype=bool)
    if defect is not None:
        good = picture
        picture = render(DAMAGE[defect](capsule, defect_rng), size)
        mask = changed(good, picture)
    return add_noise(picture, noise_rng), mask


def changed(good, damaged):
    """Where two noise-free pictures `(size, size, 3)` visibly differ."""
    size = len(good)
    difference = np.abs(damaged - good).max(axis=-1)
    mask = difference > min(VISIBLE, 0.4 * difference.max())
    # An inspector outlines a hatched patch, not each of its lines: close gaps.
    rows, columns = _window(mask, margin=8 + size // 32)
    part = mask[rows, columns]
    reach = 3.0 * size / 256
    near = ndimage.distance_transform_edt(~part) <= reach
    part = part | (ndimage.distance_transform_edt(near) > reach)
    part = ndimage.binary_fill_holes(part)
    labels, count = ndimage.label(part, np.ones((3, 3)))
    areas = ndimage.sum_labels(part, labels, np.arange(1, count + 1))
    keep = areas >= min(areas.max(), 5 * (size / 256) ** 2)
    mask[rows, columns] = np.isin(labels, 1 + np.flatnonzero(keep))
    return mask


def _window(mask, margin):
    return tuple(
        slice(max(where.min() - margin, 0), where.max() + margin + 1)
        for where in np.nonzero(mask)
    )


def write_category(
    folder: str | os.PathLike,
    size: int = 256,
    seed: int = 0,
    train: int = 219,
    good: int = 23,
    defects: Mapping[str, int] = DEFECTS,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draws a category in MVTec layout; all of it or nothing is written.

    Every image depends on the seed and its own name alone, so a larger
    category contains the smaller one.

    Args:
        folder: path. Must not exist, or be empty.
        size: int, in pixels. Side of the images.
        seed: int, not negative. Root of all randomness.
        train: int. Number of images in `train/good`.
        good: int. Number of images in `test/good`.
        defects: mapping from a key of `DEFECTS` to a number of images in
            `test/<defect>`, with masks in `ground_truth/<defect>`.
        progress: callable `(done, total)`, called after every image.

    Returns:
        The path of the folder.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: expected a new or empty folder to draw capsules into. "
            "Name another one or delete it first."
        )
    unknown = sorted(set(defects) - set(DAMAGE))
    if unknown:
        raise ValueError(
            f"Argument `defects` must have keys among {sorted(DAMAGE)}. "
            f"Received: {unknown}"
        )
    jobs = [("train", None, index) for index in range(train)]
    jobs += [("test", None, index) for index in range(good)]
    for defect, count in defects.items():
        jobs += [("test", defect, index) for index in range(count)]

    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with beside(folder, folder=True) as draft:
        for done, job in enumerate(jobs, start=1):
            _write(draft, size, seed, *job)
            if progress:
                progress(done, len(jobs))
        if folder.exists():
            folder.rmdir()  # empty, but Windows renames onto nothing
        draft.replace(folder)
    return folder


def _write(draft, size, seed, split, defect, index):
    # The keys are part of the data's identity: append, never reorder.
    split_key = ("train", "test").index(split)
    defect_key = 0 if defect is None else 1 + list(DEFECTS).index(defect)
    rng = np.random.default_rng([seed, split_key, defect_key, index])
    image, mask = draw_capsule(rng, size, defect)
    kind = defect or "good"
    path = draft / split / kind / f"{index:03d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Pillow leaves a file open that it opened itself and was interrupted at.
    with open(path, "wb") as file:
        # Fast and a little larger: most of the time would go into compression.
        Image.fromarray(image).save(file, "PNG", compress_level=1)
    if defect:
        path = draft / "ground_truth" / kind / f"{index:03d}_mask.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            Image.fromarray(mask.astype("uint8") * 255).save(file, "PNG")
