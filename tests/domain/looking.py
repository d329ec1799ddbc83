import numpy as np

from kerasad.layers.compiled import Compiled


def floats(images):
    return np.asarray(images, "float32") / np.float32(255.0)


def looking(layer):
    """A function from uint8 images to what a domain tells of them."""

    def both(images):
        found = layer.estimate(images)
        return layer(images) | {key: found[key] for key in ("relit", "gain")}

    program = Compiled(layer, both)
    return lambda images: program.predict_on_batch(floats(images))
