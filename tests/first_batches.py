"""Fingerprints of the first training batches of recipes, for comparisons.

`python -m tests.first_batches` prints them: of the drawn capsules, the
textures that ship, the augmentation, the corruption, weights and targets.
"""

import hashlib
import json

import keras
import numpy as np

from kerasad.capsules import draw_capsule
from kerasad.config import load_config
from kerasad.data.textures import builtin_textures
from kerasad.methods import ssae
from kerasad.training import autoencoder

# With the features of the corruption, of the augmentations, of both epochs.
RECIPES = ("default", "robust", "e5", "ds1", "ds2", "h2")
SETTINGS = ["image_size=64", "batch_size=4", "seed=3"]


def fingerprints() -> dict[str, list[str]]:
    """Recipe to SHA-256 of batches 0 and 1 of epochs 0 and 1."""
    rng = np.random.default_rng(0)
    images = np.stack([draw_capsule(rng, 64)[0] for _ in range(8)])
    found = {}
    for name in RECIPES:
        crop = ["crop=32"] if name in ("default", "robust") else []
        config = load_config(name, SETTINGS + crop)
        dataset = batches_of(config, images)
        found[name] = []
        for epoch in range(2):
            dataset.set_epoch(epoch)
            found[name] += [digest(dataset[index]) for index in range(2)]
    return found


def batches_of(config, images):
    settings, seed = config.settings, config.seed
    if config.method == "model_one":
        return autoencoder.batches(images, settings, seed)
    if config.method == "fused":
        settings = settings.members[0]
    bank = builtin_textures(seed, config.image_size)
    return ssae.batches(images, images, bank, settings, seed)


def digest(batch) -> str:
    sha = hashlib.sha256()
    for array in keras.tree.flatten(batch):
        sha.update(f"{array.dtype} {array.shape}".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()[:16]


if __name__ == "__main__":
    print(json.dumps(fingerprints(), indent=4))
