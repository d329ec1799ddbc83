"""VisA as others convert it: the folders of MVTec AD, its own files."""

from kerasad.data.images import mask_values
from kerasad.data.layouts import mvtec_ad
from kerasad.data.layouts.splits import Splits
from kerasad.errors import InputError

TITLE = (
    "VisA, converted: train/good, test/good, test/bad with .JPG photos, "
    "ground_truth/bad with masks of 1, 2, 3"
)


def matches(folder):
    """Whether it is told by both the photos and the first mask."""
    kinds = {path.name for path in folder.glob("test/*/")}
    masks = sorted(folder.glob("ground_truth/bad/*.png"))
    return (
        kinds == {"good", "bad"}
        and any(folder.glob("test/bad/*.JPG"))
        and bool(masks)
        and numbers_kinds(masks[0])
    )


def read(folder):
    """The `Category` in a folder of VisA, converted to that of MVTec AD."""
    splits = Splits(folder)
    mvtec_ad.gather(splits)
    return splits.category(TITLE)


def numbers_kinds(mask):
    """Whether its values are numbers of kinds of defect, not 255."""
    try:
        return 0 < mask_values(mask).max() < 100
    except InputError:
        return False
