"""Softening is a small filter, three times over."""

import numpy as np
from keras import ops
from scipy import ndimage

from kerasad.domain.copies import BATCH
from kerasad.domain.grain import softened
from kerasad.layers.compiled import Compiled


def test_softened_is_scipys_filter_three_times(rng):
    images = rng.uniform(size=(3, 9, 12, 2)).astype("float32")
    variance = np.array([0.15, 1.0, 2.0], "float32")
    found = softened(*map(ops.convert_to_tensor, (images, variance)))
    for image, side, one in zip(
        images, variance / 6, ops.convert_to_numpy(found), strict=True
    ):
        expected = image.astype("float64")
        for axis in (0, 1) * 3:
            taps = [side, 1 - 2 * side, side]
            expected = ndimage.correlate1d(expected, taps, axis, mode="reflect")
        np.testing.assert_allclose(one, expected, atol=1e-5)


def test_rows_that_are_filled_up_are_cut_off_again(rng):
    given = {"x": rng.normal(size=(3, 4)).astype("float32")}
    program = Compiled(None, lambda batch: {"twice": 2.0 * batch["x"]})
    found = program.rows(given, BATCH)["twice"]
    np.testing.assert_allclose(found, 2.0 * given["x"], rtol=1e-6)
