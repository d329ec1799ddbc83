"""The config of a detector: which classes it names, and how large it is."""

import math
import re

from kerasad import legacy
from kerasad.errors import InputError
from kerasad.version import __version__
from kerasad.vetting.classes import is_known

DEPTH = 100  # of nested lists and objects; kerasad's own reach 10
# Whole numbers up to this need no weights to show for them. kerasad's networks
# repeat what they are told to; Keras's list each layer.
SMALL, SMALL_LAYER = 64, 1024
NUMBERS = 64  # in a list of whole numbers
UNBOUND = ("shared_object_id", "seed")  # any number will do


def check_config(config, stored: int, trusted=frozenset()):
    """Refuses a config that Keras should not build a model from.

    Args:
        config: dict, the whole of `config.json`.
        stored: int, how many numbers the weights in the file are.
        trusted: see `kerasad.vetting.classes.is_known`.
    """
    name = config.get("class_name")
    if name != "Detector" or not isinstance(config.get("config"), dict):
        raise InputError(f"holds a {short(name)}, not a kerasad Detector")
    check_value(config, "", trusted=trusted)
    settings = config["config"]
    if legacy.is_old(config) and isinstance(settings["network"], dict):
        side = settings["network"].get("config", {}).get("image_size")
        settings = legacy.modern(settings, [side, side])
    if not isinstance(settings.get("method"), dict):
        raise InputError("holds no method")
    parts = {part: settings.get(part) for part in ("method", "image_size")}
    check_size(parts, ".config", stored)


def check_value(value, where, depth=0, finite=True, trusted=frozenset()):
    """Refuses what a config may not hold, at any depth."""
    if depth > DEPTH:
        raise InputError(f"its config.json is nested over {DEPTH} levels deep")
    if isinstance(value, dict):
        if not is_known(value, trusted):
            raise InputError(
                f"names the class {class_of(value)}{place(where)}, which a "
                "detector may not; nothing of the file was run"
            )
        if value.get("compile_config"):
            raise InputError(f"holds settings of a training{place(where)}")
        for key, item in value.items():
            # Where it came from is only shown; a NaN there does no harm.
            number = finite and (depth, key) != (1, "provenance")
            inner = f"{where}.{short(key)}"
            check_value(item, inner, depth + 1, number, trusted)
    elif isinstance(value, list):
        for item in value:
            check_value(item, where, depth + 1, finite, trusted)
    elif finite and isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"holds {value}{place(where)}, not a finite number")


def class_of(value) -> str:
    """The class that a serialised object names, as one may show it."""
    name = f"{short(value.get('module'))}.{short(value.get('class_name'))}"
    registered = value.get("registered_name")
    return name if registered is None else f"{name} ({short(registered)})"


def place(where) -> str:
    """Where in the config, for a message."""
    return f" at {where[1:]} of its config" if where else ""


def check_size(value, where, stored, ours=True):
    """Refuses numbers that would make Keras build what the file lacks.

    A layer of `n` channels has about `n * n` weights, an image of side `n` as
    many statistics of its map, a memory a feature for each image and place.
    """
    if isinstance(value, dict):
        if isinstance(value.get("module"), str):
            ours = not value["module"].startswith("keras.") and (
                value["module"] != "keras"
            )
        check_memory(
            value.get("memory_images"), value.get("image_size"), where, stored
        )
        for key, item in value.items():
            if has_sides(key, item):
                check_sides(item, f"{where}.{short(key)}", stored)
            elif key not in UNBOUND:
                check_size(item, f"{where}.{short(key)}", stored, ours)
    elif isinstance(value, list):
        if len(value) > NUMBERS and all(type(item) is int for item in value):
            raise InputError(
                f"holds {len(value)} numbers{place(where)}, more than the "
                f"{NUMBERS} allowed"
            )
        for item in value:
            check_size(item, where, stored, ours)
    elif type(value) is int and value > (SMALL if ours else SMALL_LAYER):
        check_number(value**2, where, stored, value)


def has_sides(key, value) -> bool:
    """Whether it is `(height, width)`, or `(None, height, width, channels)`."""
    if not isinstance(value, list):
        return False
    kinds = [type(item) for item in value]
    if key == "image_size":
        return kinds == [int] * 2
    return kinds == [type(None), *[int] * 3]


def check_sides(value, where, stored):
    """Sides as large as the weights in the file allow, or `InputError`."""
    height, width, *rest = (item for item in value if item is not None)
    if max(height, width) > SMALL:
        needed = max(height, 1) * max(width, 1)
        check_number(needed, where, stored, value)
    check_size(rest, where, stored)


def check_memory(count, sides, where, stored):
    """A memory of patches as large as the weights allow."""
    sides = sides if isinstance(sides, list) else [sides, sides]
    if type(count) is int and all(type(side) is int for side in sides):
        needed = count
        for side in sides:
            needed *= side // 4
        check_number(needed, f"{where}.memory_images", stored, count)


def check_number(needed, where, stored, shown):
    """`InputError` if more numbers are needed than are `stored`."""
    if needed > stored:
        raise InputError(
            f"holds {short(shown)}{place(where)}, too large for the {stored} "
            "weights in the file"
        )


def too_new(config) -> str | None:
    """That another kerasad wrote the file, if it is newer than this one."""
    settings = config.get("config")
    written = settings.get("kerasad") if isinstance(settings, dict) else None
    if not re.fullmatch(r"[0-9][0-9a-z.]{0,30}", str(written)):
        return None
    if release(written) <= release(__version__):
        return None
    return (
        f"was written by kerasad {written}, newer than this {__version__}; "
        "upgrade kerasad"
    )


def release(version) -> list[int]:
    """The numbers of a version, for comparing."""
    return [int(part) for part in re.findall(r"[0-9]+", version)]


def short(value) -> str:
    """As it is shown in an error, cut."""
    return str(value)[:80]
