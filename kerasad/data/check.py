"""Reads all of a category and says what is there, and what is odd."""

from kerasad.data.category import read_sample
from kerasad.data.flaws import content, is_binary, leaked, remarks
from kerasad.data.images import read_mask
from kerasad.data.plausibility import is_inverted, oddity


def check(category, progress=None):
    """Counts the images of a category by split, defect and size.

    Args:
        category: `kerasad.data.category.Category`.
        progress: callable `(images done, images in all)`.

    Returns:
        A dict from `(split/defect, width, height)` to a number of images,
        and sentences on what makes little sense.

    Raises:
        InputError: a split cannot be used, or a file not be read.
    """
    samples = category.samples("train") + category.validation
    test = []
    if category.test or "test" in category.problems:
        test = category.samples("test")
    samples = samples + test
    counts, odd = {}, {}
    for done, sample in enumerate(samples, start=1):
        image, _ = read_sample(sample)
        height, width = image.shape[:2]
        group = f"{sample.split}/{sample.defect}"
        key = (group, width, height)
        counts[key] = counts.get(key, 0) + 1
        if found := oddity(image):
            odd.setdefault((group, f"is {found}"), []).append(sample.path)
        for path in sample.mask_paths or ():
            if not is_binary(path):
                odd.setdefault(GREY, []).append(path)
            if is_inverted(read_mask(path)):
                odd.setdefault(INVERTED, []).append(path)
        if sample.mask_paths is None:
            odd.setdefault((group, UNKNOWN), []).append(sample.path)
        if progress is not None:
            progress(done, len(samples))
    for sample in repeated(samples):
        group = f"{sample.split}/{sample.defect}"
        odd.setdefault((group, REPEATED), []).append(sample.path)
    sentences = remarks(category, test, leaked(category, test))
    for (group, what), paths in odd.items():
        shown = paths[0].relative_to(category.root).as_posix()
        sentences.append(f"{len(paths)} of {group} {what} {shown}")
    return counts, sentences


GREY = ("the masks", "have several values besides 0, each a defect, such as")
INVERTED = ("the masks", "mark most of the image; is black the defect in")
UNKNOWN = "have no mask, so only image-level metrics are defined, such as"
REPEATED = "are copies, byte for byte, of another one, such as"


def repeated(samples):
    """Samples whose file is that of an earlier one of the same group."""
    sizes = {}
    for sample in samples:
        key = (sample.split, sample.defect, sample.path.stat().st_size)
        sizes.setdefault(key, {})[sample.path] = sample
    for alike in sizes.values():
        seen = set()
        for path, sample in alike.items() if len(alike) > 1 else ():
            digest = content(path)
            if digest in seen:
                yield sample
            seen.add(digest)
