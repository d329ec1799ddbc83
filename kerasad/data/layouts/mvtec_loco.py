"""MVTec LOCO AD: a folder of masks for each image."""

from kerasad.data.layouts.masks import MaskFolders
from kerasad.data.layouts.splits import Splits

TITLE = "MVTec LOCO: train/good, test/<defect>, ground_truth/<defect>/<image>/"


def matches(folder):
    """Masks are folders, one an image: several defects each."""
    names = {path.with_suffix("") for path in folder.glob("test/*/*.*")}
    return any(
        folder / "test" / path.relative_to(folder / "ground_truth") in names
        for path in folder.glob("ground_truth/*/*")
        if path.is_dir()
    )


def read(folder):
    """The `Category` in a folder of MVTec LOCO, a folder of masks an image."""
    splits = Splits(folder)
    splits.add_good()
    splits.add_test(folder / "test", MaskFolders(folder / "ground_truth"))
    return splits.category(TITLE)
