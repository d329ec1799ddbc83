"""From image files to decisions: one dict an image, however many there are."""

import glob
import hashlib
import itertools
import os
from pathlib import Path

import numpy as np
from PIL import Image

from kerasad.data.decoding import SUFFIXES
from kerasad.data.folders import image_files, may_be_picture, pages
from kerasad.data.images import read_image
from kerasad.errors import InputError
from kerasad.lines import line_of
from kerasad.reports.figures import overlay, write_image

OVERLAY_SIDE = 1024  # pixels of the longer side, at most


def predict_files(
    detector, paths, batch_size=16, out=None, wanted=None, keep=None
):
    """Scores image files one batch at a time.

    Args:
        detector: a calibrated `kerasad.Detector`, or an exported one that
            `kerasad.runtime.load` gave.
        paths: iterable of files, such as `image_paths`; read as needed, so
            memory does not grow with their number.
        batch_size: int. Images in memory at a time.
        out: folder for overlays, the image with its anomaly map; made if
            missing. `None` for no overlays.
        wanted: callable `(path, page)` that says which are scored; `None` for
            all.
        keep: callable `(path, page, outputs, sides)` whose dict is added to
            the line, such as `kerasad.map_files.MapFiles`; `outputs` are of
            `predict`, `sides` the image's.

    Returns:
        Iterator of dicts that go through JSON, in the order of `paths`:
        `path`, `page` (of a file with several, from 0), `anomaly_score`,
        `p_value`, `is_anomalous`, `threshold`, `regions` (see
        `kerasad.lines`; `None` if the detector has no pixel threshold) and,
        with `out`, `overlay`, its path. For a file that cannot be read:
        `path` and `error`.

    Raises:
        InputError: the detector is not calibrated.

    Example:

    ```python
    for line in predict_files(detector, image_paths(["photos"])):
        print(line["path"], line["is_anomalous"])
    ```
    """
    detector.check_calibrated()
    # Pages, not files: a stack of thousands would not fit into memory.
    leaves = ((path, page) for path in paths for page in pages_of(path))
    if wanted is not None:
        leaves = (leaf for leaf in leaves if wanted(*leaf))
    while chunk := list(itertools.islice(leaves, batch_size)):
        yield from predict_batch(detector, chunk, batch_size, out, keep)


def predict_batch(detector, leaves, batch_size, out, keep):
    """A line for each of `leaves`, `(path, page)`, all scored together."""
    photos = [read_photo(*leaf, detector, out) for leaf in leaves]
    readable = [photo for photo in photos if "error" not in photo]
    if readable:
        inputs = [photo["input"] for photo in readable]
        result = detector.predict(inputs, batch_size)
        chances = detector.p_values(result["anomaly_score"])
    rows = itertools.count()
    for (path, page), photo in zip(leaves, photos, strict=True):
        line = {"path": str(path)}
        if page is not None:
            line["page"] = page
        if "error" in photo:
            yield line | {"error": photo["error"]}
            continue
        row = next(rows)
        one = {name: values[row] for name, values in result.items()}
        line |= line_of(detector, one, chances[row], photo["sides"])
        if keep is not None:
            line |= keep(path, page, one, photo["sides"])
        if out is not None:
            line["overlay"] = str(Path(out) / overlay_name(path, page))
            os.makedirs(out, exist_ok=True)
            low, high = detector.calibration["map_range"]
            shown = overlay(photo["shown"], one["anomaly_map"], low, high)
            write_image(line["overlay"], shown)
        yield line


def joined(keepers):
    """One `keep` of `predict_files` for several; `None` for none."""
    if not keepers:
        return None

    def keep(*facts):
        return {k: v for one in keepers for k, v in one(*facts).items()}

    return keep


def pages_of(path) -> list[int | None]:
    """The pages of a file that has several; else `None` alone."""
    numbers = [0] if os.path.isdir(path) else pages(path)
    return numbers if len(numbers) > 1 else [None]


def read_photo(path, page, detector, out):
    """One page at the detector's size, and its own `sides`; or an `error`."""
    if os.path.isdir(path):
        return {"error": f"{path}: no readable image files in this folder"}
    try:
        photo = Image.fromarray(read_image(path, page=page or 0))
        fitting = detector.fitting(photo, path)
    except InputError as error:
        if glob.has_magic(str(path)) and not os.path.lexists(path):
            return {"error": f"{path}: no image matches"}
        return {"error": str(error)}
    read = {
        "input": fitting,
        "sides": (photo.height, photo.width),
    }
    if out is not None:
        photo.thumbnail((OVERLAY_SIDE, OVERLAY_SIDE))
        read["shown"] = np.asarray(photo)
    return read


def overlay_name(path, page=None) -> str:
    """Unique to the file, so equal names in two folders do not collide."""
    path = os.path.abspath(path)
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    number = "" if page is None else f"-{page}"
    return f"{Path(path).stem[:50]}-{digest}{number}.png"


def image_paths(arguments, lines=None, left_out=None):
    """The image files that arguments of the command line stand for.

    Args:
        arguments: files, folders (the images in and below them, by name),
            globs (the images among what they match, by name; `**` goes down
            into folders) or `-`.
        lines: iterable of bytes, such as `sys.stdin.buffer`, that `-` stands
            for: a file or folder a line, read as needed.
        left_out: list to which files in folders, and those that globs match,
            are added that are no images by their name, but might be.

    Returns:
        Iterator of paths. What stands for no image comes as it is, for its
        reader to say so.
    """
    for argument in map(str, arguments):
        if argument == "-" and lines is not None:
            for line in lines:
                if name := os.fsdecode(line.rstrip(b"\r\n")):
                    yield from files_of(Path(name), left_out)
        elif glob.has_magic(argument) and not os.path.lexists(argument):
            matches = [Path(match) for match in sorted({*matching(argument)})]
            images = [path for path in matches if is_image(path)]
            if left_out is not None:
                left_out += [
                    path
                    for path in matches
                    if not is_image(path)
                    and not os.path.isdir(path)
                    and may_be_picture(path)
                ]
            yield from images or [Path(argument)]
        else:
            yield from files_of(Path(argument), left_out)


def matching(pattern):
    """`glob.iglob` whose `**` follows no link to a folder.

    Two links to a folder above them are 2^40 paths to it otherwise.
    """
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from glob.iglob(pattern)
        return
    place = parts.index("**")
    rest = os.path.join(*parts[place + 1 :] or ["*"])
    for root in glob.iglob(os.path.join(*parts[:place] or [os.curdir])):
        for folder, folders, _ in os.walk(root):
            folders[:] = [name for name in folders if name[0] != "."]
            if not parts[:place]:
                folder = os.path.relpath(folder)
            here = "" if folder == os.curdir else glob.escape(folder)
            yield from matching(os.path.join(here, rest))


def is_image(path):
    """Whether the suffix is of an image."""
    return path.name.lower().endswith(SUFFIXES)


def files_of(path, left_out):
    """Images in a folder, any depth, or the path itself.

    What is left out, if one asks with a list, goes there.
    """
    others = []
    try:
        found = (os.path.isdir(path) and image_files(path, others)) or [path]
    except OSError:  # a folder that may not be listed
        return [path]
    if left_out is not None:
        left_out += filter(may_be_picture, others)
    return found
