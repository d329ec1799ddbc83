"""A drawn category in MVTec layout; all of it or nothing is written."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from kerasad.errors import InputError
from kerasad.files import beside, writing

VISIBLE = 6.0  # levels of 255 that the eye tells apart beside the noise


def changed(good, damaged, reach=2):
    """Where two noise-free pictures `(size, size, 3)` visibly differ."""
    difference = np.abs(damaged - good).max(axis=-1)
    mask = difference > min(VISIBLE, 0.4 * difference.max())
    # An inspector outlines a patch, not each of its threads: close gaps.
    reach = max(1, round(reach * len(good) / 256))
    mask = np.pad(mask, reach)
    mask = ndimage.binary_closing(mask, iterations=reach)
    mask = ndimage.binary_fill_holes(mask[reach:-reach, reach:-reach])
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    areas = ndimage.sum_labels(mask, labels, np.arange(1, count + 1))
    keep = areas >= min(areas.max(), 5 * (len(good) / 256) ** 2)
    return np.isin(labels, 1 + np.flatnonzero(keep))


def check_arguments(size, defect, defects):
    if defect is not None and defect not in defects:
        raise ValueError(
            f"Argument `defect` must be one of {sorted(defects)} or None. "
            f"Received: defect={defect!r}"
        )
    if size < 32:
        raise ValueError(
            f"Argument `size` must be at least 32 pixels. Received: size={size}"
        )


def write(
    folder,
    size=256,
    seed=0,
    train=219,
    good=23,
    defects=None,
    progress=None,
    *,
    draw,
    kinds,
):
    """As `kerasad.capsules.write_category`, of any pictures.

    Args:
        draw: callable `(rng, size, defect)` to image and mask.
        kinds: dict of the names of all defects, in an order that never
            changes, and how many of each `defects=None` stands for.
    """
    defects = kinds if defects is None else defects
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: expected a new or empty folder to draw pictures into. "
            "Name another one or delete it first."
        )
    jobs = [("train", None, index) for index in range(train)]
    jobs += [("test", None, index) for index in range(good)]
    for defect, count in defects.items():
        jobs += [("test", defect, index) for index in range(count)]
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with beside(folder, folder=True) as draft:
        for done, (split, defect, index) in enumerate(jobs, start=1):
            # The keys are part of the data's identity: append only.
            split_key = ("train", "test").index(split)
            key = 0 if defect is None else 1 + list(kinds).index(defect)
            rng = np.random.default_rng([seed, split_key, key, index])
            image, mask = draw(rng, size, defect)
            name = defect or "good"
            save(image, draft / split / name / f"{index:03d}.png")
            if defect:
                mask = mask.astype("uint8") * 255
                path = draft / "ground_truth" / name / f"{index:03d}_mask.png"
                save(mask, path)
            if progress:
                progress(done, len(jobs))
        if folder.exists():
            folder.rmdir()  # empty, but Windows renames onto nothing
        draft.replace(folder)
    return folder


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    # Pillow leaves a file open that it opened itself and was interrupted at.
    with open(path, "wb") as file:
        Image.fromarray(pixels).save(file, "PNG", compress_level=1)
