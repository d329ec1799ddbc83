"""What a detector's maps are of normal images: their mean and spread."""

import numpy as np
from keras import ops

from kerasad.calibration.roughness import roughened
from kerasad.layers.compiled import Compiled
from kerasad.moments import Moments

IMAGES = 200  # at most, that the spread of the maps is learnt from


def spread_of(detector, images, batch_size):
    """Mean and scale, both `(C, H, W)`, see `Moments.mean_and_scale`.

    Images vary at least by a grey value, see `roughened`. A method that
    remembers images does not compare one with itself. Where it has kept what
    it has seen of some, see `Method.kept`, those are looked at.

    Args:
        images: uint8 `(n, *image_size, 3)`, those that the method was fitted
            to, in the same order.
    """
    fitted, method = images[:IMAGES], detector.method
    rough, kept = roughened(fitted), method.kept
    moments = Moments(detector.map_mean.shape)
    if rough is fitted and kept is not None:
        given, owners = kept.features[:IMAGES], kept.places[:IMAGES]
        maps_of, unit = method.maps_of_kept, 1.0
    else:
        given, owners = rough, np.arange(len(rough))
        maps_of, unit = method.left_out_maps, 255.0
        if rough is not fitted:
            owners[:] = -1  # no longer those that the method knows

    def left_out(batch):
        maps = maps_of(batch["given"], batch["owners"])
        return detector.filtered(maps)

    program = Compiled(detector, left_out)
    for start in range(0, len(given), batch_size):
        part = slice(start, start + batch_size)
        floats = given[part].astype("float32") / np.float32(unit)
        batch = {"given": floats, "owners": owners[part]}
        moments.add(program.predict_on_batch(batch))
    return moments.mean_and_scale(method.map_weights, method.even)


def spread_under_shift(detector, shifted):
    """The same of images that the domain has normalised.

    Args:
        shifted: `kerasad.domain.copies.Shifted`.

    Returns:
        Mean and scale, and what makes each image strange, for `fit_novelty`.
    """
    moments, strange = Moments(detector.map_mean.shape), []
    method, kept = detector.method, detector.method.kept
    features = None if kept is None else kept.shifted

    def maps_of(given):
        if features is not None:
            return detector.filtered(method.maps_of_kept(given, None))
        changed = ops.ones_like(given[:, 0, 0, 0]) > 0.0
        return detector.filtered(detector.outputs_of(given, changed)["maps"])

    program, start = Compiled(detector, maps_of), 0
    if features is None:
        batches = shifted.batches(IMAGES)
    else:
        batches = shifted.looks(min(IMAGES, len(features)))
    for batch in batches:
        if features is None:
            given = batch["images"]
        else:
            given = features[start : start + len(batch["seen"])]
            given = given.astype("float32")
        start += len(given)
        moments.add(program.predict_on_batch(given), batch["seen"])
        strange.append(batch["strange"])
    found = moments.mean_and_scale(method.map_weights, method.even)
    return *found, np.concatenate(strange)
