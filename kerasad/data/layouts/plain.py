"""A folder of good images, or of folders of them, such as one a lot."""

from kerasad.data.layouts.good_and_bad import BAD_NAMES
from kerasad.data.layouts.splits import Splits

TITLE = "a plain folder of good images"
# Below these lie images that nobody should train on.
OTHERS = {"test", "ground_truth", "masks", "mask", *BAD_NAMES}


def matches(folder):
    """Anything is, once no other layout matches."""
    return True


def read(folder):
    """The `Category` of a folder of good images alone."""
    splits = Splits(folder)
    splits.train = splits.good_ones(folder, "train")
    for sample in splits.train:
        parts = sample.path.relative_to(folder).parts[:-1]
        if found := OTHERS.intersection(part.lower() for part in parts):
            splits.train = []
            splits.problems["train"] = (
                f"{folder}: holds a folder {sorted(found)[0]!r} further down, "
                f"as {sample.path.relative_to(folder).as_posix()} shows; give "
                "one category of it, or a folder of good images alone"
            )
            break
    if not splits.train:
        splits.problems.setdefault(
            "train",
            f"{folder}: no images; expected a folder of good images, or a "
            "category with train/good",
        )
    return splits.category(TITLE)
