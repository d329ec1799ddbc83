"""The settings of a run: a frozen dataclass, read from flat YAML."""

import dataclasses
import difflib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kerasad.errors import InputError

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
    "augmentation": ("none", "rotation", "augmentation-1", "augmentation-2"),
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
            "patch": 0.45,
            "scratch": 0.14,
            "deform": 0.12,
            "colour": 0.10,
            "texture": 0.08,
            "blur": 0.06,
            "erase": 0.05,
        }
    )
    foreground: bool = True  # patches where an object lies on a plain ground
    clean_share: float = 0.35
    patches: tuple[int, ...] = (1, 2)
    patch_size: tuple[float, ...] = (0.02, 0.35)  # of the image's side
    opacity: tuple[float, ...] = (0.3, 1.0)
    augmentation: str = "none"
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
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    clipnorm: float = 1.0  # of each gradient; 0 for none
    schedule: str = "cosine"
    warmup: int = 3  # epochs of a linear rise before the cosine
    patience: int = 5
    rate: float = 0.5
    epochs: int = 60
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
                    f"Received: {getattr(self, key)!r}"
                )
        self.check_ranges()

    def check_ranges(self):
        for key in ("epochs", "batch_size", "accumulation", "blocks", "stem",
                    "latent", "base_filters", "depth"):  # fmt: skip
            require(getattr(self, key) >= 1, key, "at least 1", self)
        for key in ("clean_share", "mask_weight", "alpha", "rate"):
            require(0.0 <= getattr(self, key) <= 1.0, key, "in [0, 1]", self)
        require(
            0.0 < self.validation_share < 1.0,
            "validation_share",
            "between 0 and 1: the threshold needs held-out normal images",
            self,
        )
        require(
            0.0 < self.top_fraction <= 1.0, "top_fraction", "in (0, 1]", self
        )
        require(
            self.fpr is None or 0.0 < self.fpr < 1.0,
            "fpr",
            "between 0 and 1",
            self,
        )
        require(self.folds >= 2, "folds", "at least 2", self)
        require(self.sigma >= 0.0, "sigma", "at least 0 pixels", self)
        require(self.learning_rate > 0.0, "learning_rate", "positive", self)
        require(self.seed >= 0, "seed", "at least 0", self)
        step = self.stem * 2 ** (len(self.filters) - 1)
        if self.model == "ssae":
            require(
                self.image_size >= step and self.image_size % step == 0,
                "image_size",
                f"a multiple of {step}, which is stem * 2^(levels - 1)",
                self,
            )
        if self.model == "model_one":
            step = 2**self.depth
            require(
                self.image_size >= step and self.image_size % step == 0,
                "image_size",
                f"a multiple of {step}, which is 2^depth",
                self,
            )
            require(self.arch in range(4), "arch", "0, 1, 2 or 3", self)
            require(not self.head, "head", "false: Model I has none", self)
        require(
            self.loss == "masked" or not self.head,
            "loss",
            "masked where the network has a head, which learns from the masks",
            self,
        )
        require(
            0 <= self.crop <= self.image_size
            and (not self.crop or self.model == "ssae")
            and self.crop % step == 0,
            "crop",
            f"0, or a multiple of {step} up to image_size, for model ssae",
            self,
        )
        require(
            not self.context or self.model == "ssae",
            "context",
            "false: Model I takes the image alone",
            self,
        )
        if self.anomaly_map in ("segmentation", "fused"):
            require(
                self.head and self.model == "ssae",
                "anomaly_map",
                "squared-error, gradient or mse-ssim where the network has "
                "no head",
                self,
            )

    def replace(self, **changes) -> "Config":
        return from_mapping({**dataclasses.asdict(self), **changes})


def require(holds, key, expected, config):
    if not holds:
        raise InputError(
            f"config key {key!r} must be {expected}. "
            f"Received: {getattr(config, key)!r}"
        )


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
    if kind is float and type(value) in (int, float):
        return float(value)
    if kind is float and isinstance(value, str):
        try:
            return float(value)  # YAML 1.1 reads 1e-4 as text
        except ValueError:
            pass
    if isinstance(kind, type) and type(value) is kind:
        return value
    expected = {int: "a whole number", float: "a number", str: "text"}.get(
        kind, "true or false" if kind is bool else str(kind)
    )
    raise InputError(
        f"config key {key!r} must be {expected}. Received: {value!r}"
    )


def from_mapping(settings: dict) -> Config:
    """A config from flat keys; an unknown key names the nearest known one."""
    known = [spec.name for spec in dataclasses.fields(Config)]
    for key in settings:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(f"unknown config key {key!r}{hint}")
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
    values = parse_yaml(path)
    values.setdefault("name", path.stem)
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise InputError(
                f"--set takes KEY=VALUE, such as epochs=10. "
                f"Received: {setting!r}"
            )
        try:
            values[key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(
                f"--set {key}: {text!r} is not a YAML value"
            ) from error
    return from_mapping(values)


def parse_yaml(path) -> dict:
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a readable YAML file: {reason}") from (
            error
        )
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise InputError(f"{path}: must hold flat `key: value` lines")
    return values


def to_yaml(config: Config) -> str:
    settings = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(config).items()
    }
    return yaml.safe_dump(settings, sort_keys=False, default_flow_style=None)
