"""The optimizer of a training by gradients, and its settings."""

from dataclasses import dataclass

import keras

from kerasad.settings import Settings, key, require
from kerasad.training.budget import STEPS
from kerasad.training.muon import ConvMuon

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "muon": ConvMuon,
    "sgd": keras.optimizers.SGD,
}


@dataclass(frozen=True)
class GradientSettings(Settings):
    """Keys of every method that learns by gradients."""

    optimizer: str = key("muon", choices=tuple(OPTIMIZERS))
    learning_rate: float = 1e-3
    weight_decay: float = key(0.3, 0)  # with 0.01 a long run of Muon diverges
    clipnorm: float = key(1.0, 0)  # of each gradient; 0 for none
    schedule: str = key("cosine", choices=("constant", "plateau", "cosine"))
    warmup: int = key(3, 0)  # epochs of a linear rise before the cosine
    patience: int = key(5, 1)  # epochs, of the plateau
    factor: float = key(0.5, 0, 1)  # by which a plateau lowers the rate
    # Whichever ends first; without either it is STEPS. With `epochs`, one is
    # a pass over the images, else EPOCH steps, however many images there are.
    epochs: int | None = key(None, 1)
    steps: int | None = key(None, 1)
    batch_size: int = key(16, 1)
    gradient_accumulation_steps: int = key(1, 1)
    precision: str = key("auto", choices=("auto", "float32", "mixed_bfloat16"))

    @property
    def picks_epoch(self) -> bool:
        """Whether the best epoch stays, by the images held out, or the last.

        With a rate that decays to 0 the last weights are the settled ones.
        """
        return self.schedule != "cosine"

    def __post_init__(self):
        if self.epochs is None and self.steps is None:
            object.__setattr__(self, "steps", STEPS)
        super().__post_init__()

    def check(self, run):
        """Refuses a learning rate of 0, which its bounds let pass."""
        super().check(run)
        require(self.learning_rate > 0, "learning_rate", "positive", self)


def make_optimizer(settings, exclude=()):
    """The optimizer of `GradientSettings`; Muon leaves `exclude` to AdamW."""
    options = {"learning_rate": settings.learning_rate}
    if settings.gradient_accumulation_steps > 1:
        steps = settings.gradient_accumulation_steps
        options["gradient_accumulation_steps"] = steps
    if settings.clipnorm > 0.0:
        options["clipnorm"] = settings.clipnorm
    if settings.optimizer in ("adamw", "muon"):
        options["weight_decay"] = settings.weight_decay
    if settings.optimizer == "muon":
        options |= {
            "adam_weight_decay": settings.weight_decay,
            "adam_lr_ratio": 0.3,
            "adam_beta_2": 0.99,
            "momentum": 0.9,
            "exclude_layers": list(exclude),
        }
    optimizer = OPTIMIZERS[settings.optimizer](**options)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer
