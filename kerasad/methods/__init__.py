"""How a detector turns images into anomaly maps: one method, one file.

`method: NAME` in a config stands for the only `Method` of the module
`kerasad.methods.NAME`, or of a module of that name that a person imported.
"""

import importlib
import pkgutil

from kerasad.errors import InputError


def names() -> list[str]:
    """The methods that kerasad brings."""
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(set(found) - {"method"})


def find_method(name: str):
    """The class of a method by its name in a config.

    Raises:
        InputError: there is none of that name.
    """
    if name in names():
        importlib.import_module(f"kerasad.methods.{name}")
    from kerasad.methods.method import Method

    found = [
        kind
        for kind in descendants(Method)
        if kind.__module__.rpartition(".")[-1] == name
    ]
    if found:
        return found[-1]  # as she last imported it
    raise InputError(
        f"config key 'method' must be one of {', '.join(names())}, or the "
        "name of a module of yours that --import brought. Received: "
        f"{str(name)[:60]!r}"
    )


def descendants(kind):
    """All subclasses that have been imported, however far down."""
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)
