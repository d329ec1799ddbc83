"""A drawn category in MVTec layout; all of it or nothing is written."""

from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.errors import InputError
from kerasad.files import beside, writing

LEAST = 32  # pixels


def check_arguments(size, defect, defects):
    """Refuses what cannot be drawn: an unknown defect, too few pixels."""
    if defect is not None and defect not in defects:
        raise ValueError(
            f"Argument `defect` must be one of {sorted(defects)} or None. "
            f"Received: defect={defect!r}"
        )
    if size < LEAST:
        raise ValueError(
            f"Argument `size` must be at least {LEAST} pixels. "
            f"Received: size={size}"
        )


def write_category(
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
    what,
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
        defects: mapping from a key of `kinds` to a number of images in
            `test/<defect>`, with masks in `ground_truth/<defect>`; `None` for
            `kinds` itself.
        progress: callable `(done, total)`, called after every image.
        draw: callable `(rng, size, defect)` to image and mask.
        kinds: dict of the names of all defects, in an order that never
            changes, and how many of each there are by default.
        what: str, plural. What is drawn, in words.

    Returns:
        The path of the folder.
    """
    defects = kinds if defects is None else defects
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: expected a new or empty folder to draw {what} into. "
            "Name another one or delete it first."
        )
    unknown = sorted(set(defects) - set(kinds))
    if unknown:
        raise ValueError(
            f"Argument `defects` must have keys among {sorted(kinds)}. "
            f"Received: {unknown}"
        )
    jobs = [("train", None, index) for index in range(train)]
    jobs += [("test", None, index) for index in range(good)]
    for defect, count in defects.items():
        jobs += [("test", defect, index) for index in range(count)]

    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with beside(folder, folder=True) as draft:
        for done, (split, defect, index) in enumerate(jobs, start=1):
            # The keys are part of the data's identity: append, never reorder.
            split_key = ("train", "test").index(split)
            key = 0 if defect is None else 1 + list(kinds).index(defect)
            rng = np.random.default_rng([seed, split_key, key, index])
            save(draft, split, defect, index, *draw(rng, size, defect))
            if progress:
                progress(done, len(jobs))
        if folder.exists():
            folder.rmdir()  # empty, but Windows renames onto nothing
        draft.replace(folder)
    return folder


def save(draft, split, defect, index, image, mask):
    """Writes a drawn image, and its mask, bool `(H, W)`, if it is defective."""
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
