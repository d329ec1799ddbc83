"""Which files of a folder are images, and how many pages each has."""

import os
from pathlib import Path

from kerasad.data.decoding import SUFFIXES

# What lies beside photos and is none; any other file might be one.
NO_PICTURE = set(
    ".txt .md .json .jsonl .csv .xml .yaml .yml .log .html .ini .db".split()
)


def image_files(folder, left_out: list | None = None) -> list[Path]:
    """Image files in `folder` and below, sorted by path.

    Hidden files and folders are passed over; a broken link is not, for its
    reader to say so. Links to folders are followed, each folder once.

    Args:
        folder: path.
        left_out: list to which files that are no images by their name, and
            folders that may not be listed, are added.
    """
    left_out = [] if left_out is None else left_out
    os.listdir(folder)  # says so if the folder itself may not be listed
    found, seen = [], {os.path.realpath(folder)}
    for place, folders, names in os.walk(
        folder,
        onerror=lambda error: left_out.append(Path(error.filename)),
        followlinks=True,
    ):
        folders[:] = sorted(
            name
            for name in folders
            if name[0] != "." and is_new(os.path.join(place, name), seen)
        )
        for name in sorted(names):
            if name[0] != ".":
                is_image = name.lower().endswith(SUFFIXES)
                (found if is_image else left_out).append(Path(place, name))
    return sorted(found)


def is_new(folder, seen):
    """Whether a folder was not seen yet, under any of its names."""
    place = os.path.realpath(folder)
    if place in seen:
        return False
    seen.add(place)
    return True


def may_be_picture(path) -> bool:
    """Whether the name does not say that it is something else."""
    return path.suffix.lower() not in NO_PICTURE and path.name != "LICENSE"


def stem_of(path, folder) -> str:
    """The path below `folder` without its suffix: what a mask is named by."""
    return path.relative_to(folder).with_suffix("").as_posix()


def pages(path) -> list[int]:
    """The numbers of the pages of a TIFF, without thumbnails; else `[0]`."""
    is_tiff = Path(path).suffix.lower() in (".tif", ".tiff")
    if not is_tiff or not os.path.isfile(path):  # a pipe would be waited for
        return [0]
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            numbers = [
                number
                for number, page in enumerate(tiff.pages)
                if not page.is_reduced
            ]
    except Exception:  # tifffile raises almost anything; its reader says so
        return [0]
    return numbers or [0]
