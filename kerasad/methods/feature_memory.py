import math
from contextlib import nullcontext
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from kerasad.backbones import BACKBONES, TAPS, build_backbone
from kerasad.batches import ahead, filled
from kerasad.data.alignment import kind_of, said_of, share_at_a_place
from kerasad.data.corruption import (
    CorruptionSettings,
    corruption_of,
    with_defect,
)
from kerasad.filters import resize_matrix
from kerasad.layers.either import either
from kerasad.layers.feature_gaussian import FeatureGaussian, distance
from kerasad.layers.feature_grid import FeatureGrid
from kerasad.layers.feature_memory import FeatureMemory
from kerasad.layers.feature_mixture import FeatureMixture
from kerasad.layers.medians import medians
from kerasad.methods.method import Kept, Method, described, revived
from kerasad.models import FeatureHead
from kerasad.settings import Settings, key, require
from kerasad.sides import mean_side
from kerasad.training.collecting import Collecting
from kerasad.training.feature_head import Examples, train_head, whitened

STRIDE = 8  # pixels between places of the grid, of up to 256 pixels
LEAST = 32  # pixels
# Images in the backbone at a time while learning: more need maps so large that
# the system gives fresh pages for each, at half the speed.
BATCH = 4
SAMPLE = 256  # images that scale, alignment and memories are learnt from
# Pixels that each map is averaged over, of a grid of STRIDE, and at least three
# places of it: what moves is compared by finer detail.
POOL = {"gaussian": 20, "mixture": 12, "window": 12, "global": 12}
# The same of coarser grids, whose taps see less of a part.
COARSE_POOL = {**POOL, "mixture": 16}
KINDS = ("gaussian", "mixture", "window", "global")
# Images in a memory; in the global one, as many features as they have.
IMAGES = {"window": 200, "global": 2}
MOSTLY = 0.95  # share of a place that an image shows, to be learnt from
HEAD = 0.25  # what its map counts beside the distance
SURE = 4.0  # what lies so far below even odds is all the same
# Images with artificial defects that a head learns from, in all and made of
# each good one, at most: a picture costs more than a defect.
DEFECTS, EACH = 300, 20
TEXTURES = 256  # pixels of those drawn: larger ones take seconds
# Copies under other conditions that a Gaussian without a head learns from, or
# as many as a feature has numbers: five times as many tell no more.
FEW = 128
SHIFTED = 0.5  # of the steps, for the head under other conditions
DRAWN = 12  # of them drawn while as many are in the backbone


@dataclass(frozen=True)
class FeatureMemorySettings(Settings):
    backbone: str = key("efficientnet-lite0", choices=tuple(BACKBONES))
    weights: str = "imagenet"  # or "random", or the path of a file of them
    taps: tuple[str, ...] = ()  # layers; none: those at strides 4 and 8
    dims: int = key(100, 1, 4096)  # of a feature, at most
    memory: str = key("auto", choices=("auto", *KINDS))
    memory_images: int = key(0, 0)  # in the memory; 0: see IMAGES
    # Of a head that learns from artificial defects, where the memory is
    # Gaussian; 0: none.
    head_steps: int = key(0, 0)

    def check(self, run):
        expected = f"at least {LEAST} for a feature memory"
        require(min(run.sides) >= LEAST, "image_size", expected, run)


