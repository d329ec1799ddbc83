from dataclasses import dataclass

import keras
from keras import ops

from kerasad.data.alignment import AlignmentSettings
from kerasad.data.augmentation import AugmentationSettings, augmentation_of
from kerasad.data.corruption import CorruptionSettings, corruption_of
from kerasad.data.datasets import (
    VALIDATION_SEED,
    CorruptionDataset,
    window_sides,
)
from kerasad.layers.context import Context, HostContext
from kerasad.losses.pixelwise import MaskLoss
from kerasad.maps import MAPS, upsample
from kerasad.methods.method import Method, described, revived
from kerasad.models.ssae import SSAE
from kerasad.settings import key, require
from kerasad.sides import size_of
from kerasad.training.gradient import train_network
from kerasad.training.idempotence import Idempotent
from kerasad.training.optimizer import GradientSettings

LAST_LAYERS = ("reconstruction_pixels", "mask_pixels")  # not for Muon


@dataclass(frozen=True)
class SSAESettings(
    AlignmentSettings,
    GradientSettings,
    AugmentationSettings,
    CorruptionSettings,
):
    """Keys of Model II, its corruption and its training."""

    # Network
    stem: int = key(4, 1, 64)  # space-to-depth factor before the first layer
    filters: tuple[int, ...] = key((64, 96, 128), 1, 4096)
    dilations: tuple[int, ...] = key((1, 2, 4, 8), 1, 4096)
    blocks: int = key(2, 1, 64)  # at the lowest level
    sdc_from: int = key(1, 0)  # first level with SDC blocks
    # Channels of kerasad.layers.Context, where parts are aligned
    context: bool = True
    head: bool = True  # discriminative head: image, reconstruction -> mask

    # Batches
    augment_last: bool = False  # after the corruption, on image and target
    # Side of the windows trained on, as far as the images are that high and
    # wide; 0: whole images.
    crop: int = key(128, 0)

    # Loss
    mask_weight: float = key(0.9, 0, 1)  # lambda of equation 4
    mask_floor: float = key(64.0, 0)  # pixels that a region counts as at least
    reconstruction_weight: float = key(5.0, 0)  # of the losses, with a head
    head_weight: float = key(4.0, 0)

    # Of successors of SSAE, switched off
    target_noise: float = key(0.0, 0, 1)  # deviation of noise that is to stay
    idempotence: float = key(0.0, 0)  # weight of (f(f(x)) - f(x))^2

    anomaly_map: str = key("segmentation", choices=(*MAPS, "segmentation"))

    # With several defects a picture Muon bears twice its rate elsewhere.
    learning_rate: float = 2e-3

    @property
    def has_context(self):
        """Whether the network is told of places."""
        return self.context and not self.unaligned

    def check(self, run):
        super().check(run)
        step = self.stem * 2 ** (len(self.filters) - 1)
        expected = f"a multiple of {step}, which is stem * 2^(levels - 1)"
        holds = all(s >= step and s % step == 0 for s in run.sides)
        require(holds, "image_size", expected, run)
        require(
            not self.head or self.stem in (1, 3) or self.stem % 2 == 0,
            "stem",
            "1, 3 or even where the network has a head",
            self,
        )
        require(
            not self.crop
            or (self.crop <= max(run.sides) and self.crop % step == 0),
            "crop",
            f"0, or a multiple of {step} up to image_size",
            self,
        )
        require(
            not (self.idempotence and self.context),
            "idempotence",
            "0 with context, whose channels a reconstruction has not; set "
            "context=false",
            self,
        )
        require(
            self.head or self.anomaly_map != "segmentation",
            "anomaly_map",
            f"one of {', '.join(MAPS)} where the network has no head",
            self,
        )


