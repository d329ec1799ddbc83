"""MVTec AD; also MPDD, and VisA as converted by others."""

from kerasad.data.layouts.masks import Masks
from kerasad.data.layouts.splits import Splits

TITLE = "MVTec AD: train/good, test/<defect>, ground_truth/<defect>"


def matches(folder):
    return (folder / "train").is_dir() or (folder / "test").is_dir()


def read(folder):
    splits = Splits(folder)
    splits.add_good()
    splits.add_test(folder / "test", Masks(folder / "ground_truth"))
    return splits.category(TITLE)
