"""A `kerasad.models.FeatureHead` learns from features of artificial defects."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from kerasad.layers import FeatureGaussian
from kerasad.training.endless import Endless

BATCH = 16
GOOD = 4  # of them; most of a defective image is good as well
# Places, at most, of a side: most of an image is good, and tells no more.
WINDOW = 16
RATE, DECAY = 2e-3, 0.1
# Shares of a place that a defect covers: what lies between says neither that
# there is one nor that there is none.
CLEAN, FULL = 0.005, 0.1
LONGEST = 1000.0  # standard deviations, within the range of half precision


@dataclass
class Examples:
    """Features of images, and what each place shows.

    Args:
        features: float `(n, rows, columns, dims)`.
        owners: ints `(n,)`, which good image each is made of.
        covered: float `(n, rows, columns)`, share of the place that a defect
            covers; `None` where there are none.
        seen: float `(n, rows, columns)`, 1 where the image shows the place,
            and 0 where nothing is to be learnt; `None` for 1 throughout.
    """

    features: np.ndarray
    owners: np.ndarray
    covered: np.ndarray | None = None
    seen: np.ndarray | None = None

    def __post_init__(self):
        places = self.features.shape[:3]
        if self.covered is None:
            self.covered = np.zeros(places, "float16")
        if self.seen is None:
            self.seen = np.ones(places, "float16")

    @classmethod
    def joined(cls, parts):
        """Several as one."""
        names = ("features", "owners", "covered", "seen")
        columns = ([getattr(part, name) for part in parts] for name in names)
        return cls(*map(np.concatenate, columns))

    def parts(self):
        """Yields features, in single precision, and seen, batch by batch."""
        for start in range(0, len(self.features), BATCH):
            part = slice(start, start + BATCH)
            yield self.features[part].astype("float32"), self.seen[part]

    def only(self, chosen):
        """Those that are `True` in `chosen`."""
        return Examples(
            self.features[chosen],
            self.owners[chosen],
            self.covered[chosen],
            self.seen[chosen],
        )

    def window(self, index, top, left, sides):
        """Features, defective or not, and weights of some places of one."""
        box = np.s_[top : top + sides[0], left : left + sides[1]]
        covered = self.covered[index][box]
        unclear = (covered > CLEAN) & (covered < FULL)
        return (
            self.features[index][box].astype("float32"),
            (covered >= FULL).astype("float32")[..., None],
            (self.seen[index][box] * ~unclear).astype("float32"),
        )


def whitened(good, defective):
    """Both, whitened by a Gaussian that has not seen the good images.

    Features are shorter by a Gaussian that was fitted to them, and a head
    would take all new images for defective. So each half of the good images,
    with all that is made of them, is whitened by one of the other half.

    Args:
        good, defective: `Examples`.

    Returns:
        Two `Examples`, of whitened features.
    """
    found = [], []
    for half in (0, 1):
        rest = good.only(good.owners % 2 != half)
        memory = FeatureGaussian(dtype="float32")
        memory.fit(rest.parts())
        for examples, parts in zip((good, defective), found, strict=True):
            own = examples.only(examples.owners % 2 == half)
            own.features = in_parts(memory.whitened, own.features)
            parts.append(own)
    return tuple(map(Examples.joined, found))


def in_parts(compute, features):
    """`compute` of features, batch by batch, in half precision."""
    result = np.empty(features.shape, "float16")
    for start in range(0, len(features), BATCH):
        part = slice(start, start + BATCH)
        value = compute(features[part].astype("float32"))
        result[part] = np.clip(ops.convert_to_numpy(value), -LONGEST, LONGEST)
    return result


class FeatureBatches:
    """Batches of `(features, defective, weights)` for one epoch of `fit`.

    Each is a function of the seed and its number alone.

    Args:
        good, defective: `Examples`.
        steps: int, how many batches.
        seed: int.
    """

    def __init__(self, good, defective, steps, seed):
        self.good, self.defective = good, defective
        self.steps, self.seed = steps, seed
        whole = good.features.shape[1:3]
        self.sides = [min(WINDOW, side) for side in whole]
        self.free = [a - b + 1 for a, b in zip(whole, self.sides, strict=True)]

    def __len__(self):
        return self.steps

    def corner(self, covered, rng):
        """Of a window at random, with some of the defect if there is one."""
        places = np.argwhere(covered >= FULL)
        if not len(places):
            return [rng.integers(free) for free in self.free]
        shown = places[rng.integers(len(places))]
        bounds = zip(shown, self.sides, self.free, strict=True)
        return [
            rng.integers(max(0, place - side + 1), min(free - 1, place) + 1)
            for place, side, free in bounds
        ]

    def batch(self, epoch, number):
        """That of `kerasad.training.endless.Endless`; there is one epoch."""
        rng = np.random.default_rng([self.seed, number])
        rows = []
        for place in range(BATCH):
            examples = self.good if place < GOOD else self.defective
            index = rng.integers(len(examples.features))
            corner = self.corner(examples.covered[index], rng)
            row = examples.window(index, *corner, self.sides)
            flipped = rng.random() < 0.5
            rows.append([x[:, ::-1] if flipped else x for x in row])
        return tuple(np.stack(column) for column in zip(*rows, strict=True))


def train_head(head, good, defective, steps, seed, callbacks=()):
    """Teaches a head to tell defective places from good ones.

    Args:
        head: `kerasad.models.FeatureHead`, which is changed.
        good, defective: `Examples` of the same grid.
        steps: int, of 16 images each.
        seed: int.
        callbacks: `keras.callbacks.Callback` objects.
    """
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(RATE, steps), weight_decay=DECAY
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    head.compile(
        optimizer,
        # XLA's convolutions on a CPU are slow; JAX has no others.
        jit_compile=keras.backend.backend() == "jax",
    )
    with Endless(FeatureBatches(good, defective, steps, seed)) as stream:
        head.fit(
            stream,
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
        )
