"""Which categories there are, by name."""

import json
from pathlib import Path

from kerasad.errors import InputError
from kerasad.files import write_text

PARTS = "parts.json"  # in the folder of the runs


def read_parts(source) -> dict[str, Path]:
    """Folders of categories by name, in order.

    Args:
        source: a folder of such folders, or a YAML file `name: folder`, whose
            relative folders are beside it.

    Raises:
        InputError: there are none, or a name is no name of a folder.
    """
    source = Path(source)
    if source.is_dir():
        found = {
            path.name: path
            for path in sorted(source.iterdir())
            if path.is_dir() and path.name[0] != "."
        }
        if not found:
            raise InputError(
                f"{source}: holds no folders; expected one a category"
            )
        return found
    from kerasad.recipes import read_yaml

    found = {}
    for name, folder in read_yaml(source).items():
        name = str(name)
        if not name or name[0] == "." or set(name) & set("/\\\0"):
            raise InputError(
                f"{source}: {name!r} is no name of a category; it becomes the "
                "name of a folder"
            )
        if not isinstance(folder, str):
            raise InputError(
                f"{source}: key {name!r} must be a folder. "
                f"Received: {str(folder)[:60]!r}"
            )
        found[name] = source.parent / folder
        if not found[name].is_dir():
            raise InputError(f"{source}: key {name!r}: no folder {folder}")
    return found


def remember_parts(runs, parts):
    """For `evaluate-many`, which is given the folder of the runs alone."""
    absolute = {name: str(path.absolute()) for name, path in parts.items()}
    write_text(Path(runs) / PARTS, json.dumps(absolute, indent=1) + "\n")


def remembered_parts(runs) -> dict[str, Path]:
    """
    Raises:
        InputError: `train-many` wrote nothing there.
    """
    path = Path(runs) / PARTS
    try:
        return {
            name: Path(folder)
            for name, folder in json.loads(path.read_text()).items()
        }
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(
            f"{runs}: holds no runs of `kerasad train-many` ({PARTS} is "
            "missing or damaged); give its --out"
        ) from error
