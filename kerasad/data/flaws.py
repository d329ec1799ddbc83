"""What can be read in a category and is wrong all the same."""

import hashlib
from pathlib import Path

import numpy as np

from kerasad.data.images import image_files, mask_values
from kerasad.data.mvtec import GOOD


def leaked(folder, samples) -> list | None:
    """The test images whose very file is also in `train/good`.

    A detector has seen them: their scores say nothing about new images.

    Args:
        folder: a category.
        samples: of `kerasad.data.mvtec.test_samples`.

    Returns:
        Those among `samples`; `None` if there is no `train/good` to compare.
    """
    good = Path(folder) / "train" / GOOD
    if not good.is_dir():
        return None
    known = {}
    for path in image_files(good):
        known.setdefault(path.stat().st_size, []).append(path)
    found = []
    for sample in samples:
        alike = known.get(sample.path.stat().st_size, [])
        if alike and content(sample.path) in map(content, alike):
            found.append(sample)
    return found


def content(path) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def masks_without_image(folder, samples) -> list[Path]:
    """Files in `ground_truth` that belong to no test image, by name."""
    truth = Path(folder) / "ground_truth"
    if not truth.is_dir():
        return []
    images = {(sample.defect, sample.path.stem) for sample in samples}
    return [
        mask
        for defect in sorted(path for path in truth.iterdir() if path.is_dir())
        for mask in image_files(defect)
        if not images
        & {
            (defect.name, mask.stem),
            (defect.name, mask.stem.removesuffix("_mask")),
        }
    ]


def is_binary(mask_path) -> bool:
    """Whether a mask has one value besides 0; `read_mask` takes any."""
    return len(np.setdiff1d(mask_values(mask_path), [0])) <= 1


def remarks(folder, samples, found) -> list[str]:
    """A sentence for each flaw that does not keep a test split from use.

    Args:
        folder, samples: see `leaked`.
        found: what `leaked` returned.
    """
    lines = []
    if found:
        lines.append(
            f"{count(found, 'test image')} also in train/good, such as "
            f"{relative(folder, found[0].path)}: scores on them say nothing "
            "about new images"
        )
    alone = masks_without_image(folder, samples)
    if alone:
        lines.append(
            f"{count(alone, 'mask')} without a test image, such as "
            f"{relative(folder, alone[0])}"
        )
    return lines


def count(found, noun) -> str:
    return f"{len(found)} {noun}{' is' if len(found) == 1 else 's are'}"


def relative(folder, path) -> str:
    return path.relative_to(folder).as_posix()
