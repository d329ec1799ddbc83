import dataclasses
import functools
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from kerasad.data.augmentation import AugmentationSettings, augmentation_of
from kerasad.data.datasets import VALIDATION_SEED
from kerasad.maps import MAPS, upsample
from kerasad.methods.method import Method, described, revived
from kerasad.models.vqvae import VQVAE, surprise_of
from kerasad.settings import key, require
from kerasad.sides import size_of
from kerasad.training.autoencoder import train_autoencoder
from kerasad.training.codes import CodeDataset, copies_of
from kerasad.training.gradient import train_network
from kerasad.training.optimizer import GradientSettings

# Of the time of a run; the rest is for the codes of the images.
AUTOENCODER, PRIOR = 0.4, 0.55
LAST_LAYERS = ("pixels",)  # not for Muon
# Channels of each `score_map`.
MAP_NAMES = {
    "likelihood": ("likelihood",),
    "restored": ("restored",),
    "combined": ("likelihood", "foretold", "difference"),
    "two-sided": ("likelihood", "foretold", "difference"),
    "distances": ("foretold", "difference"),
}
TWO_SIDED = ("two-sided", "distances")
WEIGHTS = {"distances": (0.5, 1.0)}  # beside 1; benchmarks/results/codes.md


@dataclass(frozen=True)
class VQVAE2Settings(GradientSettings, AugmentationSettings):
    """Keys of the VQ-VAE-2, its prior, its scores and its training."""

    stem: int = key(8, 1, 64)  # pixels, side of a cell of the finest grid
    filters: int = key(128, 16, 4096)
    codes: int = key(128, 2, 65536)  # 512 in the publications
    code_size: int = key(32, 1, 4096)
    decay: float = key(0.99, 0, 1)  # of the codes' moving means
    commitment: float = key(0.25, 0)
    prior_filters: int = key(64, 16, 4096)
    prior_blocks: int = key(2, 1, 64)
    dropout: float = key(0.2, 0, 0.9)  # of the prior

    # The prior learns after the codes, which stay as they are by then.
    prior_steps: int = key(1000, 1)
    prior_batch_size: int = key(16, 1)
    prior_learning_rate: float = 1e-3
    copies: int = key(8, 1, 1024)  # of each image, augmented, that it sees

    score_map: str = key("likelihood", choices=tuple(MAP_NAMES))
    unlikely: float = key(5.0, 0)  # nats, beyond which a code is resampled
    resampling_passes: int = key(3, 1, 64)

    optimizer: str = key("adam", choices=("adam", "adamw", "muon", "sgd"))

    levels = 2

    def check(self, run):
        super().check(run)
        step = self.stem * self.levels
        expected = f"a multiple of {step}, the side of the coarsest cell"
        holds = all(side % step == 0 for side in run.sides)
        require(holds, "image_size", expected, run)
        positive = self.prior_learning_rate > 0
        require(positive, "prior_learning_rate", "positive", self)


