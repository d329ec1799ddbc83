"""How a map becomes the score of an image: what the rule is chosen by.

    python -m benchmarks.image_scores CATEGORY DETECTOR... [--only RULE...]
        [--weights 1,1,0 ...] [--pixels] [--shift SEVERITY]

The detectors are of one recipe and differ by their seed, so by the normal
images that they held out; those get the defects of `benchmarks.synthetic`,
and the test split is not read. With `--shift` all of those images are taken
under the paper's shift of that severity. Prints Markdown: the image ROC-AUC
of each kind of defect and of all, mean over the detectors, and the least of
"all".
Maps count at every second pixel, which the filter leaves as good as whole.
"""

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from keras import ops

from benchmarks.synthetic import normal_images, synthetic_test
from kerasad import metrics
from kerasad.config import from_mapping
from kerasad.data.shifts import shift_all
from kerasad.filters import gaussian_matrix, separable
from kerasad.loading import load

BATCH = 16
STEP = 2  # pixels
FRACTIONS = (0.0, 0.001, 0.005, 0.02, 0.1, 1.0)  # 0: the maximum


@dataclass(frozen=True)
class Rule:
    """One row of the table; `None` is what the detector does."""

    sigmas: tuple = ()  # their values are averaged; none: the detector's
    # Likewise; image: by place, less the image's own median; or "".
    normalise: tuple = ("place",)
    floor: float = 1.0  # of the spread a place, in mean spreads
    fraction: float | None = None  # share that is averaged; 0: maximum
    weights: tuple = ()  # of the channels; none: equal
    power: float = 1.0  # of each channel, before the sum
    # diagonal: distance of FRACTIONS' values to those of good images, above
    # their mean only; two-sided: below as well; full: with covariance.
    statistics: str = ""


