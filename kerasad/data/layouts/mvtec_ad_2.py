"""MVTec AD 2: the public test split, with its masks inside it."""

from kerasad.data.layouts.masks import Masks
from kerasad.data.layouts.splits import Splits

TITLE = "MVTec AD 2: train/good, test_public, test_public/ground_truth"


def matches(folder):
    return (folder / "test_public").is_dir()


def read(folder):
    splits = Splits(folder)
    splits.add_good()
    test = folder / "test_public"
    masks = Masks(test / "ground_truth")
    splits.add_test(test, masks, skip=("ground_truth",))
    return splits.category(TITLE)
