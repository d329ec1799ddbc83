"""BTAD: good images are called ok, the others ko; masks of any format."""

from kerasad.data.layouts.masks import Masks
from kerasad.data.layouts.splits import Splits

TITLE = "BTAD: train/ok, test/ok, test/ko, ground_truth/ko"


def matches(folder):
    """Whether its good images lie in a folder as BTAD names it."""
    return good_name(folder) is not None


def read(folder):
    """The `Category` in a folder of BTAD."""
    splits = Splits(folder, good_name(folder) or "ok")
    splits.add_good()
    splits.add_test(folder / "test", Masks(folder / "ground_truth"))
    return splits.category(TITLE)


def good_name(folder):
    """`ok` as it is spelt in this folder."""
    for split in ("train", "test"):
        for path in sorted(folder.glob(f"{split}/*/")):
            if path.name.lower() == "ok":
                return path.name
    return None