@keras.saving.register_keras_serializable(package="kerasad")
class VQVAE2Method(Method):
    """An anomaly is codes that the prior of normal images finds unlikely.

    Args:
        network: `kerasad.models.VQVAE`.
        score_map: `"likelihood"`: the negative log-likelihood of the codes,
            grids added up; `"restored"`: unlikely codes are sampled anew,
            and the map is the squared distance of the reconstructions from
            the codes before and after; `"combined"`: the likelihood, the
            distance to the codes foretold, see `VQVAE.misses`, and the
            squared distance of image and reconstruction, which the detector
            adds up in units of their spread; `"two-sided"`: the same, but
            what is below its mean counts as what is above, for where print
            is missing all is likelier than usual; or `"distances"`: that
            without the likelihood, and half of the distance to the codes
            foretold. The last three are ours.
        unlikely: float, in nats. A code is sampled anew beyond it.
        resampling_passes: int. How often that is done, to all unlikely codes
            of a grid at once: the publications go through them one by one.
            The noise is the same for each image.

    Reference:

    - reference [11] of the paper; see `kerasad.models.VQVAE`
    """

    Config = VQVAE2Settings

    def __init__(
        self,
        network,
        score_map="likelihood",
        unlikely=5.0,
        resampling_passes=3,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.network = network
        self.score_map = score_map
        self.unlikely = unlikely
        self.resampling_passes = resampling_passes
        self.map_names = MAP_NAMES[score_map]
        self.map_weights = WEIGHTS.get(score_map)
        if score_map in TWO_SIDED:
            self.two_sided = (True,) * len(self.map_names)
        self.built = True

    @classmethod
    def from_settings(cls, settings, image_size, count):
        return cls(
            network_of(settings, size_of(image_size)),
            settings.score_map,
            settings.unlikely,
            settings.resampling_passes,
        )

    def call(self, images):
        network = self.network
        _, numbers, wanted = network.encode(images)
        direct = network.decode(numbers)
        squared = MAPS["squared-error"]

        def restored():
            return squared(direct, network.decode(self.resampled(numbers)))

        known = {
            "likelihood": lambda: whole(network.surprises(numbers), images),
            "foretold": lambda: whole(network.misses(numbers, wanted), images),
            "difference": lambda: squared(images, direct),
            "restored": restored,
        }
        maps = [known[name]() for name in self.map_names]
        return {"maps": ops.stack(maps, axis=-1), "reconstruction": direct}

    def resampled(self, numbers):
        """The same codes, those that are unlikely drawn anew from the prior.

        The coarse grid comes first, and the fine one follows what it became.
        """
        numbers = [ops.convert_to_tensor(chosen) for chosen in numbers]
        for level in range(len(numbers)):
            for turn in range(self.resampling_passes):
                logits = self.network.logits(numbers, level)
                surprise = surprise_of(numbers[level], logits)
                noise = gumbel(tuple(map(int, logits.shape[1:])), turn)
                drawn = ops.argmax(ops.add(logits, noise), axis=-1)
                numbers[level] = ops.where(
                    surprise > self.unlikely,
                    ops.cast(drawn, "int32"),
                    numbers[level],
                )
        return numbers

    def fit(self, images, held_out, run):
        """First the autoencoder with its codes, then the prior over them.

        The history is that of both, one after the other: the losses of the
        first are squared errors, those of the second nats a code. The fact
        `epochs_before` is where the second begins.
        """
        facts = [{}, {}]
        rows = self.fit_autoencoder(images, held_out, run, facts[0])
        run.say("the codes are settled; learning which are likely")
        run.facts["epochs_before"] = len(rows)
        for row in self.fit_prior(images, held_out, run, facts[1]):
            rows.append({**row, "epoch": len(rows)})
        run.facts |= added(*facts, run.seconds)
        return rows

    def fit_autoencoder(self, images, held_out, run, facts):
        """Trains all but the priors; see `train_autoencoder`."""
        part = run.part(
            "codes", seconds=share(run.seconds, AUTOENCODER), facts=facts
        )

        def build(settings, size, policy):
            network = network_of(settings, size, policy)
            for prior in network.priors:
                prior.trainable = False
            return network

        # Of images in [0, 1] it is small beside the commitment.
        losses = {
            "loss": keras.losses.MeanSquaredError(),
            "loss_weights": 10.0,
            "exclude": LAST_LAYERS,
        }
        return train_autoencoder(
            self.network, build, losses, images, held_out, part
        )

    def fit_prior(self, images, held_out, run, facts):
        """On codes that were extracted once: a step costs no encoder."""
        settings, size = run.settings, size_of(images.shape[1:3])
        augment = augmentation_of(settings)
        copies = settings.copies if augment else 1
        known, others = (
            CodeDataset(
                copies_of(self.network.codes_of, pixels, change, number, seed),
                settings.prior_batch_size,
                seed,
            )
            for pixels, change, number, seed in (
                (images, augment, copies, run.seed),
                (held_out, None, 1, run.seed + VALIDATION_SEED),
            )
        )
        part = run.part(
            "prior",
            prior_settings(settings),
            seconds=share(run.seconds, PRIOR),
            facts=facts,
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        weights, rows = train_network(
            lambda policy: network_of(settings, size, policy).prior(),
            {"loss": loss},
            known,
            others,
            part,
        )
        self.network.prior().set_weights(weights)
        return rows

    def get_config(self):
        return {
            "network": described(self.network),
            "score_map": self.score_map,
            "unlikely": self.unlikely,
            "resampling_passes": self.resampling_passes,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**revived(config, "network"))


def whole(grids, images):
    """Maps of grids, added up at the size of the images."""
    height, width = images.shape[1:3]
    return sum(upsample(grid, height, width) for grid in grids)


def network_of(settings, image_size, policy="float32"):
    """The untrained network."""
    return VQVAE(
        image_size=image_size,
        levels=settings.levels,
        stem=settings.stem,
        filters=settings.filters,
        codes=settings.codes,
        code_size=settings.code_size,
        decay=settings.decay,
        commitment=settings.commitment,
        prior_filters=settings.prior_filters,
        prior_blocks=settings.prior_blocks,
        dropout=settings.dropout,
        dtype=policy,
    )


def prior_settings(settings):
    """Those of the training of the prior, which is by Adam as published."""
    return dataclasses.replace(
        settings,
        optimizer="adam",
        steps=settings.prior_steps,
        epochs=None,
        batch_size=settings.prior_batch_size,
        learning_rate=settings.prior_learning_rate,
    )


def share(seconds, part):
    """A part of the time that is left, if that is limited."""
    return None if seconds is None else part * seconds


def added(first, second, seconds) -> dict:
    """What is to be remembered of two trainings, as if they were one."""
    counts = ("steps", "done_steps", "planned_steps", "recipe_steps", "refits")
    both = {name: first[name] + second[name] for name in counts}
    return {**first, **both, "time_limit": seconds}


@functools.lru_cache(maxsize=16)
def gumbel(shape, seed):
    """Noise that turns the largest of logits into a draw from them."""
    rng = np.random.default_rng(seed)
    return rng.gumbel(size=shape).astype("float32")
