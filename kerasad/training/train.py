"""From a config and a folder of good images to a calibrated detector."""

import dataclasses
import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from kerasad.calibration.cross import fold_members, out_of_fold
from kerasad.calibration.fit import fit_threshold
from kerasad.calibration.groups import numbered
from kerasad.calibration.independence import divide
from kerasad.calibration.split import split
from kerasad.capsules import builtin_capsules
from kerasad.config import Config, to_yaml
from kerasad.data.aspect import squashed
from kerasad.data.category import fingerprint
from kerasad.data.layouts import open_category
from kerasad.data.textures import textures_from_folder
from kerasad.detector import Detector
from kerasad.domain.copies import Shifted
from kerasad.domain.domain import Domain
from kerasad.domain.learning import fit_domain
from kerasad.domain.registering import registered, straightened
from kerasad.files import write_text, writing
from kerasad.loading import load
from kerasad.methods import find_method
from kerasad.plain_keras import plain_keras
from kerasad.provenance import versions
from kerasad.reports.curves import loss_curves
from kerasad.stored import chosen
from kerasad.training.checkpoint import check_settings
from kerasad.training.history import columns, from_csv, to_csv
from kerasad.training.run import Run


@dataclass
class TrainingResult:
    """A finished run: the detector, where it lies, and what it took.

    `facts` are the method's own, see `kerasad.training.run.Run`; `rows` the
    history, empty for a method without epochs.
    """

    detector: Detector
    folder: Path
    rows: list[dict]
    train_images: int
    validation_images: int
    seconds: float
    facts: dict = field(default_factory=dict)


def train(
    config: Config,
    data=None,
    out="runs/default",
    textures=None,
    resume=False,
    progress=None,
    say=lambda text: None,
    minutes=None,
    callbacks=(),
) -> TrainingResult:
    """Fits the method, calibrates on other normal images and saves.

    Args:
        config: the recipe.
        data: a folder that `kerasad.data.layouts.open_category` can read;
            `None` for the built-in capsules.
        out: folder for `detector.keras` and `config.yaml`, and, of a method
            that has epochs, `history.csv` and `curves.png`; made if missing.
        textures: folder of foreign textures; `None` for those built in.
        resume: goes on from the checkpoint that an interrupted run left in
            `out`; a finished run is left as it is and returned.
        progress, say: see `kerasad.training.run.Run`.
        minutes: time of the steps, which are as many as fit into it, and no
            more than the recipe has; the schedule of the rate is that of
            so many. With cross calibration, of each of its trainings.
        callbacks: `keras.callbacks.Callback` objects. The logs at the end of
            an epoch are a row of the history: `loss`, `val_loss`,
            `learning_rate`, `seconds`. A method without epochs calls none,
            and of cross calibration the training on all images alone does.

    Raises:
        InputError: the data, the textures or the checkpoint cannot be used.
    """
    started = time.monotonic()
    out, sides = Path(out), config.sides
    if data is None:
        data = builtin_capsules(max(sides), drawing(say))
    category = open_category(data)
    samples = category.samples("train") + category.validation
    say(f"{category.root}: {category.layout}")
    for remark in category.remarks + squashed(category.train, sides):
        say(f"warning: {remark}")
    learnt, held_out, photos = divide(category, config, say)
    check_calibration(photos, held_out, config)
    also = " and the threshold" if config.calibration == "split" else ""
    say(
        f"{len(learnt)} images to train on, {len(held_out)} held out for "
        f"validation{also}"
    )
    bank = None
    if textures is not None:
        bank = textures_from_folder(textures, max(sides))
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    run = Run(
        config.settings,
        seed=config.seed,
        textures=bank,
        checkpoint=out / "checkpoint.npz",
        resume=resume,
        identity={
            **config.flat(),
            "files": fingerprint(sample.path for sample in samples),
            "textures": None if bank is None else bank.fingerprint(),
        },
        seconds=None if minutes is None else 60.0 * minutes,
        progress=progress,
        say=say,
        callbacks=tuple(callbacks),
    )
    if resume and not checkpoints(out):
        if (out / "detector.keras").is_file():
            say(f"{out}: this run is finished; nothing is left to train")
            return finished_run(out, run.identity, len(learnt), len(held_out))
        say(f"nothing to resume in {out}: starting anew")
    elif not resume:
        remove_checkpoints(out, "checkpoint-fold-*")  # of a run before
    detector, rows = fit(config, learnt.images, held_out.images, run)
    detector.provenance = {
        "config": config.flat(),
        "seed": config.seed,
        "data": category.name,
        "files": run.identity["files"],
        "textures": run.identity["textures"],
        "photo_size": photos.size,
        "backend": keras.backend.backend(),
        "versions": versions(),
        **run.facts,
    }
    if config.calibration == "cross":
        numbers = itertools.count(1)

        def fit_without_fold(others):
            own = photos.only(others)
            parts = split(own.units, config.validation_share, config.seed)
            learnt, rest = (chosen(own.images, places) for places in parts)
            part = run.part(
                f"fold-{next(numbers)}", resume=True, facts={}, callbacks=()
            )
            return fit(config, learnt, rest, part)[0]

        detector.calibration = out_of_fold(
            photos.images,
            config.folds,
            config.seed,
            fit_without_fold,
            say,
            photos.groups,
        )
    else:
        detector.calibration = detector.calibration_of(
            held_out.images, held_out.groups
        )
        if run.facts.get("picked"):
            detector.calibration["picked"] = True
    detector.remember(learnt.fingerprints, held_out.fingerprints, photos.near)
    detector.set_threshold(config.threshold, k=config.k, fpr=config.fpr)
    write_text(out / "config.yaml", to_yaml(config))
    if rows:
        write_text(out / "history.csv", to_csv(rows))
        loss_curves(columns(rows), out / "curves.png")
    detector.save(out / "detector.keras")
    remove_checkpoints(out)
    return TrainingResult(
        detector=detector,
        folder=out,
        rows=rows,
        train_images=len(learnt),
        validation_images=len(held_out),
        seconds=time.monotonic() - started,
        facts=run.facts,
    )


