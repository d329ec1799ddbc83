"""Regions by numpy alone against SciPy's labels."""

import numpy as np
import pytest
from scipy import ndimage

from kerasad.regions import defect_regions


def by_scipy(anomaly_map, threshold):
    labels, count = ndimage.label(anomaly_map > threshold, np.ones((3, 3)))
    found = []
    for number, (y, x) in enumerate(ndimage.find_objects(labels), start=1):
        own = labels == number
        box = [x.start, y.start, x.stop - x.start, y.stop - y.start]
        found.append(
            {
                "box": box,
                "area": int(own.sum()),
                "peak": float(anomaly_map[own].max()),
            }
        )
    return sorted(found, key=lambda region: -region["peak"])


@pytest.mark.parametrize("sigma", [0.0, 0.7, 1.5, 4.0])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9])
def test_the_same_as_scipy(rng, sigma, share):
    for shape in [(1, 40), (40, 1), (23, 37), (64, 64)]:
        values = ndimage.gaussian_filter(rng.normal(size=shape), sigma)
        threshold = float(np.quantile(values, 1 - share))
        found = defect_regions(values, threshold, shape)
        assert found == by_scipy(values, threshold)


def test_a_spiral_is_one_region():
    """Its ends meet only along the whole way: the worst case of merging."""
    mask = np.zeros((41, 41))
    y, x, step, length = 20, 20, (0, 1), 2
    while 0 < y < 40 and 0 < x < 40:
        for _ in range(length):
            mask[min(max(y, 0), 40), min(max(x, 0), 40)] = 1.0
            y, x = y + step[0], x + step[1]
        step, length = (step[1], -step[0]), length + 1
    assert len(defect_regions(mask, 0.5, mask.shape)) == len(
        by_scipy(mask, 0.5)
    )


def test_equal_peaks_come_row_by_row():
    mask = np.zeros((5, 9))
    mask[0, 4] = mask[2, 0] = mask[2, 8] = mask[4, 2] = 1.0
    boxes = [r["box"][:2] for r in defect_regions(mask, 0.5, mask.shape)]
    assert boxes == [[4, 0], [0, 2], [8, 2], [2, 4]]


def test_nothing_above():
    assert defect_regions(np.zeros((4, 4)), 0.0, (8, 8)) == []
