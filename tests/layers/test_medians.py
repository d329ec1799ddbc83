import numpy as np
from keras import ops

from kerasad.layers.medians import medians


def test_medians_are_those_of_numpy(rng):
    maps = rng.lognormal(size=(4, 33, 31)).astype("float32")
    maps[1] = 3.0
    maps[2, :5] *= 1000.0  # a defect moves nothing but the range
    found = ops.convert_to_numpy(medians(ops.convert_to_tensor(maps)))
    wanted = np.median(maps, axis=(1, 2))
    reach = np.ptp(maps, axis=(1, 2))
    assert (np.abs(found - wanted) <= reach / 2**16 + 1e-6).all()
