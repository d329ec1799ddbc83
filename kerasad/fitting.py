"""One training: from images in memory to a detector without threshold."""

import keras

from kerasad.batches import make_dataset
from kerasad.building import build_network, compile_network
from kerasad.checkpoint import restore_checkpoint
from kerasad.detector import Detector
from kerasad.endless import Endless
from kerasad.journal import Journal
from kerasad.precision import resolve_precision


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
        len(dataset),
        validation,
        checkpoint,
        settings,
        rows,
        best,
        progress,
        time_limit,
    )
    if len(rows) < config.epochs and not journal.out_of_time():
        model.fit(
            Endless(dataset, first=len(rows)),
            steps_per_epoch=len(dataset),
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
