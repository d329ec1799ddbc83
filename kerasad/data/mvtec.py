"""Functions over `Category`, for callers that are about to use it."""

import hashlib
from pathlib import Path

from kerasad.data.category import Sample as Sample
from kerasad.data.category import read_sample as read_sample
from kerasad.data.layouts import open_category
from kerasad.errors import InputError


def training_samples(folder) -> list[Sample]:
    """Those of `train`, first pages only: these callers read paths."""
    samples = open_category(folder).samples("train")
    return [sample for sample in samples if sample.page == 0]


def test_samples(folder) -> list[Sample]:
    """Those of `test`, first pages only; each defect must have its mask."""
    samples = open_category(folder).samples("test")
    for sample in samples:
        if sample.mask_paths is None:
            raise InputError(
                f"{sample.path}: its mask is missing; expected "
                f"ground_truth/{sample.defect}/{sample.path.stem}_mask.png"
            )
    return [sample for sample in samples if sample.page == 0]


test_samples.__test__ = False  # its name is not pytest's business


def fingerprint(paths) -> str:
    """SHA-256 over the names and contents of `paths`, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        digest.update(f"{Path(path).name} {content}\n".encode())
    return digest.hexdigest()
