from dataclasses import dataclass

import keras

from kerasad.data.augmentation import AugmentationSettings
from kerasad.losses.ssim import MSESSIMLoss
from kerasad.maps import MAPS
from kerasad.methods.method import Method, described, revived
from kerasad.models.model_one import ModelOne
from kerasad.settings import key, require
from kerasad.sides import size_of
from kerasad.training.autoencoder import train_autoencoder
from kerasad.training.optimizer import GradientSettings


@dataclass(frozen=True)
class ModelOneSettings(GradientSettings, AugmentationSettings):
    """Keys of Model I and its training."""

    arch: int = 3  # architecture 1, 2 or 3; 0 is the baseline
    depth: int = key(6, 1, 12)  # residual blocks that halve the sides
    # Of the stem convolution. oneDNN writes beyond its memory in training fewer
    # than 16 (TensorFlow 2.21, PyTorch 2.13; TF_ENABLE_ONEDNN_OPTS=0 does not).
    base_filters: int = key(64, 1, 4096)
    latent: int = key(128, 1, 65536)  # length of the vector, arch 0 and 3

    loss: str = key("mse_ssim", choices=("mse", "mse_ssim"))
    alpha: float = key(0.2, 0, 1)  # of equation 1, in loss and map
    anomaly_map: str = key("mse-ssim", choices=tuple(MAPS))

    # Ours, switched off
    jitter: int = key(0, 0)
    light: float = key(0.0, 0, 1)
    clipnorm: float = key(0.0, 0)

    def check(self, run):
        super().check(run)
        step = 2**self.depth
        expected = f"a multiple of {step}, which is 2^depth"
        holds = all(side % step == 0 for side in run.sides)
        require(holds, "image_size", expected, run)
        require(self.arch in range(4), "arch", "0, 1, 2 or 3", self)


@keras.saving.register_keras_serializable(package="kerasad")
class ModelOneMethod(Method):
    """Model I: a plain autoencoder; an anomaly is what it cannot reproduce.

    Args:
        network: `keras.Model` from images `(B, H, W, 3)` in `[0, 1]` to their
            reconstruction.
        anomaly_map: str, a key of `kerasad.maps.MAPS`.
        alpha: float in `[0, 1]`, of the map `"mse-ssim"` (equation 1).

    Reference:

    - the paper, sections 3.1.2 and 3.2; see `kerasad.models.ModelOne`
    """

    Config = ModelOneSettings

    def __init__(
        self, network, anomaly_map="squared-error", alpha=0.2, **kwargs
    ):
        super().__init__(**kwargs)
        self.network = network
        self.anomaly_map = anomaly_map
        self.alpha = alpha
        self.map_names = (anomaly_map,)
        self.built = True

    @classmethod
    def from_settings(cls, settings, image_size, count):
        network = network_of(settings, size_of(image_size))
        return cls(network, settings.anomaly_map, settings.alpha)

    def call(self, images):
        reconstruction = self.network(images, training=False)
        options = (
            {"alpha": self.alpha} if self.anomaly_map == "mse-ssim" else {}
        )
        maps = MAPS[self.anomaly_map](images, reconstruction, **options)
        return {"maps": maps[..., None], "reconstruction": reconstruction}

    def fit(self, images, held_out, run):
        losses = losses_of(run.settings)
        return train_autoencoder(
            self.network, network_of, losses, images, held_out, run
        )

    def get_config(self):
        return {
            "network": described(self.network),
            "anomaly_map": self.anomaly_map,
            "alpha": self.alpha,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**revived(config, "network"))


def network_of(settings, image_size, policy="float32"):
    """The untrained network."""
    return ModelOne(
        arch=settings.arch,
        image_size=image_size,
        depth=settings.depth,
        base_filters=settings.base_filters,
        latent=settings.latent if settings.arch in (0, 3) else None,
        dtype=policy,
    )


def losses_of(settings) -> dict:
    """Arguments of `compile_for_training`, by the key `loss`."""
    if settings.loss == "mse":
        return {"loss": keras.losses.MeanSquaredError()}
    return {"loss": MSESSIMLoss(settings.alpha)}
