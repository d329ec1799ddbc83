"""The settings of a run: a frozen dataclass, read from flat YAML."""

import dataclasses
import difflib
import math
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kerasad.config_rules import check_rules, shown
from kerasad.errors import InputError

DEEPEST = 5  # of lists and mappings in a config; the loader recurses
CHOICES = {
    "model": ("ssae", "model_one"),
    "loss": ("masked", "mse", "mse_ssim"),
    "optimizer": ("adam", "adamw", "muon", "sgd"),
    "schedule": ("constant", "plateau", "cosine"),
    "precision": ("auto", "float32", "mixed_bfloat16"),
    "anomaly_map": (
        "squared-error",
        "mse-ssim",
        "gradient",
        "segmentation",
        "memory",
        "fused",
    ),
    "score": ("mean", "max", "top-fraction"),
    "calibration": ("split", "cross"),
    "threshold": ("n-sigma", "fpr", "iqr", "mad", "conformal", "evt"),
    "augmentation": (
        "none",
        "rotation",
        "augmentation-1",
        "augmentation-2",
        "wide",
    ),
}

EXPECTED = {
    int: "a whole number",
    float: "a finite number",
    str: "text",
    bool: "true or false",
    tuple: "a list of numbers",
    dict: "names with numbers, such as {patch: 1, blur: 0.5}",
}


@dataclass(frozen=True)
class Config:
    """Everything that decides a training run, in flat keys.

    The defaults are the recipe called `default`. Sizes are in pixels, shares
    and rates in `[0, 1]`.
    """

    name: str = "default"
    seed: int = 0

    # Network
    model: str = "ssae"
    image_size: int = 256
    stem: int = 4  # space-to-depth factor before the first convolution
    filters: tuple[int, ...] = (64, 96, 128)
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    blocks: int = 2  # at the lowest level
    sdc_from: int = 1  # first level with SDC blocks
    context: bool = True  # channels of kerasad.layers.Context
    head: bool = True  # discriminative head: image, reconstruction -> mask
    arch: int = 3  # Model I only: architecture 1, 2 or 3; 0 is the baseline
    latent: int = 128  # Model I only: length of the vector, arch 0 and 3
    base_filters: int = 64  # Model I only: filters of the stem convolution
    depth: int = 6  # Model I only: residual blocks that halve the sides

    # Corruption
    corruption: dict[str, float] = field(
        default_factory=lambda: {
            "patch": 0.25,
            "seamless": 0.25,
            "scratch": 0.14,
            "deform": 0.10,
            "colour": 0.10,
            "texture": 0.06,
            "blur": 0.05,
            "erase": 0.05,
        }
    )
    foreground: bool = True  # patches where an object lies on a plain ground
    clean_share: float = 0.35
    patches: tuple[int, ...] = (1, 2)
    patch_size: tuple[float, ...] = (0.02, 0.35)  # of the image's side
    opacity: tuple[float, ...] = (0.3, 1.0)
    augmentation: str = "none"
    augment_last: bool = False  # after the corruption, on image and target
    rotation: float = 0.0  # degrees either way
    jitter: int = 5  # pixels that an image moves by, at most
    light: float = 0.04  # by which its gains vary
    crop: int = 128  # side of the windows trained on; 0 for whole images

    # Training
    loss: str = "masked"  # the others train without corruption
    mask_weight: float = 0.9  # lambda of equation 4
    mask_floor: float = 64.0  # pixels a corrupted region counts as, at least
    alpha: float = 0.2  # of equation 1, Model I
    reconstruction_weight: float = 5.0  # of the two losses, with a head
    head_weight: float = 4.0
    optimizer: str = "muon"
    learning_rate: float = 1e-3
    weight_decay: float = 0.3  # with 0.01 a long run with Muon diverges
    clipnorm: float = 1.0  # of each gradient; 0 for none
    schedule: str = "cosine"
    warmup: int = 3  # epochs of a linear rise before the cosine
    patience: int = 5
    rate: float = 0.5
    epochs: int = 160
    batch_size: int = 16
    accumulation: int = 1
    validation_share: float = 0.1
    precision: str = "auto"

    # Scoring
    anomaly_map: str = "fused"
    sigma: float = 4.0  # of the Gaussian filter on the map
    normalise: bool = True  # the map per pixel by its spread on normals
    memory_images: int = 200  # in the patch memories
    score: str = "top-fraction"
    top_fraction: float = 0.005
    calibration: str = "split"  # see kerasad.calibration for "cross"
    folds: int = 5  # of cross calibration
    threshold: str = "conformal"
    k: float | None = None  # n-sigma, iqr, mad; None is the method's own
    fpr: float | None = None  # fpr, conformal, evt; likewise

    def __post_init__(self):
        for spec in dataclasses.fields(self):
            value = check_type(spec.name, getattr(self, spec.name), spec.type)
            object.__setattr__(self, spec.name, value)
        for key, allowed in CHOICES.items():
            if getattr(self, key) not in allowed:
                raise InputError(
                    f"config key {key!r} must be one of {', '.join(allowed)}. "
                    f"Received: {shown(getattr(self, key))}"
                )
        check_rules(self)

    def replace(self, **changes) -> "Config":
        return from_mapping({**dataclasses.asdict(self), **changes})


