"""From a config and a folder of good images to a calibrated detector."""

import itertools
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from kerasad.building import build_network, compile_network
from kerasad.calibration import fold_members, out_of_fold
from kerasad.checkpoint import check_settings, restore_checkpoint
from kerasad.config import Config, to_yaml
from kerasad.data.augmentation import Augmentation
from kerasad.data.builtin import builtin_capsules
from kerasad.data.corruption import PatchCorruption
from kerasad.data.datasets import CorruptionDataset, ImageDataset
from kerasad.data.images import load_images
from kerasad.data.jitter import Jitter
from kerasad.data.mvtec import fingerprint, training_samples
from kerasad.data.textures import builtin_textures, textures_from_folder
from kerasad.detector import Detector, load
from kerasad.errors import InputError
from kerasad.files import write_text, writing
from kerasad.history import columns, from_csv, to_csv
from kerasad.journal import Journal
from kerasad.layers.context import HostContext
from kerasad.precision import resolve_precision
from kerasad.provenance import versions
from kerasad.reports.figures import loss_curves
from kerasad.thresholds import fit_threshold

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
    minutes=None,
) -> TrainingResult:
    """Trains, calibrates on normal images and saves.

    Args:
        config: the recipe.
        data: a category in MVTec layout, or a folder of good images; `None`
            for the built-in capsules.
        out: folder for `detector.keras`, `config.yaml`, `history.csv` and
            `curves.png`; made if missing.
        textures: folder of foreign textures; `None` for those built in.
        resume: goes on from the checkpoint that an interrupted run left in
            `out`; a finished run is left as it is and returned.
        progress: see `kerasad.journal.Journal`.
        say: called with one line of commentary at a time.
        minutes: time limit of the epochs, see `kerasad.journal.Journal`;
            the schedule of the rate stays that of the whole run. With cross
            calibration, of each of its trainings.

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
    check_calibration(len(images), len(held_out), config)
    say(
        f"{len(chosen)} images to train on, {len(held_out)} held out for "
        "validation"
        + (" and the threshold" if config.calibration == "split" else "")
    )
    bank = texture_bank(textures, config)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    settings = {
        **asdict(config),
        "files": fingerprint(paths),
        "textures": None if bank is None else bank.fingerprint(),
    }
    resuming = resume and checkpoint.is_file()
    if not resuming:
        remove_folds(out)  # of a run before
    if resume and not resuming and (out / "detector.keras").is_file():
        say(f"{out}: this run is finished; nothing is left to train")
        return finished_run(out, settings, len(chosen), len(held_out))
    limit = None if minutes is None else 60.0 * minutes
    detector, journal, updates = fit(
        config,
        train_images,
        held_out_images,
        bank,
        checkpoint,
        settings,
        resume,
        progress,
        say,
        limit,
    )
    policy, reason = resolve_precision(config.precision)
    detector.provenance = {
        "config": asdict(config),
        "seed": config.seed,
        "data": Path(data).name,
        "files": settings["files"],
        "textures": settings["textures"],
        "backend": keras.backend.backend(),
        "versions": versions(),
        "precision": policy,
        "updates": updates,
    }
    if config.calibration == "cross":
        numbers = itertools.count(1)

        def fit_without_fold(others):
            chosen, held_out = split(len(others), config)
            return fit(
                config,
                others[chosen],
                others[held_out],
                bank,
                out / f"checkpoint-fold-{next(numbers)}.npz",
                settings,
                resume=True,
                progress=progress,
                time_limit=limit,
            )[0]

        detector.calibration = out_of_fold(
            images, config.folds, config.seed, fit_without_fold, say
        )
    else:
        detector.calibration = detector.calibration_of(held_out_images)
    detector.set_threshold(config.threshold, k=config.k, fpr=config.fpr)
    write_text(out / "config.yaml", to_yaml(config))
    write_text(out / "history.csv", to_csv(journal.rows))
    loss_curves(columns(journal.rows), out / "curves.png")
    detector.save(out / "detector.keras")
    checkpoint.unlink(missing_ok=True)
    remove_folds(out)
    return TrainingResult(
        detector=detector,
        folder=out,
        rows=journal.rows,
        precision=policy,
        precision_reason=reason,
        train_images=len(chosen),
        validation_images=len(held_out),
        updates=updates,
        seconds=time.monotonic() - started,
    )


def finished_run(out, settings, train_images, validation_images):
    """What `train` returned when it ended, but for the reason of the precision.

    Raises:
        InputError: it had other settings.
    """
    detector = load(out / "detector.keras")
    made = detector.provenance or {}
    saved = {
        **made.get("config", {}),
        "files": made.get("files"),
        "textures": made.get("textures"),
    }
    check_settings(out / "detector.keras", saved, settings)
    rows = from_csv((out / "history.csv").read_text(encoding="utf-8"))
    return TrainingResult(
        detector=detector,
        folder=out,
        rows=rows,
        precision=made["precision"],
        precision_reason="as it was trained",
        train_images=train_images,
        validation_images=validation_images,
        updates=made.get("updates", 0),
        seconds=sum(row["seconds"] for row in rows),
    )


def remove_folds(out):
    for path in out.glob("checkpoint-fold-*.npz"):
        path.unlink()


def fit(
    config,
    train_images,
    held_out_images,
    bank,
    checkpoint,
    settings,
    resume=False,
    progress=None,
    say=lambda text: None,
    time_limit=None,
):
    """A detector without threshold, the journal of its epochs, its updates."""
    policy, _ = resolve_precision(config.precision)
    keras.utils.set_random_seed(config.seed)
    model = build_network(config, policy, config.crop or None)
    compile_network(model, config)
    dataset = make_dataset(train_images, train_images, bank, config)
    validation = make_dataset(
        held_out_images, train_images, bank, config, validation=True
    )
    rows, best = [], None
    if resume and checkpoint.is_file():
        rows, best = restore_checkpoint(checkpoint, model, settings)
        say(f"going on after epoch {len(rows)} of {config.epochs}")
    elif resume:
        say(f"nothing to resume in {checkpoint.parent}: starting anew")
    journal = Journal(
        config,
        dataset,
        checkpoint,
        settings,
        rows,
        best,
        progress,
        time_limit,
    )
    if len(rows) < config.epochs and not journal.out_of_time():
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
    say("learning what the maps of normal images look like")
    detector = finished_detector(model, config, train_images)
    return detector, journal, int(model.optimizer.iterations)


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


def check_calibration(count, held_out, config):
    """Refuses a threshold that so few images cannot give before the work."""
    if config.calibration == "cross":
        folds = fold_members(count, config.folds, config.seed)
        split(count - len(folds[0]), config)
        held_out = count
    fit_threshold(config.threshold, np.arange(held_out), config.k, config.fpr)


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


def finished_detector(model, config, train_images):
    """The trained network in float32, in a detector without threshold."""
    network = build_network(config)
    network.set_weights(model.get_weights())
    detector = Detector(
        network,
        anomaly_map=config.anomaly_map,
        sigma=config.sigma,
        normalise=config.normalise,
        alpha=config.alpha,
        memory_images=min(config.memory_images, len(train_images)),
        score=config.score,
        top_fraction=config.top_fraction,
    )
    if detector.context is not None:
        detector.context.fit(train_images)
    known = train_images[: detector.memory_images]
    detector.fit_memories(known, config.seed)
    if config.normalise:
        detector.fit_map_statistics(known)
    return detector


def drawing(say):
    def progress(done, total):
        if done == 1 or done == total:
            say(f"built-in capsules: {done} of {total} drawn")

    return progress
