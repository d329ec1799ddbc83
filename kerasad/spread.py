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
    remembers images does not compare one with itself.

    Args:
        images: uint8 `(n, *image_size, 3)`, those that the method was fitted
            to, in the same order.
    """
    fitted, method = images[:IMAGES], detector.method
    images = roughened(fitted)
    moments = Moments(detector.map_mean.shape)

    def left_out(batch):
        maps = method.left_out_maps(batch["images"], batch["owners"])
        return detector.filtered(maps)

    program = Compiled(detector, left_out)
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        owners = np.arange(start, start + len(batch))
        if images is not fitted:
            owners[:] = -1  # no longer those that the method knows
        batch = batch.astype("float32") / 255.0
        given = {"images": batch, "owners": owners}
        moments.add(program.predict_on_batch(given))
    return moments.mean_and_scale(method.map_weights)


def spread_under_shift(detector, shifted):
    """The same of images that the domain has normalised.

    Args:
        shifted: `kerasad.domain.copies.Shifted`.

    Returns:
        Mean and scale, and what makes each image strange, for `fit_novelty`.
    """
    moments, strange = Moments(detector.map_mean.shape), []

    def maps_of(images):
        changed = ops.ones_like(images[:, 0, 0, 0]) > 0.0
        return detector.filtered(detector.outputs_of(images, changed)["maps"])

    program = Compiled(detector, maps_of)
    for batch in shifted.batches(IMAGES):
        moments.add(program.predict_on_batch(batch["images"]), batch["seen"])
        strange.append(batch["strange"])
    weights = detector.method.map_weights
    return *moments.mean_and_scale(weights), np.concatenate(strange)
