"""What a folder of images holds, whatever its layout."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.data.images import (
    read_image,
    read_upright_mask,
    resized,
    shrunk_mask,
)
from kerasad.errors import InputError
from kerasad.sides import sides_of

GOOD = "good"
MISSING = {
    "train": "no good images to train on",
    "validation": "no validation/good with images to calibrate on",
    "test": "must hold test/good and test/<defect>, as in MVTec AD, to be "
    "evaluated; test is missing",
}


@dataclass(frozen=True)
class Sample:
    """One image of a category.

    `label` is 0 for normal and 1 for anomalous, `mask_paths` are the masks
    that together mark its defect: none for a good image, `None` where
    nobody drew them. `page` counts the pages of a TIFF from 0.
    """

    path: Path
    defect: str
    label: int
    split: str
    mask_paths: tuple[Path, ...] | None = ()
    page: int = 0


@dataclass(frozen=True)
class Category:
    """The samples of a folder by split, and what is odd about them.

    `layout` is a sentence on how the folder was read, `remarks` are ones on
    what is wrong but usable; `problems` say of a split why it is not.
    """

    name: str
    root: Path
    layout: str
    train: list[Sample]
    validation: list[Sample]
    test: list[Sample]
    remarks: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def samples(self, split) -> list[Sample]:
        """Those of `"train"`, `"validation"` or `"test"`: at least one.

        Raises:
            InputError: there are none, or they cannot be used.
        """
        found = getattr(self, split)
        if split in self.problems or not found:
            why = f"{self.root}: {MISSING[split]}"
            raise InputError(self.problems.get(split, why))
        return found


def read_sample(sample, size=None):
    """The image and the mask of a sample.

    Args:
        size: in pixels, to resize both to: a pair `(height, width)`, or one
            number for a square.

    Returns:
        uint8 `(height, width, 3)` and bool `(height, width)`, `None` where
        the masks are unknown.

    Raises:
        InputError: one of them cannot be read, or a mask is of another size
            than the image, or marks nothing.
    """
    image = read_image(sample.path, page=sample.page)
    mask = read_masks(sample, image.shape[:2])
    return (image, mask) if size is None else at_size(image, mask, size)[:2]


def at_size(image, mask, size):
    """Image and mask at a size, and how many defects are kept as one pixel."""
    image = np.asarray(resized(Image.fromarray(image), sides_of(size)))
    return image, *((None, 0) if mask is None else shrunk_mask(mask, size))


def read_masks(sample, sides):
    """The union of the masks of a sample whose image has these `sides`."""
    if sample.mask_paths is None:
        return None
    union = np.zeros(sides, bool)
    for path in sample.mask_paths:
        mask = read_upright_mask(path, sample.path, sides)
        if mask.shape != sides:
            raise InputError(
                f"{path}: is {mask.shape[1]} x {mask.shape[0]} pixels, its "
                f"image {sides[1]} x {sides[0]}; they must be equal"
            )
        union |= mask
    if sample.mask_paths and not union.any():
        raise InputError(
            f"{sample.mask_paths[0]}: marks no pixel; a defective image needs "
            "a mask of its defect"
        )
    return union


def fingerprint(paths) -> str:
    """SHA-256 over the names and contents of `paths`, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        digest.update(f"{Path(path).name} {content}\n".encode())
    return digest.hexdigest()
