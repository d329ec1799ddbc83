"""What the settings of a run must be, one by one and together."""

import reprlib

from kerasad.errors import InputError

INFINITY = float("inf")

# key -> least and greatest value. The greatest are far beyond any use; they
# keep a slip of the finger from filling the memory.
LIMITS = {
    "seed": (0, 2**32 - 1),
    "image_size": (8, 4096),
    "stem": (1, 64),
    "blocks": (1, 64),
    "sdc_from": (0, INFINITY),
    "latent": (1, 65536),
    "base_filters": (1, 4096),
    "depth": (1, 12),
    "clean_share": (0, 1),
    "rotation": (0, 180),
    "jitter": (0, INFINITY),
    "light": (0, 1),
    "mask_weight": (0, 1),
    "mask_floor": (0, INFINITY),
    "alpha": (0, 1),
    "reconstruction_weight": (0, INFINITY),
    "head_weight": (0, INFINITY),
    "weight_decay": (0, INFINITY),
    "clipnorm": (0, INFINITY),
    "warmup": (0, INFINITY),
    "patience": (1, INFINITY),
    "rate": (0, 1),
    "epochs": (1, INFINITY),
    "batch_size": (1, INFINITY),
    "accumulation": (1, INFINITY),
    "sigma": (0, 4096),
    "memory_images": (1, INFINITY),
    "folds": (2, INFINITY),
}
LISTS = {"filters": (1, 4096), "dilations": (1, 4096)}
PAIRS = {"patches": (1, 99), "patch_size": (0.001, 1), "opacity": (0, 1)}
CORRUPTIONS = (
    "texture", "patch", "seamless", "colour",
    "scratch", "blur", "erase", "deform",
)  # fmt: skip
WITH_K = ("n-sigma", "iqr", "mad")
WITH_MEMORY = ("memory", "fused")
LEAST_FOR_MEMORY = 32  # pixels: 8 x 8 of the image averaged down by 4


def check_rules(config):
    """Refuses a `kerasad.config.Config` that cannot be trained with.

    Raises:
        InputError: names the key, and what it must be.
    """
    for key, (least, most) in LIMITS.items():
        expected = f"in [{least}, {most}]"
        if most == INFINITY:
            expected = f"at least {least}"
        require(least <= getattr(config, key) <= most, key, expected, config)
    for key, (least, most) in LISTS.items():
        values = getattr(config, key)
        holds = 0 < len(values) <= most and (
            all(least <= value <= most for value in values)
        )
        expected = f"one or more whole numbers in [{least}, {most}]"
        require(holds, key, expected, config)
    for key, (least, most) in PAIRS.items():
        pair = getattr(config, key)
        holds = len(pair) == 2 and least <= pair[0] <= pair[1] <= most
        require(holds, key, f"a rising pair in [{least}, {most}]", config)
    check_shares(config)
    check_network(config)
    check_threshold(config)
    require(
        config.name not in ("", ".", "..")
        and not set(config.name) & set("/\\"),
        "name",
        "a name for a folder, without slashes",
        config,
    )


def check_shares(config):
    require(
        0.0 < config.validation_share < 1.0,
        "validation_share",
        "between 0 and 1: the threshold needs held-out normal images",
        config,
    )
    require(
        0.0 < config.top_fraction <= 1.0, "top_fraction", "in (0, 1]", config
    )
    require(config.learning_rate > 0.0, "learning_rate", "positive", config)
    weights = config.corruption.values()
    require(
        set(config.corruption) <= set(CORRUPTIONS)
        and all(weight >= 0.0 for weight in weights)
        and sum(weights) > 0.0,
        "corruption",
        f"a weight, 0 or more, for some of {', '.join(CORRUPTIONS)}",
        config,
    )


def check_network(config):
    ssae, side = config.model == "ssae", config.image_size
    step, formula = 2**config.depth, "2^depth"
    if ssae:
        step = config.stem * 2 ** (len(config.filters) - 1)
        formula = "stem * 2^(levels - 1)"
    require(
        side >= step and side % step == 0,
        "image_size",
        f"a multiple of {step}, which is {formula}",
        config,
    )
    if not ssae:
        require(config.arch in range(4), "arch", "0, 1, 2 or 3", config)
        require(not config.head, "head", "false: Model I has none", config)
    require(
        not config.head or config.stem in (1, 3) or config.stem % 2 == 0,
        "stem",
        "1, 3 or even where the network has a head",
        config,
    )
    masked = config.loss == "masked"
    require(
        masked or not config.head,
        "loss",
        "masked where the network has a head, which learns from the masks",
        config,
    )
    require(
        not config.crop
        or (ssae and 0 < config.crop <= side and config.crop % step == 0),
        "crop",
        f"0, or a multiple of {step} up to image_size, for model ssae",
        config,
    )
    require(
        not config.context or ssae,
        "context",
        "false: Model I takes the image alone",
        config,
    )
    for key in ("context", "crop"):
        require(
            masked or not getattr(config, key),
            key,
            f"{'0' if key == 'crop' else 'false'} where loss is not masked",
            config,
        )
    if config.anomaly_map in ("segmentation", "fused"):
        require(
            config.head,
            "anomaly_map",
            "squared-error, gradient or mse-ssim where the network has no head",
            config,
        )
    require(
        config.anomaly_map not in WITH_MEMORY or side >= LEAST_FOR_MEMORY,
        "image_size",
        f"at least {LEAST_FOR_MEMORY} for the map {config.anomaly_map}",
        config,
    )


def check_threshold(config):
    require(
        config.fpr is None or 0.0 < config.fpr < 1.0,
        "fpr",
        "between 0 and 1",
        config,
    )
    require(config.k is None or config.k >= 0.0, "k", "at least 0", config)
    for key in ("k", "fpr"):
        owns = (config.threshold in WITH_K) == (key == "k")
        require(
            owns or getattr(config, key) is None,
            key,
            f"null with the threshold {config.threshold}, which has no {key}",
            config,
        )


def require(holds, key, expected, config):
    if not holds:
        raise InputError(
            f"config key {key!r} must be {expected}. "
            f"Received: {shown(getattr(config, key))}"
        )


def shown(value) -> str:
    """`repr` of bounded length, whatever a file held."""
    short = reprlib.Repr()
    short.maxlevel, short.maxstring, short.maxother = 2, 60, 60
    short.maxtuple = short.maxlist = short.maxdict = 8
    return short.repr(value)
