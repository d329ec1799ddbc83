"""VisA as it is published: a table says which image is in which split."""

import csv

from kerasad.data.category import GOOD, Sample
from kerasad.data.layouts.masks import refuse_shared
from kerasad.data.layouts.splits import Splits
from kerasad.errors import InputError

TITLE = "VisA: Data/Images, Data/Masks and ../split_csv/1cls.csv"
COLUMNS = {"object", "split", "label", "image", "mask"}


def matches(folder):
    """Whether images lie as VisA ships them."""
    return (folder / "Data" / "Images").is_dir()


def read(folder):
    """By the table beside the folder, which names the splits."""
    # The table names images from above the folder: one way to write paths.
    splits = Splits(folder.resolve())
    try:
        samples = rows(folder)
        refuse_shared(samples)
    except InputError as error:
        splits.problems |= {"train": str(error), "test": str(error)}
        return splits.category(TITLE)
    splits.train = [x for x in samples if x.split == "train" and not x.label]
    splits.test = [x for x in samples if x.split == "test"]
    if not splits.train:
        splits.problems["train"] = f"{table_of(folder)}: no normal train rows"
    return splits.category(TITLE)


def table_of(folder):
    """Path of the table that says which image is of which split."""
    return folder.resolve().parent / "split_csv" / "1cls.csv"


def rows(folder):
    """The rows of this object in the table, normal ones first."""
    table = table_of(folder)
    if not table.is_file():
        raise InputError(
            f"{table}: no such file; expected VisA's table of splits, which "
            f"says on which images of {folder.name} to train"
        )
    samples = []
    with open(table, encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file)
        if not COLUMNS <= set(lines.fieldnames or ()):
            raise InputError(
                f"{table}: expected the columns {', '.join(sorted(COLUMNS))}. "
                f"Received: {', '.join(lines.fieldnames or ['none'])}"
            )
        for line in lines:
            if line["object"] == folder.resolve().name:
                samples.append(sample_of(line, table.parents[1], table))
    return sorted(samples, key=lambda sample: sample.label)


def sample_of(line, root, table):
    """A row of the table as a `Sample`; paths in it are below `root`."""
    if line["label"] == "normal":
        return Sample(root / line["image"], GOOD, 0, line["split"])
    if not line["mask"]:
        raise InputError(f"{table}: no mask is named for {line['image']}")
    masks = (root / line["mask"],)
    return Sample(root / line["image"], line["label"], 1, line["split"], masks)
