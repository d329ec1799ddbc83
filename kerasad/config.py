"""The config of a run: flat keys of the run and of its method, from YAML."""

import dataclasses
import difflib
from dataclasses import dataclass

import yaml

from kerasad.calibration.fit import METHODS as THRESHOLDS
from kerasad.calibration.fit import PARAMETERS
from kerasad.calibration.groups import check_group_by
from kerasad.errors import InputError
from kerasad.methods import find_method
from kerasad.recipes import read_recipe
from kerasad.settings import Settings, key, require, shown
from kerasad.sides import sides_of, size_of


@dataclass(frozen=True)
class Config(Settings):
    """What decides a run, whatever its method; the rest is in `settings`.

    The defaults, with those of the method, are the recipe called `default`.
    Sizes are in pixels, shares and rates in `[0, 1]`.
    """

    name: str = "default"
    seed: int = key(0, 0, 2**32 - 1)
    method: str = "fused"  # a module of kerasad.methods, or one of yours
    image_size: int | tuple[int, ...] = key(256, 8, 4096)  # or (h, w)
    validation_share: float = 0.1
    # Whether parts that lie at any angle are turned alike first; auto: where
    # good images show that they do, and that it helps
    registration: str = key("auto", choices=("none", "auto"))
    # Whether pose and light of other conditions are undone
    domain: str = key("none", choices=("none", "auto"))

    # Scoring
    sigma: float = key(4.0, 0, 4096)  # of the Gaussian filter on the map
    normalise: bool = True  # the maps per pixel by their spread on normals
    # The map shown: that of the score, or one without regard to the place
    localise: str = key("by-place", choices=("by-place", "raw"))
    score: str = "top-fraction"
    top_fraction: float = 0.005

    # Decision
    calibration: str = key("split", choices=("split", "cross"))
    folds: int = key(5, 2)  # of cross calibration
    group_by: str = "near-copies"  # what is held out whole, see --group-by
    threshold: str = key("conformal", choices=tuple(THRESHOLDS))
    k: float | None = key(None, 0)  # n-sigma, iqr, mad; None: the rule's own
    fpr: float | None = None  # fpr, conformal, evt; likewise

    settings: object = None  # the method's own

    def __post_init__(self):
        if self.settings is None:
            own = find_method(self.method).Config.from_mapping({})
            object.__setattr__(self, "settings", own)
        super().__post_init__()
        pair = len(sides_of(self.image_size)) == 2
        expected = "a whole number, or a pair [height, width]"
        require(pair, "image_size", expected, self)
        object.__setattr__(self, "image_size", size_of(self.sides))
        self.check(self)
        self.settings.check(self)

    def check(self, run):
        """Refuses values that no method could use, with `InputError`."""
        from kerasad.scoring import SCORES  # which imports Keras

        expected = f"one of {', '.join(SCORES)}"
        require(self.score in SCORES, "score", expected, self)
        check_group_by(self.group_by)
        share = self.validation_share
        require(
            0.0 < share < 1.0,
            "validation_share",
            "between 0 and 1: the threshold needs held-out normal images",
            self,
        )
        holds = 0.0 < self.top_fraction <= 1.0
        require(holds, "top_fraction", "in (0, 1]", self)
        holds = self.fpr is None or 0.0 < self.fpr < 1.0
        require(holds, "fpr", "between 0 and 1", self)
        for name in ("k", "fpr"):
            require(
                name in PARAMETERS[self.threshold]
                or getattr(self, name) is None,
                name,
                f"null with the threshold {self.threshold}, which has no "
                f"{name}",
                self,
            )
        require(
            self.name not in ("", ".", "..")
            and not set(self.name) & set("/\\"),
            "name",
            "a name for a folder, without slashes",
            self,
        )

    @property
    def sides(self) -> tuple[int, int]:
        """`(height, width)` of the images in pixels."""
        return sides_of(self.image_size)

    def flat(self) -> dict:
        """All keys and values, those of the run before the method's own."""
        run = {name: getattr(self, name) for name in RUN_KEYS}
        return run | self.settings.flat()

    def replace(self, **changes) -> "Config":
        """A config with other values; its name for `from_mapping`."""
        return from_mapping({**self.flat(), **changes})


RUN_KEYS = [spec.name for spec in dataclasses.fields(Config)][:-1]

DEFAULT_SIDES = sides_of(Config.image_size)


def from_mapping(values: dict) -> Config:
    """A config from flat keys; an unknown key names the nearest known one.

    Raises:
        InputError: neither the run nor its method has a key, or it refuses
            the value.
    """
    method = values.get("method", Config.method)
    kind = find_method(method).Config
    known = kind.keys(values)
    for name in values:
        if name not in RUN_KEYS and name not in known:
            word = str(name)[:60]
            near = difflib.get_close_matches(
                word, [*RUN_KEYS, *known], n=1, cutoff=0.4
            )
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"unknown config key {shown(name)} of method {method}{hint}"
            )
    own = {k: v for k, v in values.items() if k not in RUN_KEYS}
    run = {k: v for k, v in values.items() if k in RUN_KEYS}
    return Config(**run, settings=kind.from_mapping(own))


def load_config(source: str, settings=()) -> Config:
    """A recipe by name or file, with `KEY=VALUE` texts on top.

    Raises:
        InputError: no such recipe, unreadable YAML, or a key or value that
            `Config` or the method refuses.
    """
    return from_mapping(read_recipe(source, settings))


def to_yaml(config: Config) -> str:
    """A config as the text that `load_config` reads again."""
    values = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in config.flat().items()
    }
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=None)
