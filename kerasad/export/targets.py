"""Artefacts that are whole or not there."""

import contextlib
from pathlib import Path

from kerasad.errors import InputError
from kerasad.export.format import Format
from kerasad.files import beside, writing

# What a SavedModel may hold; a folder with anything else is not ours.
SAVED_MODEL = {"saved_model.pb", "fingerprint.pb", "variables", "assets",
               "assets.extra"}  # fmt: skip
BLOCK = 1 << 20  # bytes


def check_target(path, format: Format) -> Path:
    """The path, if an artefact of `format` may be written there.

    Raises:
        InputError: wrong suffix, or something else is there already.
    """
    path = Path(path)
    suffix = format.suffix
    if suffix:
        if path.suffix.lower() != suffix:
            raise InputError(
                f"{path}: format {format.name} is a file that ends in "
                f"{suffix}; use {path.with_suffix(suffix)}"
            )
        if path.is_dir():
            raise InputError(f"{path}: is a folder; choose another name")
        return path
    if path.is_dir():
        names = {entry.name for entry in path.iterdir()}
        previous = "saved_model.pb" in names and names <= SAVED_MODEL
        if names and not previous:
            raise InputError(
                f"{path}: holds other things than a SavedModel; choose a new "
                "or empty folder"
            )
    elif path.exists():
        raise InputError(
            f"{path}: is a file; format {format.name} is a folder, choose a "
            "new or empty one"
        )
    return path


@contextlib.contextmanager
def replacing_artefact(target: Path):
    """A folder beside `target` to write `model*` in, renamed in the end.

    Whoever reads `target` finds the old artefact or the new one, or for a
    moment none where it is more than one file; never half of one.
    """
    target = target.absolute()
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with beside(target, folder=True) as folder:
        yield folder
        move(folder, target)


def reserve(folder: Path, size: int):
    """Fails if `size` bytes find no room in `folder`.

    PyTorch's writer ends the process where the disk is full.
    """
    probe = folder / "room"
    with open(probe, "wb") as file:
        for _ in range(-(-size // BLOCK)):
            file.write(bytes(BLOCK))
    probe.unlink()


def move(folder: Path, target: Path):
    """Puts what was written into a folder in the place it is to have."""
    artefact = folder / f"model{target.suffix}"
    if (folder / "model").is_dir():
        artefact = folder / "model"
        if target.exists():
            target.rename(folder / "previous")
    weights = folder / "model.bin"
    if weights.exists():  # OpenVINO: never a graph beside another's weights
        target.unlink(missing_ok=True)
        weights.replace(target.with_suffix(".bin"))
    artefact.replace(target)
