import keras
import numpy as np
from keras import ops

from kerasad.layers.in_parts import in_parts
from kerasad.layers.once import scoring


def test_parts_add_up_to_the_whole(rng):
    images = rng.uniform(size=(5, 4, 3)).astype("float32")
    inputs = {"images": ops.convert_to_tensor(images)}
    seen = []

    def compute(given, more):
        seen.append(len(given["images"]))
        sums = ops.sum(given["images"], axis=(1, 2))
        return {"sum": sums, "pair": (more, ops.abs(more))}

    more = ops.arange(5) - 2
    with scoring():
        parts = in_parts(compute, (inputs, more), 2)
    expected = [2, 2, 1] if keras.backend.backend() == "torch" else [5]
    assert seen == expected
    whole = in_parts(compute, (inputs, more), 2)  # as traced: all at once
    assert seen == [*expected, 5]
    for found in (parts, whole):
        close = images.sum(axis=(1, 2))
        np.testing.assert_allclose(array(found["sum"]), close, rtol=1e-5)
        np.testing.assert_array_equal(
            array(found["pair"][0]), [-2, -1, 0, 1, 2]
        )
        np.testing.assert_array_equal(array(found["pair"][1]), [2, 1, 0, 1, 2])


def array(tensor):
    return ops.convert_to_numpy(tensor)
