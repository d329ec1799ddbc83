"""The layouts of folders that can be read: one module each.

A layout is a module, named in `LAYOUT_NAMES`, with a `TITLE`, a sentence on
what it looks for, `matches(folder)` and `read(folder)`, which gives a
`Category`.
"""

import importlib
from pathlib import Path

from kerasad.data.category import Category
from kerasad.data.layout_names import LAYOUT_NAMES
from kerasad.data.plausibility import narrow_range
from kerasad.errors import InputError

LAYOUTS = {
    name: importlib.import_module(f"kerasad.data.layouts.{name}")
    for name in LAYOUT_NAMES
}


def open_category(folder, layout: str | None = None) -> Category:
    """The images of a folder by split and label.

    Args:
        folder: path; a `Category` comes back as it is.
        layout: a key of `LAYOUTS`, to have no other tried.

    Raises:
        InputError: there is no such folder, or two layouts fit.
    """
    if isinstance(folder, Category):
        return folder
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; expected a category in MVTec layout "
            "or a folder of good images"
        )
    if layout is not None and layout not in LAYOUTS:
        raise InputError(
            f"No layout is called {layout!r}; there are {', '.join(LAYOUTS)}"
        )
    found = [layout] if layout else matching(folder)
    if len(found) > 1:
        titles = "; ".join(LAYOUTS[name].TITLE for name in found)
        raise InputError(
            f"{folder}: could be read in {len(found)} ways: {titles}. Remove "
            f"what does not belong, or name one: --layout {' or '.join(found)}"
        )
    category = LAYOUTS[found[0]].read(folder)
    category.remarks.extend(narrow_range(category.train))
    if found == ["plain"] and not category.train:
        looked_for = "; ".join(module.TITLE for module in LAYOUTS.values())
        category.problems["train"] = (
            f"{category.problems['train']}. Looked for {looked_for}"
        )
    return category


def matching(folder) -> list[str]:
    """Names of the layouts that a folder may be of; never none."""
    *special, general, last = LAYOUT_NAMES
    found = [name for name in special if LAYOUTS[name].matches(folder)]
    return found or [general if LAYOUTS[general].matches(folder) else last]
