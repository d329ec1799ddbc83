"""What a config trains on: which images, how changed, in which batches."""

import numpy as np

from kerasad.data.augmentation import Augmentation
from kerasad.data.corruption import PatchCorruption
from kerasad.data.datasets import CorruptionDataset, ImageDataset
from kerasad.data.jitter import Jitter
from kerasad.data.textures import builtin_textures, textures_from_folder
from kerasad.errors import InputError
from kerasad.layers.context import HostContext

VALIDATION_SEED = 1_000_003  # apart from every training epoch's stream


def split(count, config):
    """Indices to train on and to hold out, from the seed alone."""
    held_out = round(config.validation_share * count)
    if held_out < 1 or count - held_out < 1:
        raise InputError(
            f"{count} good images are too few: with validation_share="
            f"{config.validation_share} at least "
            f"{int(np.ceil(0.5 / config.validation_share)) + 1} are needed"
        )
    order = np.random.default_rng(config.seed).permutation(count)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def texture_bank(textures, config):
    """Foreign textures for the corruption, `None` where there is none."""
    if config.loss != "masked":
        return None
    if textures is None:
        return builtin_textures(config.seed, config.image_size)
    return textures_from_folder(textures, config.image_size)


def make_dataset(images, others, bank, config, validation=False):
    """Batches to train on; those for validation are the same each epoch.

    Corrupted for the masked loss; otherwise the images are their own target.
    """
    options = {
        "batch_size": config.batch_size,
        "seed": config.seed + (VALIDATION_SEED if validation else 0),
        "augment": None if validation else augmentation(config),
    }
    if config.loss != "masked":
        return ImageDataset(images, **options)
    corrupt = PatchCorruption(
        bank,
        kinds=config.corruption,
        images=others,
        patches=config.patches,
        size=config.patch_size,
        opacity=config.opacity,
        clean_share=config.clean_share,
        foreground="auto" if config.foreground else None,
    )
    return CorruptionDataset(
        images,
        corrupt,
        mask_weight=config.mask_weight,
        augment_last=config.augment_last,
        masks_as_target=config.head,
        mask_floor=config.mask_floor,
        crop=config.crop or None,
        context=HostContext(others) if config.context else None,
        **options,
    )


def augmentation(config):
    """What the config does to each training image, `None` for nothing."""
    steps = [Augmentation.from_config(config)]
    if config.jitter or config.light:
        steps.append(Jitter(config.jitter, config.light))
    steps = [step for step in steps if step is not None]
    if not steps:
        return None

    def augment(image, rng):
        for step in steps:
            image = step(image, rng)
        return image

    return augment
