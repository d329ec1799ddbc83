from dataclasses import dataclass

import keras

from kerasad.methods.vqvae2 import (
    MAP_NAMES,
    VQVAE2Method,
    VQVAE2Settings,
)
from kerasad.settings import key


@dataclass(frozen=True)
class LSRSettings(VQVAE2Settings):
    """Keys of one VQ-VAE, its prior, its scores and its training."""

    score_map: str = key("restored", choices=tuple(MAP_NAMES))

    levels = 1


@keras.saving.register_keras_serializable(package="kerasad")
class LSRMethod(VQVAE2Method):
    """Latent space resampling: the same with one grid of codes.

    Reference:

    - reference [9] of the paper; see `kerasad.methods.vqvae2`
    """

    Config = LSRSettings