ROWS = {
    "as it is": {},
    "maximum": {"fraction": 0.0},
    "top 0.1 %": {"fraction": 0.001},
    "top 0.25 %": {"fraction": 0.0025},
    "top 0.5 %": {"fraction": 0.005},
    "top 2 %": {"fraction": 0.02},
    "top 4 %": {"fraction": 0.04},
    "sigma 2": {"sigmas": (2.0,)},
    "sigma 3": {"sigmas": (3.0,)},
    "sigma 6": {"sigmas": (6.0,)},
    "sigma 8": {"sigmas": (8.0,)},
    "sigma 8, top 0.1 %": {"sigmas": (8.0,), "fraction": 0.001},
    "sigma 2, 4 and 8": {"sigmas": (2.0, 4.0, 8.0)},
    "raw": {"normalise": ("",)},
    "raw, maximum": {"normalise": ("",), "fraction": 0.0},
    "raw, top 0.1 %": {"normalise": ("",), "fraction": 0.001},
    "raw, top 2 %": {"normalise": ("",), "fraction": 0.02},
    "raw, top 10 %": {"normalise": ("",), "fraction": 0.1},
    "raw, mean": {"normalise": ("",), "fraction": 1.0},
    "raw, sigma 2": {"normalise": ("",), "sigmas": (2.0,)},
    "raw, sigma 8, maximum": {
        "normalise": ("",),
        "sigmas": (8.0,),
        "fraction": 0.0,
    },
    "by place and raw": {"normalise": ("place", "")},
    "floor 0.5": {"floor": 0.5},
    "floor 2": {"floor": 2.0},
    "floor 4": {"floor": 4.0},
    "floor 8": {"floor": 8.0},
    "less the image's median": {"normalise": ("image",)},
    "root": {"power": 0.5},
    "square": {"power": 2.0},
    "diagonal": {"statistics": "diagonal"},
    "two-sided": {"statistics": "two-sided"},
    "full": {"statistics": "full"},
    "raw, diagonal": {"normalise": ("",), "statistics": "diagonal"},
}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("category", type=Path)
    parser.add_argument("detectors", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", help="rows of the table")
    parser.add_argument(
        "--weights", nargs="*", default=[""], help="of the channels"
    )
    parser.add_argument("--pixels", action="store_true")
    parser.add_argument("--shift", type=float, metavar="SEVERITY")
    options = parser.parse_args(arguments)
    rules = {}
    for text in options.weights:
        weights = tuple(map(float, text.split(","))) if text else ()
        for name in options.only or list(ROWS):
            rule = Rule(weights=weights, **ROWS[name])
            rules[f"{name}; {text}" if text else name] = rule
    found = {name: [] for name in rules}
    for path in options.detectors:
        detector = load(path)
        config = from_mapping(detector.provenance["config"])
        train, held_out = normal_images(options.category, config)
        images, masks, kinds = synthetic_test(train, held_out, config.seed)
        if options.shift is not None:
            images, masks, kinds = shifted(images, masks, kinds, options.shift)
        known = maps_of(detector, train, np.arange(len(train)))
        new = maps_of(detector, images)
        for name, rule in rules.items():
            row = by_kind(rule, detector, known, new, kinds)
            if options.pixels:
                row |= pixels(rule, detector, known, new, masks)
            found[name].append(row)
    kinds = list(row)
    print(f"| rule | {' | '.join(kinds)} | least |")
    print(f"| --- |{' ---: |' * (len(kinds) + 1)}")
    for name, rows in found.items():
        means = [np.mean([row[kind] for row in rows]) for kind in kinds]
        cells = [f"{value:.3f}" for value in means]
        least = min(row["all"] for row in rows)
        print(f"| {name} | {' | '.join(cells)} | {least:.3f} |")


def shifted(images, masks, kinds, severity):
    """The same under the paper's shift, less defects that leave the picture."""
    indices = range(len(images))
    images, masks, gone = shift_all(
        "paper", images, masks, 0, indices, severity
    )
    return images[~gone], masks[~gone], kinds[~gone]


def maps_of(detector, images, owners=None):
    """The maps of the method, `(C, n, H, W)`, before filter and norm."""
    rows = []
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        own = None if owners is None else owners[part]
        batch = images[part].astype("float32") / 255.0
        if own is None:
            maps = detector.method(batch)["maps"]
        else:
            maps = detector.method.left_out_maps(batch, own)
        rows.append(np.moveaxis(ops.convert_to_numpy(maps), -1, 0))
    return np.concatenate(rows, axis=1)


def by_kind(rule, detector, known, new, kinds):
    """Image ROC-AUC of each kind of defect against the good images."""
    scores, good = scores_of(rule, detector, known, new), kinds == "good"
    result = {}
    for kind in [*dict.fromkeys(kinds[~good]), "all"]:
        keep = good | (kinds == kind) if kind != "all" else good | ~good
        result[kind] = metrics.roc_auc(~good[keep], scores[keep])
    return result


def pixels(rule, detector, known, new, masks):
    sigma = rule.sigmas[0] if rule.sigmas else detector.sigma
    maps = joined(rule, sigma, rule.normalise[0], known, new)[1]
    masks = masks[:, ::STEP, ::STEP]
    result = metrics.pixel_metrics(masks, maps, fpr_limit=0.3)
    return {"pixel": result["pixel_roc_auc"], "AUPRO": result["aupro"]}


def scores_of(rule, detector, known, new):
    """Scores of the new images; of those known, what normal is is learnt."""
    fraction = rule.fraction
    if fraction is None:
        fraction = detector.top_fraction
        fraction = 0.0 if detector.score == "max" else fraction
    total = 0.0
    sigmas = rule.sigmas or (detector.sigma,)
    for sigma, normalise in itertools.product(sigmas, rule.normalise):
        alone, maps = joined(rule, sigma, normalise, known, new)
        if not rule.statistics:
            total = total + standard(top(alone, fraction), top(maps, fraction))
            continue
        good = np.stack([top(alone, f) for f in FRACTIONS], axis=-1)
        x = np.stack([top(maps, f) for f in FRACTIONS], axis=-1)
        x, good = standard(good, x), standard(good, good)
        if rule.statistics == "diagonal":
            x = np.maximum(x, 0.0)
        elif rule.statistics == "full":
            covariance = np.cov(good.T) + 1e-2 * np.eye(len(FRACTIONS))
            x = x @ np.linalg.cholesky(np.linalg.inv(covariance))
        total = total + np.square(x).sum(axis=-1)
    return total


def joined(rule, sigma, normalise, known, new):
    """The sum of the channels after filter and norm, of known and new."""
    sums = [0.0, 0.0]
    for index in range(len(known)):
        weight = rule.weights[index] if rule.weights else 1.0
        if weight == 0.0:
            continue
        pair = [blurred(x[index], sigma) for x in (known, new)]
        if rule.power != 1.0:
            pair = [np.maximum(x, 0.0) ** rule.power for x in pair]
        mean = pair[0].mean(axis=0)
        spread = pair[0].std(axis=0)
        spread = spread + rule.floor * spread.mean()
        if not normalise:
            mean, spread = mean.mean(), pair[0].std()
        for number, x in enumerate(pair):
            x = (x - mean) / spread
            if normalise == "image":
                x = x - np.median(x, axis=(1, 2), keepdims=True)
            sums[number] = sums[number] + weight * x
    return sums


def blurred(maps, sigma):
    sides = [gaussian_matrix(side, sigma)[::STEP] for side in maps.shape[1:]]
    parts = [maps[i : i + BATCH] for i in range(0, len(maps), BATCH)]
    parts = [ops.convert_to_numpy(separable(x, *sides)) for x in parts]
    return np.concatenate(parts)


def top(maps, fraction):
    """Mean of the highest share of each map."""
    flat = maps.reshape(len(maps), -1)
    count = max(1, round(fraction * flat.shape[1]))
    return np.partition(flat, -count, axis=1)[:, -count:].mean(axis=1)


def standard(known, new):
    return (new - known.mean(axis=0)) / known.std(axis=0)


if __name__ == "__main__":
    main()
