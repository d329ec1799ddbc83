"""MVTec AD 2: the public test split, with its masks inside it."""

from kerasad.data.layouts.masks import Masks
from kerasad.data.layouts.splits import Splits

TITLE = "MVTec AD 2: train/good, test_public, test_public/ground_truth"


def matches(folder):
    """Whether there is the public test split of MVTec AD 2."""
    return (folder / "test_public").is_dir()


def read(folder):
    """The `Category` in a folder of MVTec AD 2, of its public test split."""
    splits = Splits(folder)
    splits.add_good()
    test = folder / "test_public"
    masks = Masks(test / "ground_truth")
    splits.add_test(test, masks, skip=("ground_truth",))
    return splits.category(TITLE)
