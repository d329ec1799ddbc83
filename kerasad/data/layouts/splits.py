"""Gathers the splits of a category: what all layouts have in common."""

from pathlib import Path

from kerasad.data.category import GOOD, Category, Sample
from kerasad.data.folders import image_files, may_be_picture, pages, stem_of
from kerasad.data.layouts.labels import without_labels
from kerasad.data.layouts.masks import refuse_shared
from kerasad.errors import InputError


class Splits:
    """The splits of a category, with what is wrong with each.

    What a split lacks is kept as its problem, not raised: a detector can be
    trained on a folder whose masks are a mess.

    Args:
        root: the folder of the category.
        good: name of the folders of good images.
    """

    def __init__(self, root, good=GOOD):
        self.root = Path(root)
        self.good = good
        self.train, self.validation, self.test = [], [], []
        self.remarks, self.problems = [], {}

    def category(self, layout) -> Category:
        """What was gathered, as a `Category` named like its folder."""
        return Category(
            self.root.resolve().name,
            self.root,
            layout,
            self.train,
            self.validation,
            self.test,
            self.remarks,
            self.problems,
        )

    def remark(self, paths, noun, what):
        """Keeps a sentence on `paths` for the user, if there are any."""
        if paths:
            s, are = ("", "is") if len(paths) == 1 else ("s", "are")
            shown = paths[0].relative_to(self.root).as_posix()
            self.remarks.append(
                f"{len(paths)} {noun}{s} {are} {what}, such as {shown}"
            )

    def photos(self, folder) -> list[Path]:
        """The images in and below a folder; what is left out is remarked."""
        left_out = []
        photos, labels = without_labels(image_files(folder, left_out))
        left_out = [path for path in left_out if may_be_picture(path)]
        self.remark(left_out, "file", "of no known format and left out")
        self.remark(labels, "label image", "left out")
        return photos

    def good_ones(self, folder, split) -> list[Sample]:
        """Every page of every image in a folder, as good ones."""
        return [
            Sample(path, GOOD, 0, split, (), page)
            for path in self.photos(folder)
            for page in pages(path)
        ]

    def add_good(self):
        """`train/<good>`, and `validation/<good>` if it is there."""
        train = self.root / "train" / self.good
        if train.is_dir():
            self.train = self.good_ones(train, "train")
            if not self.train:
                self.problems["train"] = (
                    f"{train}: no images; expected a folder of good images, "
                    f"or a category with train/{self.good}"
                )
        else:
            self.problems["train"] = (
                f"{self.root}: must hold train/{self.good} with normal images; "
                f"train/{self.good} is missing"
            )
        validation = self.root / "validation" / self.good
        if validation.is_dir():
            self.validation = self.good_ones(validation, "validation")

    def add_test(self, test, masks, skip=()):
        """`test/<good>`, then each other folder of it as a kind of defect.

        Args:
            test: the folder.
            masks: `kerasad.data.layouts.masks.Masks`.
            skip: names of folders in `test` without photos.
        """
        if not test.is_dir():
            return
        try:
            self.test = self._test(test, masks, skip)
        except InputError as error:
            self.problems["test"] = str(error)
        else:
            self.remark(masks.unused(), "mask", "without a test image")

    def _test(self, test, masks, skip):
        for path in sorted(test.iterdir()):
            if path.is_symlink() and not path.exists():
                raise InputError(
                    f"{path}: a broken link; remove it, or mend what it "
                    "points to"
                )
        folders = [
            path
            for path in test.iterdir()
            if path.is_dir() and path.name[0] != "." and path.name not in skip
        ]
        samples = []
        for folder in sorted(
            folders, key=lambda path: (path.name != self.good, path.name)
        ):
            if folder.name == self.good:
                samples += self.good_ones(folder, "test")
                continue
            for path in self.photos(folder):
                found = masks(folder.name, stem_of(path, folder))
                samples += self.defective(path, folder, found)
        if not samples:
            raise InputError(
                f"{test}: no images; expected test/{self.good}/*.png and "
                "test/<defect>/*.png"
            )
        refuse_shared(samples)
        return samples

    def defective(self, path, folder, masks):
        """The pages of a defective image; one with masks has one page."""
        if masks == ():
            stem = stem_of(path, folder)
            raise InputError(
                f"{path}: its mask is missing; expected "
                f"ground_truth/{folder.name}/{stem}_mask.png"
            )
        numbers = pages(path)
        if masks and len(numbers) > 1:
            raise InputError(
                f"{path}: has {len(numbers)} pages and one mask; save each "
                "page as a file of its own, with its mask"
            )
        return [
            Sample(path, folder.name, 1, "test", masks, number)
            for number in numbers
        ]
