"""From a config and a folder of good images to a calibrated detector."""

import csv
import io
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from kerasad.checkpoint import restore_checkpoint
from kerasad.config import Config, to_yaml
from kerasad.data.augmentation import Augmentation
from kerasad.data.builtin import builtin_capsules
from kerasad.data.corruption import PatchCorruption
from kerasad.data.datasets import CorruptionDataset
from kerasad.data.images import load_images
from kerasad.data.mvtec import fingerprint, training_samples
from kerasad.data.textures import builtin_textures, textures_from_folder
from kerasad.detector import Detector
from kerasad.errors import InputError
from kerasad.files import write_text
from kerasad.journal import Journal
from kerasad.losses import MaskLoss, SquaredError
from kerasad.models import SSAE
from kerasad.precision import resolve_precision
from kerasad.provenance import versions
from kerasad.reports.figures import loss_curves

VALIDATION_SEED = 1_000_003  # apart from every training epoch's stream


@dataclass
class TrainingResult:
    """A finished run: the detector, where it lies, and what it took."""

    detector: Detector
    folder: Path
    rows: list[dict]
    precision: str
    precision_reason: str
    train_images: int
    validation_images: int
    updates: int
    seconds: float


def train(
    config: Config,
    data=None,
    out="runs/default",
    textures=None,
    resume=False,
    progress=None,
    say=lambda text: None,
) -> TrainingResult:
    """Trains, calibrates on held-out normal images and saves.

    Args:
        config: the recipe.
        data: a category in MVTec layout, or a folder of good images; `None`
            for the built-in capsules.
        out: folder for `detector.keras`, `config.yaml`, `history.csv` and
            `curves.png`; made if missing.
        textures: folder of foreign textures; `None` for those built in.
        resume: goes on from the checkpoint that an interrupted run left in
            `out`.
        progress: see `kerasad.journal.Journal`.
        say: called with one line of commentary at a time.

    Raises:
        InputError: the data, the textures or the checkpoint cannot be used.
    """
    started = time.monotonic()
    out = Path(out)
    checkpoint = out / "checkpoint.npz"
    if data is None:
        data = builtin_capsules(config.image_size, drawing(say))
    paths = [sample.path for sample in training_samples(data)]
    images = load_images(paths, config.image_size)
    chosen, held_out = split(len(images), config)
    train_images, held_out_images = images[chosen], images[held_out]
    say(
        f"{len(chosen)} images to train on, {len(held_out)} held out for "
        "validation and the threshold"
    )

    policy, reason = resolve_precision(config.precision)
    keras.utils.set_random_seed(config.seed)
    model = build_network(config, policy)
    compile_network(model, config)
    bank = (
        builtin_textures(config.seed, config.image_size)
        if textures is None
        else textures_from_folder(textures, config.image_size)
    )
    dataset = make_dataset(train_images, train_images, bank, config)
    validation = make_dataset(
        held_out_images, train_images, bank, config, validation=True
    )

    out.mkdir(parents=True, exist_ok=True)
    settings = {**asdict(config), "files": fingerprint(paths)}
    rows, best = [], None
    if resume and checkpoint.is_file():
        rows, best = restore_checkpoint(checkpoint, model, settings)
        say(f"going on after epoch {len(rows)} of {config.epochs}")
    elif resume:
        say(f"nothing to resume in {out}: starting anew")
    journal = Journal(
        config, dataset, checkpoint, settings, rows, best, progress
    )
    if len(rows) < config.epochs:
        model.fit(
            dataset,
            validation_data=validation,
            epochs=config.epochs,
            initial_epoch=len(rows),
            shuffle=False,  # the data set owns its order
            verbose=0,
            callbacks=[journal],
        )
    model.set_weights(journal.best_weights)

    say("calibrating on the held-out normal images")
    detector = finished_detector(model, config)
    detector.provenance = {
        "config": asdict(config),
        "seed": config.seed,
        "data": Path(data).name,
        "files": settings["files"],
        "backend": keras.backend.backend(),
        "versions": versions(),
        "precision": policy,
    }
    if config.normalise:
        detector.fit_map_statistics(train_images)
    detector.calibrate(
        held_out_images,
        config.threshold,
        k=config.k,
        fpr=config.fpr,
    )
    write_text(out / "config.yaml", to_yaml(config))
    write_text(out / "history.csv", to_csv(journal.rows))
    loss_curves(columns(journal.rows), out / "curves.png")
    detector.save(out / "detector.keras")
    checkpoint.unlink(missing_ok=True)
    steps = len(dataset) * config.epochs
    return TrainingResult(
        detector=detector,
        folder=out,
        rows=journal.rows,
        precision=policy,
        precision_reason=reason,
        train_images=len(chosen),
        validation_images=len(held_out),
        updates=steps // config.accumulation,
        seconds=time.monotonic() - started,
    )


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


def build_network(config, policy="float32"):
    return SSAE(
        image_size=config.image_size,
        stem=config.stem,
        filters=config.filters,
        dilations=config.dilations,
        blocks=config.blocks,
        head=config.head,
        dtype=policy,
    )


def compile_network(model, config):
    options = {"learning_rate": config.learning_rate}
    if config.accumulation > 1:
        options["gradient_accumulation_steps"] = config.accumulation
    if config.optimizer == "adamw":
        options["weight_decay"] = config.weight_decay
    optimizer = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
    }[config.optimizer](**options)
    loss, weights = SquaredError(), None
    if config.head:
        loss = {"reconstruction": loss, "anomaly_logits": MaskLoss()}
        weights = {
            "reconstruction": config.reconstruction_weight,
            "anomaly_logits": config.head_weight,
        }
    # XLA's convolutions on a CPU are far slower than oneDNN's; JAX has no
    # other.
    model.compile(
        optimizer,
        loss=loss,
        loss_weights=weights,
        jit_compile=keras.backend.backend() == "jax",
    )


def make_dataset(images, others, bank, config, validation=False):
    """Corrupted batches; those for validation are the same each epoch."""
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
    augment = None
    if not validation:
        augment = Augmentation.from_config(config)
    return CorruptionDataset(
        images,
        corrupt,
        batch_size=config.batch_size,
        seed=config.seed + (VALIDATION_SEED if validation else 0),
        mask_weight=config.mask_weight,
        augment=augment,
        masks_as_target=config.head,
        prefetch=not validation,
    )


def finished_detector(model, config):
    """The trained network in float32, inside an uncalibrated detector."""
    network = build_network(config)
    network.set_weights(model.get_weights())
    return Detector(
        network,
        anomaly_map=config.anomaly_map,
        sigma=config.sigma,
        normalise=config.normalise,
        score=config.score,
        top_fraction=config.top_fraction,
    )


def columns(rows):
    return {key: [row[key] for row in rows] for key in rows[0]}


def to_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def drawing(say):
    def progress(done, total):
        if done == 1 or done == total:
            say(f"built-in capsules: {done} of {total} drawn")

    return progress
