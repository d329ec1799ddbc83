"""KolektorSDD2: photos and their labels side by side, good or not."""

from kerasad.data.category import GOOD, Sample
from kerasad.data.folders import image_files
from kerasad.data.images import read_mask
from kerasad.data.layouts.masks import refuse_shared
from kerasad.data.layouts.splits import Splits
from kerasad.errors import InputError

TITLE = "KolektorSDD2: train and test with <image>.png and <image>_GT.png"
DEFECT = "defect"


def matches(folder):
    """Whether masks lie beside the images, as in KolektorSDD2."""
    return any(folder.glob("train/*_GT.*")) or any(folder.glob("test/*_GT.*"))


def read(folder):
    """Labels lie beside the photos; defective ones are not trained on."""
    splits, labels = Splits(folder), []
    for split in ("train", "test"):
        try:
            setattr(splits, split, labelled(folder / split, split, labels))
        except InputError as error:
            splits.problems[split] = str(error)
    bad = [sample.path for sample in splits.train if sample.label]
    splits.remark(bad, "training image", "defective and not trained on")
    splits.train[:] = [each for each in splits.train if not each.label]
    if not splits.train:
        splits.problems.setdefault("train", f"{folder}/train: no good images")
    return splits.category(
        f"{TITLE}; the {len(labels)} images *_GT are read as labels, not as "
        "photos"
    )


def labelled(folder, split, found):
    """The photos of a folder, good ones first: those whose label is blank.

    The labels are added to the list `found`.
    """
    files = image_files(folder) if folder.is_dir() else []
    labels = {
        path.with_name(path.stem.removesuffix("_GT")): path
        for path in files
        if path.stem.endswith("_GT")
    }
    samples = []
    for path in files:
        if path in labels.values():
            continue
        label = labels.get(path.with_suffix(""))
        if label is None:
            raise InputError(
                f"{path}: its label is missing; expected {path.stem}_GT.png "
                "beside it"
            )
        if read_mask(label).any():
            samples.append(Sample(path, DEFECT, 1, split, (label,)))
        else:
            samples.append(Sample(path, GOOD, 0, split))
    refuse_shared(samples)
    found += labels.values()
    return sorted(samples, key=lambda sample: sample.label)
