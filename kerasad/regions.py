"""Where an anomaly map is above a threshold: boxes, areas and peaks.

With numpy alone, for a machine that has no more than a light runtime.
"""

import numpy as np


def defect_regions(anomaly_map, threshold: float, sides) -> list[dict]:
    """The 8-connected regions of a map above a threshold, the worst first.

    Args:
        anomaly_map: float, `(height, width)`, higher = more anomalous.
        threshold: of a pixel; those strictly above it are defective.
        sides: `(height, width)` of the image, upright, in whose pixels the
            answer is.

    Returns:
        For each region `box` (`[x, y, width, height]`, the smallest of whole
        pixels that contains it), `area` in pixels, at least 1, and `peak`,
        the highest value of the map in it.

    >>> anomaly_map = np.array([[0.0, 5.0], [0.0, 0.0]])
    >>> defect_regions(anomaly_map, 1.0, (100, 200))
    [{'box': [100, 0, 100, 50], 'area': 5000, 'peak': 5.0}]
    """
    anomaly_map = np.asarray(anomaly_map, "float64")
    rows, starts, stops = runs(anomaly_map > threshold)
    if not len(rows):
        return []
    labels = connected(rows, starts, stops)
    count = labels.max() + 1
    scale = np.divide(sides, anomaly_map.shape)
    areas = np.bincount(labels, stops - starts) * scale.prod()
    top, left = np.full((2, count), anomaly_map.size)
    bottom, right = np.zeros((2, count), "int64")
    peaks = np.full(count, -np.inf)
    np.minimum.at(top, labels, rows)
    np.maximum.at(bottom, labels, rows + 1)
    np.minimum.at(left, labels, starts)
    np.maximum.at(right, labels, stops)
    # One highest value a run: the pixels between two runs are passed over.
    width = anomaly_map.shape[1]
    ends = np.ravel([rows * width + starts, rows * width + stops], order="F")
    padded = np.append(anomaly_map.ravel(), -np.inf)
    np.maximum.at(peaks, labels, np.maximum.reduceat(padded, ends)[::2])
    regions = []
    for index in range(count):
        y, x = (
            (int(start * unit), int(np.ceil(stop * unit - 1e-9)))
            for start, stop, unit in (
                (top[index], bottom[index], scale[0]),
                (left[index], right[index], scale[1]),
            )
        )
        regions.append(
            {
                "box": [x[0], y[0], x[1] - x[0], y[1] - y[0]],
                "area": max(1, round(float(areas[index]))),
                "peak": float(peaks[index]),
            }
        )
    return sorted(regions, key=lambda region: -region["peak"])


def runs(mask):
    """The row, first column and column after the last of each run of `True`,
    row by row."""
    edges = np.diff(np.pad(mask, [(0, 0), (1, 1)]).astype("int8"), axis=1)
    rows, starts = np.nonzero(edges == 1)
    return rows, starts, np.nonzero(edges == -1)[1]


def connected(rows, starts, stops):
    """Numbers of the regions that runs belong to, in order of first runs."""
    width = stops.max() + 2
    # Runs of the row above that touch each run, at a corner too: from `first`
    # up to `last`.
    first = np.searchsorted(rows * width + stops, (rows - 1) * width + starts)
    last = np.searchsorted(
        rows * width + starts, (rows - 1) * width + stops, side="right"
    )
    number = np.maximum(last - first, 0)
    below = np.repeat(np.arange(len(rows)), number)
    offset = np.arange(number.sum()) - np.repeat(
        np.cumsum(number) - number, number
    )
    above = np.repeat(first, number) + offset
    root = np.arange(len(rows))
    while True:  # each run takes the least number of its neighbours, then jumps
        before = root.copy()
        least = np.minimum(root[above], root[below])
        for ends in (above, below):
            np.minimum.at(root, before[ends], least)
            np.minimum.at(root, ends, least)
        root = root[root]
        if np.array_equal(root, before):
            return np.unique(root, return_inverse=True)[1]
