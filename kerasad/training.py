"""From a config and a folder of good images to a calibrated detector."""

import itertools
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from kerasad.batches import split, texture_bank
from kerasad.calibration import fold_members, out_of_fold
from kerasad.checkpoint import check_settings
from kerasad.config import Config, to_yaml
from kerasad.data.builtin import builtin_capsules
from kerasad.data.images import load_images
from kerasad.data.mvtec import fingerprint, training_samples
from kerasad.detector import Detector, load
from kerasad.files import write_text, writing
from kerasad.fitting import fit
from kerasad.history import columns, from_csv, to_csv
from kerasad.precision import resolve_precision
from kerasad.provenance import versions
from kerasad.reports.figures import loss_curves
from kerasad.thresholds import fit_threshold


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


def check_calibration(count, held_out, config):
    """Refuses a threshold that so few images cannot give before the work."""
    if config.calibration == "cross":
        folds = fold_members(count, config.folds, config.seed)
        split(count - len(folds[0]), config)
        held_out = count
    fit_threshold(config.threshold, np.arange(held_out), config.k, config.fpr)


def drawing(say):
    def progress(done, total):
        if done == 1 or done == total:
            say(f"built-in capsules: {done} of {total} drawn")

    return progress
