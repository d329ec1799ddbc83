"""The layouts of folders that can be read: one module each.

A layout is a module with a `TITLE`, a sentence on what it looks for,
`matches(folder)` and `read(folder)`, which gives a `Category`.
"""

from pathlib import Path

from kerasad.data.category import Category
from kerasad.data.layouts import (
    btad,
    good_and_bad,
    kolektor_sdd2,
    mvtec_ad,
    mvtec_ad_2,
    mvtec_loco,
    plain,
    visa,
)
from kerasad.data.plausibility import narrow_range
from kerasad.errors import InputError

SPECIAL = (mvtec_ad_2, mvtec_loco, btad, visa, kolektor_sdd2, good_and_bad)
# The more special first: the last two take what no other one knows.
LAYOUTS = {
    module.__name__.rpartition(".")[2]: module
    for module in (*SPECIAL, mvtec_ad, plain)
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
            f"what does not belong, or name the layout: {' or '.join(found)}"
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
    special = [name for name, each in LAYOUTS.items() if each in SPECIAL]
    found = [name for name in special if LAYOUTS[name].matches(folder)]
    general = "mvtec_ad" if mvtec_ad.matches(folder) else "plain"
    return found or [general]