@keras.saving.register_keras_serializable(package="kerasad")
class SSAEMethod(Method):
    """Model II: a self-supervised autoencoder that undoes artificial defects.

    Any network with such inputs and outputs will do, also one that was
    trained elsewhere.

    Args:
        network: `keras.Model` from images `(B, H, W, 3)` in `[0, 1]`, or from
            the 8 channels of `kerasad.layers.Context`, to their
            reconstruction, or to a dict of `reconstruction` and
            `anomaly_logits`.
        anomaly_map: str, a key of `kerasad.maps.MAPS`, or `"segmentation"`
            for the probability that the head gives.

    Reference:

    - the paper, sections 3.1.3 and 3.2.1; see `kerasad.models.SSAE`
    """

    Config = SSAESettings

    def __init__(self, network, anomaly_map="squared-error", **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.anomaly_map = anomaly_map
        self.map_names = (anomaly_map,)
        self.context = None
        if network.input_shape[-1] != 3:
            self.context = Context(dtype="float32")
            self.context.build((*network.input_shape[:-1], 3))
        self.built = True

    @classmethod
    def from_settings(cls, settings, image_size, count):
        network = network_of(settings, size_of(image_size))
        return cls(network, settings.anomaly_map)

    def call(self, images):
        inputs = images if self.context is None else self.context(images)
        outputs = self.network(inputs, training=False)
        if not isinstance(outputs, dict):
            outputs = {"reconstruction": outputs}
        reconstruction = outputs["reconstruction"]
        if self.anomaly_map == "segmentation":
            probability = ops.sigmoid(outputs["anomaly_logits"][..., 0])
            anomaly_map = upsample(probability, *images.shape[1:3])
        else:
            anomaly_map = MAPS[self.anomaly_map](images, reconstruction)
        return {
            "maps": anomaly_map[..., None],
            "reconstruction": reconstruction,
        }

    def fit(self, images, held_out, run):
        settings, sides = run.settings, images.shape[1:3]
        bank = run.bank(max(sides))
        window = size_of(window_sides(settings.crop, sides))
        weights, rows = train_network(
            lambda policy: trained(settings, window, policy),
            losses_of(settings),
            batches(images, images, bank, settings, run.seed),
            batches(held_out, images, bank, settings, run.seed, True),
            run,
        )
        self.network.set_weights(weights)
        if self.context is not None:
            self.context.fit(images)
        return rows

    def get_config(self):
        return {
            "network": described(self.network),
            "anomaly_map": self.anomaly_map,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**revived(config, "network"))


def network_of(settings, image_size, policy="float32"):
    """The untrained network for images or crops of that size."""
    return SSAE(
        image_size=image_size,
        stem=settings.stem,
        filters=settings.filters,
        dilations=settings.dilations,
        blocks=settings.blocks,
        sdc_from=settings.sdc_from,
        head=settings.head,
        context=settings.has_context,
        dtype=policy,
    )


def trained(settings, image_size, policy):
    """The network as it trains."""
    network = network_of(settings, image_size, policy)
    if settings.idempotence:
        return Idempotent(network, settings.idempotence)
    return network


def losses_of(settings) -> dict:
    """Arguments of `compile_for_training`, by the keys of loss and head."""
    # Masked is what the weights make of it that the data set yields.
    losses = {"loss": keras.losses.MeanSquaredError(), "exclude": LAST_LAYERS}
    if settings.head:
        losses["loss"] = {
            "reconstruction": losses["loss"],
            "anomaly_logits": MaskLoss(),
        }
        losses["loss_weights"] = {
            "reconstruction": settings.reconstruction_weight,
            "anomaly_logits": settings.head_weight,
        }
    return losses


def batches(images, others, bank, settings, seed, validation=False):
    """Corrupted batches; those for validation are the same each epoch.

    Args:
        images: uint8 normal images that are corrupted.
        others: uint8 normal images that patches come from, and that the
            context is learnt from.
        bank: `kerasad.data.textures.TextureBank`.
    """
    return CorruptionDataset(
        images,
        corruption_of(settings, bank, others),
        batch_size=settings.batch_size,
        seed=seed + (VALIDATION_SEED if validation else 0),
        mask_weight=settings.mask_weight,
        augment=None if validation else augmentation_of(settings),
        augment_last=settings.augment_last,
        masks_as_target=settings.head,
        mask_floor=settings.mask_floor,
        crop=settings.crop or None,
        context=HostContext(others) if settings.has_context else None,
        target_noise=settings.target_noise,
    )