def check_type(key, value, kind):
    """`value` as `kind`; numbers of the wrong sort are refused."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:  # float | None
        return None if value is None else check_type(key, value, args[0])
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(check_type(key, item, args[0]) for item in value)
    if origin is dict and isinstance(value, dict):
        return {
            check_type(key, k, args[0]): check_type(key, v, args[1])
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
        f"config key {key!r} must be {EXPECTED[origin or kind]}. "
        f"Received: {shown(value)}"
    )


def from_mapping(settings: dict) -> Config:
    """A config from flat keys; an unknown key names the nearest known one."""
    known = [spec.name for spec in dataclasses.fields(Config)]
    for key in settings:
        if key not in known:
            word = str(key)[:60]
            near = difflib.get_close_matches(word, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(f"unknown config key {shown(key)}{hint}")
    return Config(**settings)


def config_folder() -> Path:
    """Where the recipes lie: inside the wheel, or beside it in a checkout."""
    here = Path(__file__).parent
    packaged = here / "configs"
    return packaged if packaged.is_dir() else here.parent / "configs"


def names() -> list[str]:
    return sorted(path.stem for path in config_folder().glob("*.yaml"))


def load_config(source: str, settings=()) -> Config:
    """A recipe by name or file, with `KEY=VALUE` texts on top.

    Raises:
        InputError: no such recipe, unreadable YAML, or a key or value that
            `Config` refuses.
    """
    path = config_folder() / f"{source}.yaml"
    if not path.is_file():
        path = Path(source)
        if not path.is_file():
            near = difflib.get_close_matches(source, names(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"config {source!r} is neither a recipe ({', '.join(names())})"
                f" nor a file{hint}"
            )
    values = read_yaml(path)
    values.setdefault("name", path.stem)
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise InputError(
                f"--set takes KEY=VALUE, such as epochs=10. "
                f"Received: {setting!r}"
            )
        values[key] = parse_yaml(text, f"--set {key}")
    return from_mapping(values)


def read_yaml(path) -> dict:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable YAML: {error}") from error
    values = parse_yaml(text, path)
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise InputError(f"{path}: must hold flat `key: value` lines")
    return values


def parse_yaml(text, source):
    """The value that a text of YAML stands for; `source` is for the user."""
    try:
        check_events(text, source)
        return yaml.safe_load(text)
    except InputError:
        raise
    except (yaml.YAMLError, ValueError) as error:  # such as the 45th of May
        reason = " ".join(str(error).split())
        reason = reason.replace('in "<unicode string>", ', "at ")
        raise InputError(f"{source}: not readable YAML: {reason}") from error


def check_events(text, source):
    """Refuses what YAML would take: repeated keys, aliases, deep nesting.

    A few lines of aliases can stand for billions of values.
    """
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(
                f"{source}: lists in lists in lists; a config is "
                "flat `key: value` lines"
            )
        if isinstance(event, yaml.AliasEvent):
            raise InputError(
                f"{source}: the alias *{event.anchor} is not allowed; write "
                "out what it stands for"
            )
    node = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, _ in node.value:
        if str(key.value) in seen:
            raise InputError(
                f"{source}: config key {key.value!r} is given twice"
            )
        seen.add(str(key.value))


def to_yaml(config: Config) -> str:
    settings = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(config).items()
    }
    return yaml.safe_dump(settings, sort_keys=False, default_flow_style=None)
