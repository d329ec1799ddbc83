"""Every key of a method changes what it learns from, is, or trains by."""

import hashlib

import keras
import numpy as np
import pytest

from kerasad.config import load_config
from kerasad.data.textures import TextureBank
from kerasad.methods import find_method, model_one, ssae
from kerasad.testing import sample_images
from kerasad.training import autoencoder
from kerasad.training.budget import budget_of
from kerasad.training.optimizer import make_optimizer
from kerasad.training.precision import resolve_precision
from kerasad.training.schedules import learning_rate

SIZE = 32
SMALL = {"image_size": SIZE, "epochs": 20, "batch_size": 4}
BASES = {
    "ssae": ("robust", {"crop": 16, "filters": [16, 16], "context": True,
                        "dilations": [1, 2], "augmentation": "none",
                        "jitter": 2}),
    "model_one": ("h1", {"depth": 2, "base_filters": 16, "latent": 4}),
}  # fmt: skip
# Another value of each key, and what else must be set for it to matter.
OTHER = {
    "alignment": "unaligned", "corruption": {"blur": 1.0},
    "foreground": False, "clean_share": 1.0,
    "patches": [3, 3], "patch_size": [0.5, 0.6], "opacity": [0.1, 0.2],
    "augmentation": "wide", "rotation": 30.0, "jitter": 4, "light": 0.5,
    "optimizer": "adamw", "learning_rate": 0.5, "weight_decay": 0.01,
    "clipnorm": 9.0, "schedule": "constant", "warmup": 1, "patience": 1,
    "factor": 0.1, "epochs": 30, "steps": 10, "batch_size": 2,
    "gradient_accumulation_steps": 2, "precision": "mixed_bfloat16",
    "stem": 2, "filters": [16, 32], "dilations": [1, 4], "blocks": 1,
    "sdc_from": 0, "context": False, "head": False, "augment_last": False,
    "crop": 32, "mask_weight": 0.5, "mask_floor": 1000.0,
    "reconstruction_weight": 1.0, "head_weight": 1.0,
    "target_noise": 0.1, "idempotence": 1.0,
    "anomaly_map": "gradient", "arch": 0, "depth": 1, "base_filters": 32,
    "latent": 8, "loss": "mse", "alpha": 0.5,
}  # fmt: skip
FURTHER = {"augment_last": True, "schedule": "cosine", "augmentation": "none",
           "gradient_accumulation_steps": 1}  # fmt: skip
WITH = {
    "patience": {"schedule": "plateau"}, "factor": {"schedule": "plateau"},
    "head": {"anomaly_map": "gradient"},
    "augment_last": {"augmentation": "wide"},
    "mask_weight": {"clean_share": 0.0}, "mask_floor": {"clean_share": 0.0},
    "optimizer": {"learning_rate": 0.001},
    "idempotence": {"context": False},
    "weight_decay": {"optimizer": "adamw"},
}  # fmt: skip


def traces(config):
    """All that a training follows from: network, batches, losses, rates."""
    settings = config.settings
    module = {"ssae": ssae, "model_one": model_one}[config.method]
    method = find_method(config.method).from_settings(settings, (SIZE, SIZE), 8)
    images = sample_images(SIZE)
    if module is ssae:
        bank = TextureBank([images[0][::-1]])
        dataset = ssae.batches(images, images, bank, settings, 0)
        side = settings.crop or SIZE
    else:
        dataset = autoencoder.batches(images, settings, 0)
        side = SIZE
    sha = hashlib.sha256()
    for index in range(len(dataset)):
        for array in keras.tree.flatten(dataset[index]):
            sha.update(np.ascontiguousarray(array).tobytes())
    losses = module.losses_of(settings)
    loss = losses["loss"]
    loss = loss if isinstance(loss, dict) else {"": loss}
    config = method.get_config()
    config.pop("name"), config["network"].pop("name", None)
    config["network"]["config"].pop("name")
    return [
        config,
        side,
        sha.hexdigest(),
        {name: (type(x), x.get_config()) for name, x in loss.items()},
        losses.get("loss_weights"),
        getattr(settings, "idempotence", 0.0),
        make_optimizer(settings).get_config(),
        [learning_rate(settings, e, 20, [1.0] * e) for e in range(20)],
        budget_of(settings, len(dataset)),
        resolve_precision(settings.precision)[0],
    ]


def keys():
    for method, (recipe, _) in BASES.items():
        for name in load_config(recipe).settings.flat():
            yield method, name


@pytest.mark.parametrize("method, name", list(keys()))
def test_the_key_changes_something(method, name):
    recipe, changes = BASES[method]
    base = load_config(recipe).replace(**SMALL, **changes)
    base = base.replace(**{k: v for k, v in WITH.get(name, {}).items()
                           if k in base.flat() and k != name})  # fmt: skip
    value = OTHER[name]
    if list(np.atleast_1d(base.flat()[name])) == list(np.atleast_1d(value)):
        value = FURTHER[name]
    assert traces(base.replace(**{name: value})) != traces(base)