def fit(config, images, held_out, run):
    """A detector without threshold, and the history of its method."""
    sides = config.sides
    kind = find_method(config.method)
    registration = None
    if config.registration == "auto":
        registration, found = registered(images, run.say)
        if found is not None:
            run.facts["registration"] = found
    if registration is not None:
        images, held_out = straightened(registration, images, held_out)
    settings = config.settings.settled(images, run)
    run = dataclasses.replace(run, settings=settings)
    keras.utils.set_random_seed(run.seed)  # of weights that are drawn
    with plain_keras():  # as it is loaded
        method = kind.from_settings(settings, sides, len(images))
        if not method.built:
            method.build((None, *sides, 3))
    domain = None
    if config.domain == "auto":
        domain = Domain(sides)
        run.facts["domain"] = found = fit_domain(domain, images)
        run.say(
            f"good images agree by {found['correlation']:.3f}: pose and light "
            if found["aligned"]
            else "good images do not lie alike: only the light "
            "of other conditions will be undone"
        )
        shifted = Shifted(domain, images, run.seed)
        run = dataclasses.replace(run, shifted=shifted)
    rows = method.fit(images, held_out, run)
    detector = detector_of(
        method, config, images, run.say, domain, registration
    )
    if domain is not None:
        run.say("and under other conditions")
        detector.fit_shifted_statistics(run.shifted)
    method.kept = None
    return detector, rows


def detector_of(method, config, images, say, domain=None, registration=None):
    """A detector without threshold of a method that has learnt.

    Args:
        method: `kerasad.methods.Method`.
        config: `kerasad.Config`, of which the score is taken.
        images: uint8 `(n, H, W, 3)`, normal images that it has learnt from,
            as it saw them.
        say: called with one line of commentary at a time.
        domain, registration: of `kerasad.domain`, or `None`.
    """
    detector = Detector(
        method,
        config.sides,
        sigma=config.sigma,
        score=config.score,
        top_fraction=config.top_fraction,
        localise=config.localise,
        domain=domain,
        registration=registration,
    )
    if config.normalise:
        say("learning what the maps of normal images look like")
        detector.fit_map_statistics(images)
    return detector


def finished_run(out, identity, train_images, validation_images):
    """What `train` returned when it ended.

    Raises:
        InputError: it had other settings.
    """
    detector = load(out / "detector.keras")
    made = dict(detector.provenance or {})
    check_settings(
        out / "detector.keras", made | made.get("config", {}), identity
    )
    rows, history = [], out / "history.csv"
    if history.is_file():
        rows = from_csv(history.read_text(encoding="utf-8"))
    return TrainingResult(
        detector=detector,
        folder=out,
        rows=rows,
        train_images=train_images,
        validation_images=validation_images,
        seconds=sum(row["seconds"] for row in rows),
        facts=made,
    )


def checkpoints(out, pattern="checkpoint*"):
    """Paths of those in a folder."""
    return list(out.glob(f"{pattern}.npz"))


def remove_checkpoints(out, pattern="checkpoint*"):
    """Deletes those in a folder."""
    for path in checkpoints(out, pattern):
        path.unlink()


def check_calibration(photos, held_out, config):
    """Refuses a threshold that so few images cannot give before the work."""
    if config.calibration == "cross":
        folds = fold_members(photos.units, config.folds, config.seed)
        rest = np.delete(numbered(photos.units)[1], folds[0])
        split(rest, config.validation_share, config.seed)
        held_out = photos
    fit_threshold(
        config.threshold,
        np.arange(len(held_out)),
        config.k,
        config.fpr,
        held_out.groups,
    )


def drawing(say):
    """A callback that says how far the built-in capsules are drawn."""

    def progress(done, total):
        if done == 1 or done == total:
            say(f"built-in capsules: {done} of {total} drawn")

    return progress
