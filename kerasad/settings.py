"""Settings as frozen dataclasses whose keys say what they may be.

A run and each method own a class of them. `key` keeps what a value must be
beside the default, so that a key is declared once.
"""

import dataclasses
import math
import reprlib
import types
import typing
from dataclasses import dataclass

from kerasad.errors import InputError

EXPECTED = {
    int: "a whole number",
    float: "a finite number",
    str: "text",
    bool: "true or false",
    tuple: "a list",
    dict: "names with numbers, such as {patch: 1, blur: 0.5}",
}


def key(default, least=None, most=None, *, choices=None, pair=False):
    """A key of `Settings`.

    Args:
        default: a value; of a mapping a copy is taken.
        least, most: bounds of a number, or of each in a list. The greatest
            are far beyond any use; they keep a slip of the finger from
            filling the memory.
        choices: the values allowed.
        pair: bool. Whether a list must hold two rising numbers.
    """
    rule = {"least": least, "most": most, "choices": choices, "pair": pair}
    if isinstance(default, dict):
        return dataclasses.field(
            default_factory=lambda: dict(default), metadata=rule
        )
    return dataclasses.field(default=default, metadata=rule)


@dataclass(frozen=True)
class Settings:
    """Checked keys; `check` sees them beside those of the run.

    Raises:
        InputError: a value is of the wrong kind, or out of its bounds.
    """

    def __post_init__(self):
        for spec in dataclasses.fields(self):
            if spec.type is not object:
                value = getattr(self, spec.name)
                value = check_type(spec.name, value, spec.type)
                object.__setattr__(self, spec.name, value)
                check_bounds(self, spec)

    def check(self, run):
        """Refuses what does not go together.

        `run` is the `Config`; its `sides` are `(height, width)` in pixels.
        """

    def settled(self, images, run):
        """The settings with what they leave open decided by normal images.

        Args:
            images: uint8 `(n, H, W, 3)`, those that are learnt from.
            run: `kerasad.training.run.Run`, which is told.
        """
        return self

    def flat(self) -> dict:
        """The keys with their values, as in a YAML file."""
        return dataclasses.asdict(self)

    @classmethod
    def keys(cls, mapping) -> list[str]:
        """The legal keys, given all that were set."""
        return [spec.name for spec in dataclasses.fields(cls)]

    @classmethod
    def from_mapping(cls, mapping):
        """Settings of these keys; a subclass may fill in some of its own."""
        return cls(**mapping)


def check_type(name, value, kind):
    """`value` as `kind`; numbers of the wrong sort are refused."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:  # float | None, int | tuple[int, ...]
        if value is None and types.NoneType in args:
            return None
        listed = isinstance(value, (list, tuple))
        fitting = [arm for arm in args if listed == bool(typing.get_args(arm))]
        return check_type(name, value, fitting[0] if fitting else args[0])
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(check_type(name, item, args[0]) for item in value)
    if origin is dict and isinstance(value, dict):
        return {
            check_type(name, k, args[0]): check_type(name, v, args[1])
            for k, v in value.items()
        }
    if kind is float and type(value) in (int, float, str):
        try:
            number = float(value)  # YAML 1.1 reads 1e-4 as text
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    elif isinstance(kind, type) and type(value) is kind:
        return value
    raise InputError(
        f"config key {name!r} must be {EXPECTED.get(origin or kind, kind)}. "
        f"Received: {shown(value)}"
    )


def check_bounds(settings, spec):
    """`InputError` unless a field keeps what its `key` says."""
    rule, value = spec.metadata, getattr(settings, spec.name)
    if not rule or value is None:
        return
    choices, least, most = rule["choices"], rule["least"], rule["most"]
    if choices is not None:
        expected = f"one of {', '.join(choices)}"
        require(value in choices, spec.name, expected, settings)
    if least is None:
        return
    most = math.inf if most is None else most
    within = f"in [{least}, {most}]"
    if rule["pair"]:
        holds = len(value) == 2 and least <= value[0] <= value[1] <= most
        require(holds, spec.name, f"a rising pair {within}", settings)
    elif isinstance(value, tuple):
        holds = 0 < len(value) <= most
        holds = holds and all(least <= item <= most for item in value)
        expected = f"one or more whole numbers {within}"
        require(holds, spec.name, expected, settings)
    else:
        expected = f"at least {least}" if most == math.inf else within
        require(least <= value <= most, spec.name, expected, settings)


def require(holds, name, expected, settings):
    """`InputError`, with the value received, unless `holds`."""
    if not holds:
        raise InputError(
            f"config key {name!r} must be {expected}. "
            f"Received: {shown(getattr(settings, name))}"
        )


def shown(value) -> str:
    """`repr` of bounded length, whatever a file held."""
    short = reprlib.Repr()
    short.maxlevel, short.maxstring, short.maxother = 2, 60, 60
    short.maxtuple = short.maxlist = short.maxdict = 8
    return short.repr(value)