@keras.saving.register_keras_serializable(package="kerasad")
class FeatureMemoryMethod(Method):
    """Distance of frozen, pretrained features to those of normal images.

    Fitted without gradients: in about the time that it takes to extract the
    features twice. The backbone travels in the detector's file. Where parts
    lie still a small head may stand beside the distance: it learns, in
    seconds, from features of images with artificial defects, and its map is
    a second one, `"defects"`.

    Args:
        backbone: `keras.Model` of `kerasad.backbones`.
        image_size: pair of ints, `(height, width)` in pixels.
        dims: int. Length of a feature.
        kind: `"gaussian"`, one a place, for parts that lie still; `"window"`,
            the nearest feature seen near by, for parts of several kinds;
            `"mixture"` and `"global"`, for parts that move, by density or
            by the nearest feature; `"auto"` until `fit` chooses between
            `"gaussian"` and `"mixture"`.
        memory_images: int, see `kerasad.layers.FeatureMemory`; `None` for
            those of `IMAGES`.
        shifted: bool. Whether there is a second memory, of images that a
            `kerasad.domain.Domain` has normalised; `fit` decides.
        head, shifted_head: `kerasad.models.FeatureHead`, beside each memory,
            or `None`; `fit` decides.
        relative: bool. Whether a map of a mixture is less the median of the
            image: what all of a cloth is, a little coarser than others or in
            another light, is no defect. Files of before were not.
        stride: int, at least 8. Pixels between places of the grid; what a map
            is averaged over grows with it.
        pool: dict like `POOL`; `None` for that.
    """

    Config = FeatureMemorySettings

    def __init__(
        self,
        backbone,
        image_size,
        dims=100,
        kind="auto",
        memory_images=None,
        shifted=False,
        head=None,
        shifted_head=None,
        relative=True,
        stride=STRIDE,
        pool=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.backbone = backbone
        self.image_size = tuple(image_size)
        self.dims = dims
        self.kind = kind
        if stride < STRIDE:  # a file may ask for memories beyond measure
            raise ValueError(
                f"Argument `stride` must be at least {STRIDE}. "
                f"Received: stride={stride}"
            )
        self.stride = stride
        self.grid_size = [max(1, side // stride) for side in self.image_size]
        self.memory_images = memory_images
        pool = POOL if pool is None else pool
        if (
            set(pool) != set(POOL)
            or not 1 <= min(pool.values()) <= max(pool.values()) <= LEAST
        ):
            raise ValueError(
                f"Argument `pool` must have 1 to {LEAST} pixels for each of "
                f"{list(POOL)}. Received: pool={pool}"
            )
        self.pool = tuple(pool.items())  # Keras would wrap a dict
        # Not before the kind is known: Keras lets go of no layer it has seen.
        known = kind != "auto"
        self.grid = self.grid_of(kind) if known else None
        self.memory = self.memory_of(kind) if known else None
        self.shifted_memory = None
        if shifted:
            self.shifted_memory = self.memory_of(kind, "shifted_memory")
        for learnt in filter(None, (head, shifted_head)):
            learnt.trainable = False  # of a file: PyTorch exports no others
        self.head = head
        self.shifted_head = shifted_head
        self.relative = relative
        self.built = True

    @property
    def map_names(self):
        return ("features",) if self.head is None else ("features", "defects")

    @property
    def map_weights(self):
        """The head counts less than the distance."""
        return None if self.head is None else (1.0, HEAD)

    @property
    def even(self):
        """The map of parts that move: a place seldom taken is not calm."""
        return (True,) if self.kind in ("mixture", "global") else None

    @property
    def knows_changed(self):
        return self.shifted_memory is not None

    @classmethod
    def from_settings(cls, settings, image_size, count):
        taps = settings.taps or TAPS[settings.backbone][:2]
        weights = None if settings.weights == "random" else settings.weights
        backbone = build_backbone(settings.backbone, image_size, weights, taps)
        channels = sum(output.shape[-1] for output in backbone.outputs)
        kind, images = settings.memory, settings.memory_images or None
        if kind == "window":
            images = min(images or IMAGES[kind], count, SAMPLE)
        dims = min(settings.dims, channels)
        stride = stride_of(image_size)
        pool = POOL if stride == STRIDE else COARSE_POOL
        return cls(
            backbone, image_size, dims, kind, images, stride=stride, pool=pool
        )

    def grid_of(self, kind):
        """The layer before a memory of a kind, not fitted."""
        shapes = [output.shape for output in self.backbone.outputs]
        reach = dict(self.pool)[kind] * self.stride / STRIDE
        reach /= self.image_size[0]
        pool = [max(3, odd(reach * shape[1])) for shape in shapes]
        grid = FeatureGrid(
            self.grid_size, self.dims, pool, dtype="float32", name="grid"
        )
        grid.build(shapes)
        return grid

    def memory_of(self, kind, name="memory"):
        """The layer of a kind, empty."""
        options = {"dtype": "float32", "name": name}
        if kind == "gaussian":
            memory = FeatureGaussian(**options)
        elif kind == "mixture":
            memory = FeatureMixture(**options)
        else:
            images = self.memory_images or IMAGES[kind]
            window = 1 if kind == "window" else None
            memory = FeatureMemory(images, window, **options)
        memory.build((None, *self.grid_size, self.dims))
        return memory

    def fit(self, images, held_out, run):
        rng = np.random.default_rng(run.seed)
        # Not sorted: a memory keeps the first of them, and file names often
        # follow time, so that the last images taken would never be in it.
        chosen = rng.permutation(len(images))[:SAMPLE]
        maps, features = self.extract(images[chosen]), None
        if self.kind == "auto":
            probe = self.grid_of("gaussian")
            features = fitted(probe, maps)
            share = share_at_a_place(features)
            found = {"share": share, "kind": kind_of(share)}
            run.facts["alignment"] = found
            aligned = found["kind"] == "aligned"
            self.kind = "gaussian" if aligned else "mixture"
            run.say(f"{said_of(found)}, so the memory is {self.kind}")
            if self.kind == "gaussian":
                self.grid = probe
            else:
                self.grid, features = self.grid_of(self.kind), None
            self.memory = self.memory_of(self.kind)
        if features is None:
            features = fitted(self.grid, maps)
        del maps
        self.kept = Kept(chosen, features.astype("float16"))
        if self.kind == "gaussian":
            self.fit_gaussian(images, chosen, features, run, rng)
        elif self.kind == "mixture":
            self.memory.fit(features, rng)
        else:
            count = self.memory.memory if self.kind == "window" else None
            self.memory.fit(features[:count], chosen[:count], rng)
        if self.kind != "gaussian" and run.shifted is not None:
            self.fit_shifted(run.shifted, rng)
        return []

    def fit_gaussian(self, images, chosen, features, run, rng):
        """The memory, and a head that has half of the images judge the other.

        Args:
            features: those of `images[chosen]`.
        """
        corrupt, beside = None, nullcontext()
        if run.settings.head_steps and len(chosen) > 1:
            corrupt = corruption_of(
                CorruptionSettings(clean_share=0.0),
                run.bank(min(TEXTURES, max(self.image_size))),
                images[chosen],
            )
        if run.shifted is not None:
            # Meanwhile: a small head keeps no more than one core busy.
            beside = Collecting(self.under_conditions(run.shifted, corrupt))
        with beside as coming:
            self.memory.fit(self.all_features(images, chosen, features))
            if corrupt is not None:
                run.say("learning from artificial defects")
                good = Examples(features, np.arange(len(chosen)))
                defective = self.defective(images[chosen], corrupt, rng)
                self.head = FeatureHead(self.dims, name="head")
                self.train(self.head, good, defective, run)
            if run.shifted is not None:
                self.fit_shifted_gaussian(coming.result(), run)

    def under_conditions(self, shifted, corrupt):
        """Yields parts of `Examples`, and whether they have defects."""
        few = None if corrupt is not None else max(FEW, self.dims)
        for part in self.shifted_parts(shifted, few):
            yield part, False
        if corrupt is not None:
            for part in self.shifted_parts(shifted, DEFECTS, corrupt):
                yield part, True

    def fit_shifted_gaussian(self, parts, run):
        """Learns what normalised images of other conditions look like.

        Args:
            parts: what `under_conditions` yields.
        """
        memory = self.memory_of(self.kind, "shifted_memory")
        good, defective = (
            [part for part, has in parts if has == kind]
            for kind in (False, True)
        )
        good = Examples.joined(good)
        self.kept.shifted = good.features
        memory.fit(good.parts())
        if defective:
            defective = Examples.joined(defective)
            run.say("and from as many under other conditions")
            head = FeatureHead(self.dims, name="shifted_head")
            # Defects point in much the same directions, so it goes on from
            # what the other has learnt.
            head.set_weights(self.head.get_weights())
            self.train(head, good, defective, run, SHIFTED)
            self.shifted_head = head
        self.shifted_memory = memory

    def fit_shifted(self, shifted, rng):
        """The same of parts that move."""
        memory = self.memory_of(self.kind, "shifted_memory")
        # Conditions differ more than images: a mixture takes them all.
        most = None if self.kind == "mixture" else SAMPLE
        parts = self.shifted_parts(shifted, most)
        features = self.kept.shifted = Examples.joined(list(parts)).features
        if self.kind == "mixture":
            memory.fit(features, rng)
        else:
            # A copy is no image that was fitted.
            owners = np.full(len(features), -1)
            count = memory.memory if self.kind == "window" else None
            memory.fit(features[:count], owners[:count], rng)
        self.shifted_memory = memory

    def train(self, head, good, defective, run, share=1.0):
        """A head learns to tell `Examples` of one memory apart."""
        steps = max(1, round(share * run.settings.head_steps))
        train_head(head, *whitened(good, defective), steps, run.seed)
        head.trainable = False  # PyTorch exports no others that came later

    def defective(self, images, corrupt, rng):
        """`Examples` of images with artificial defects."""
        count = min(DEFECTS, EACH * len(images))
        owners = np.arange(count) % len(images)

        def drawn():
            for start in range(0, count, DRAWN):
                some = owners[start : start + DRAWN]
                pairs = [with_defect(images[i], corrupt, rng) for i in some]
                yield *map(np.stack, zip(*pairs, strict=True)), some

        parts = []
        for defects, masks, some in ahead(drawn()):
            maps = self.grid.project(joined(self.grid, self.extract(defects)))
            features = ops.convert_to_numpy(maps).astype("float16")
            covered = self.share_of(masks / 255.0)
            parts.append(Examples(features, some, covered))
        return Examples.joined(parts)

    def shifted_parts(self, shifted, count=None, corrupt=None):
        """Yields `Examples` of normalised copies, a batch at a time.

        With defects if `corrupt` makes them.
        """
        for batch in shifted.batches(count, corrupt):
            masks = batch.get("masks")
            yield Examples(
                self.features(batch["images"]).astype("float16"),
                batch["owners"],
                None if masks is None else self.share_of(masks),
                self.share_seen(batch["seen"]),
            )

    def features(self, images):
        """On the grid, of images float32 `(b, H, W, 3)` in `[0, 1]`."""
        maps = as_list(self.backbone.predict_on_batch(images))
        return ops.convert_to_numpy(self.grid(maps))

    def share_seen(self, seen):
        """Which places of the grid show the image, `(b, rows, columns)`."""
        return (self.share_of(seen) > MOSTLY).astype("float32")

    def share_of(self, pixels):
        """Means `(b, rows, columns)` over the places of `(b, H, W)`."""
        rows, columns = (
            resize_matrix(source, target)
            for source, target in zip(
                pixels.shape[1:], self.grid_size, strict=True
            )
        )
        return rows @ pixels.astype("float32") @ columns.T

    def all_features(self, images, chosen, features):
        """Features of every image in batches; those of `chosen` are known."""
        yield features
        rest = np.setdiff1d(np.arange(len(images)), chosen)
        for start in range(0, len(rest), SAMPLE):
            maps = self.extract(images[rest[start : start + SAMPLE]])
            features = self.grid.project(joined(self.grid, maps))
            yield ops.convert_to_numpy(features)

    def extract(self, images):
        """Feature maps of uint8 images, an array a tap, in half precision."""
        rows = []
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH]
            whole = filled(batch, min(BATCH, len(images)))
            maps = self.backbone.predict_on_batch(
                whole.astype("float32") / 255.0
            )
            maps = [x[: len(batch)].astype("float16") for x in as_list(maps)]
            rows.append(maps)
        return [np.concatenate(column) for column in zip(*rows, strict=True)]

    def call(self, images, changed=None):
        return {"maps": self.left_out_maps(images, None, changed)}

    def left_out_maps(self, images, owners, changed=None):
        grid = self.grid(as_list(self.backbone(images, training=False)))
        if changed is None:
            maps = self.maps_of(grid, self.memory, self.head, owners)
        else:
            maps = either(
                ops.convert_to_tensor(changed),
                lambda x: self.maps_of(
                    x, self.shifted_memory, self.shifted_head
                ),
                lambda x: self.maps_of(x, self.memory, self.head),
                (grid,),
            )
        return ops.stack(maps, axis=-1)

    def maps_of_kept(self, features, owners):
        features = ops.cast(features, "float32")
        if owners is None:
            memory, head = self.shifted_memory, self.shifted_head
        else:
            memory, head = self.memory, self.head
        return ops.stack(self.maps_of(features, memory, head, owners), axis=-1)

    def maps_of(self, features, memory, head, owners=None):
        """The maps on the grid, a tuple of `(B, rows, columns)`."""
        if self.kind != "gaussian":
            found = memory(features, owners=owners)
            if self.kind == "mixture" and self.relative:
                found = found - medians(found)[:, None, None]
            return (found,)
        white = memory.whitened(features, owners)
        maps = (distance(white),)
        if head is not None:
            logits = head(white, training=False)[..., 0]
            maps += (ops.softplus(logits + SURE),)
        return maps

    def get_config(self):
        return {
            "backbone": described(self.backbone),
            "image_size": list(self.image_size),
            "dims": self.dims,
            "kind": self.kind,
            "memory_images": self.memory_images,
            "shifted": self.knows_changed,
            "head": self.head and described(self.head),
            "shifted_head": self.shifted_head and described(self.shifted_head),
            "relative": self.relative,
            "stride": self.stride,
            "pool": dict(self.pool),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        before = {"head": None, "shifted_head": None, "relative": False}
        config = {**before, **config}
        return cls(**revived(config, "backbone", "head", "shifted_head"))


def as_list(maps):
    """A model of one output gives it bare."""
    return list(maps) if isinstance(maps, (list, tuple)) else [maps]


def stride_of(sides) -> int:
    """Pixels between places: larger images have as many, not more.

    >>> stride_of((256, 256)), stride_of((384, 384)), stride_of((64, 512))
    (8, 16, 8)
    """
    return STRIDE * math.ceil(mean_side(sides) / 256)


def odd(number) -> int:
    """The odd whole number next to it, at least 1."""
    return 2 * max(0, round((number - 1) / 2)) + 1


def fitted(grid, maps):
    """Fits a grid to maps, and returns their features."""
    features = joined(grid, maps)
    grid.fit(features)
    return ops.convert_to_numpy(grid.project(features))


def joined(grid, maps):
    """What `FeatureGrid.join` makes of maps in half precision, in batches."""
    parts = []
    for start in range(0, len(maps[0]), BATCH):
        batch = [x[start : start + BATCH].astype("float32") for x in maps]
        parts.append(ops.convert_to_numpy(grid.join(batch)))
    return np.concatenate(parts)
