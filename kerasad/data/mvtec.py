"""Walks a folder in MVTec AD layout, or a plain folder of good images."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.data.images import (
    image_files,
    read_image,
    read_mask,
    resized,
    resized_mask,
)
from kerasad.errors import InputError

GOOD = "good"


@dataclass(frozen=True)
class Sample:
    """One image of a category: `label` 0 is normal, 1 anomalous."""

    path: Path
    defect: str
    label: int
    split: str
    mask_path: Path | None = None


def training_samples(folder) -> list[Sample]:
    """The good images to learn from, sorted by name.

    Args:
        folder: a category with `train/good`, or a plain folder of images.

    Raises:
        InputError: neither is there, or there is no image in it.
    """
    folder = existing(folder)
    good = folder / "train" / GOOD
    if not good.is_dir():
        if (folder / "train").is_dir() or (folder / "test").is_dir():
            raise InputError(
                f"{folder}: must hold train/good with normal images; "
                f"{good.relative_to(folder)} is missing"
            )
        good = folder
    paths = image_files(good)
    if not paths:
        raise InputError(
            f"{good}: no PNG, JPEG, BMP, TIFF or WebP images; expected a "
            "folder of good images, or a category with train/good"
        )
    return [Sample(path, GOOD, 0, "train") for path in paths]


def test_samples(folder) -> list[Sample]:
    """The labelled test split, good images first, then defect by defect.

    Raises:
        InputError: no `test` folder, no image, or a defective image without
            its mask.
    """
    folder = existing(folder)
    test = folder / "test"
    if not test.is_dir():
        raise InputError(
            f"{folder}: must hold test/good and test/<defect>, as in MVTec "
            "AD, to be evaluated; test is missing"
        )
    samples = []
    for path in test.iterdir():
        if path.is_symlink() and not path.exists():
            raise InputError(
                f"{path}: a broken link; remove it, or mend what it points to"
            )
    defects = sorted(
        (path.name for path in test.iterdir() if path.is_dir()),
        key=lambda name: (name != GOOD, name),
    )
    for defect in defects:
        for path in image_files(test / defect):
            mask = None if defect == GOOD else mask_of(folder, defect, path)
            label = int(defect != GOOD)
            samples.append(Sample(path, defect, label, "test", mask))
    if not samples:
        raise InputError(
            f"{test}: no images; expected test/good/*.png and "
            "test/<defect>/*.png"
        )
    return samples


test_samples.__test__ = False  # its name is not pytest's business


def mask_of(folder, defect, path) -> Path:
    """`ground_truth/<defect>/<name>_mask.png`, by name, never by position."""
    masks = folder / "ground_truth" / defect
    for name in (f"{path.stem}_mask.png", f"{path.stem}.png"):
        if (masks / name).is_file():
            return masks / name
    raise InputError(
        f"{path}: its mask is missing; expected "
        f"{(masks / f'{path.stem}_mask.png').relative_to(folder)}"
    )


def read_sample(sample, size: int | None = None):
    """The image and the mask of a sample.

    Args:
        size: in pixels; resizes both to a square of that side.

    Returns:
        uint8 `(height, width, 3)` and bool `(height, width)`.

    Raises:
        InputError: one of them cannot be read, or the mask is of another
            size than the image, or marks nothing.
    """
    image = read_image(sample.path)
    height, width = image.shape[:2]
    mask = np.zeros((height, width), bool)
    if sample.mask_path is not None:
        mask = read_mask(sample.mask_path)
        if mask.shape != (height, width):
            raise InputError(
                f"{sample.mask_path}: is {mask.shape[1]} x {mask.shape[0]} "
                f"pixels, its image {width} x {height}; they must be equal"
            )
        if not mask.any():
            raise InputError(
                f"{sample.mask_path}: marks no pixel; a defective image "
                "needs a mask of its defect"
            )
    if size is None:
        return image, mask
    image = resized(Image.fromarray(image), (size, size))
    return np.asarray(image), resized_mask(mask, size)


def existing(folder) -> Path:
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; expected a category in MVTec layout "
            "or a folder of good images"
        )
    return folder


def fingerprint(paths) -> str:
    """SHA-256 over the names and contents of `paths`, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        digest.update(f"{Path(path).name} {content}\n".encode())
    return digest.hexdigest()
