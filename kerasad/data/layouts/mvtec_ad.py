"""MVTec AD; also MPDD."""

from kerasad.data.layouts.masks import Masks
from kerasad.data.layouts.splits import Splits

TITLE = "MVTec AD: train/good, test/<defect>, ground_truth/<defect>"


def matches(folder):
    """Whether there is a `train` or a `test` as in MVTec AD."""
    return (folder / "train").is_dir() or (folder / "test").is_dir()


def read(folder):
    """The `Category` in a folder of MVTec AD."""
    splits = Splits(folder)
    gather(splits)
    return splits.category(TITLE)


def gather(splits):
    """Adds what a folder of this layout holds to its splits."""
    splits.add_good()
    truth = splits.root / "ground_truth"
    splits.add_test(splits.root / "test", Masks(truth))
