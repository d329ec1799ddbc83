"""The network of a config, and what it is trained for."""

import keras

from kerasad.losses import MaskLoss, MSESSIMLoss, SquaredError
from kerasad.models import SSAE, ModelOne
from kerasad.muon import ConvMuon

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "muon": ConvMuon,
    "sgd": keras.optimizers.SGD,
}


def build_network(config, policy="float32", image_size=None):
    """The untrained network; `policy` is a Keras dtype policy.

    `image_size` builds Model II for crops of another side.
    """
    if config.model == "model_one":
        return ModelOne(
            arch=config.arch,
            image_size=config.image_size,
            depth=config.depth,
            base_filters=config.base_filters,
            latent=config.latent if config.arch in (0, 3) else None,
            dtype=policy,
        )
    return SSAE(
        image_size=image_size or config.image_size,
        stem=config.stem,
        filters=config.filters,
        dilations=config.dilations,
        blocks=config.blocks,
        sdc_from=config.sdc_from,
        head=config.head,
        context=config.context,
        dtype=policy,
    )


def compile_network(model, config):
    """Gives `model` the optimizer and the losses of `config`."""
    options = {"learning_rate": config.learning_rate}
    if config.accumulation > 1:
        options["gradient_accumulation_steps"] = config.accumulation
    if config.clipnorm > 0.0:
        options["clipnorm"] = config.clipnorm
    if config.optimizer in ("adamw", "muon"):
        options["weight_decay"] = config.weight_decay
    if config.optimizer == "muon":
        options |= {
            "adam_weight_decay": config.weight_decay,
            "adam_lr_ratio": 0.3,
            "adam_beta_2": 0.99,
            "momentum": 0.9,
            "exclude_layers": ["reconstruction_pixels", "mask_pixels"],
        }
    # Masked or not is a matter of the weights that the data set yields.
    loss, weights = SquaredError(), None
    if config.loss == "mse_ssim":
        loss = MSESSIMLoss(config.alpha)
    if config.head:
        loss = {"reconstruction": loss, "anomaly_logits": MaskLoss()}
        weights = {
            "reconstruction": config.reconstruction_weight,
            "anomaly_logits": config.head_weight,
        }
    optimizer = OPTIMIZERS[config.optimizer](**options)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    # XLA's convolutions on a CPU are far slower than oneDNN's; JAX has no
    # other.
    model.compile(
        optimizer,
        loss=loss,
        loss_weights=weights,
        jit_compile=keras.backend.backend() == "jax",
    )
