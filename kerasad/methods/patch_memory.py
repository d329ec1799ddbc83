from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from kerasad.data.alignment import AlignmentSettings
from kerasad.layers.feature_mixture import FeatureMixture
from kerasad.layers.medians import medians
from kerasad.layers.patch_features import PatchFeatures
from kerasad.layers.patch_memory import PatchMemory
from kerasad.maps import upsample
from kerasad.methods.method import Method
from kerasad.settings import key, require

# Fine to coarse. Only the finest looks beyond its own place: a step of the
# others is as far as a product lies off.
MEMORIES = {
    "memory-1": {"scale": 1, "stride": 4, "window": 1},
    "memory-2": {"scale": 2, "stride": 4, "window": 0},
    "memory-4": {"scale": 4, "stride": 2, "window": 0},
}
# Of parts that move, chosen on built-in ones, see
# benchmarks/results/accuracy.md: larger patches hardly come twice.
PATCHES = {"stride": 4, "patch": 12, "dims": 32, "inside": True}
LEAST = 32  # pixels: 8 x 8 of the image averaged down by 4


@dataclass(frozen=True)
class PatchMemorySettings(AlignmentSettings):
    """Keys of the memory of raw patches."""

    memory_images: int = key(200, 1)  # in the memory; those beyond are not

    def check(self, run):
        expected = f"at least {LEAST} for a patch memory"
        require(min(run.sides) >= LEAST, "image_size", expected, run)


@keras.saving.register_keras_serializable(package="kerasad")
class PatchMemoryMethod(Method):
    """How far patches are from those of normal images, at three scales.

    Where parts are aligned that is the distance to the nearest patch seen at
    its place, see `kerasad.layers.PatchMemory`; where they move, how
    unlikely a patch is anywhere, see `kerasad.layers.FeatureMixture`, less
    the median of the image, at the finest scale alone. Fitted without
    gradients.

    Args:
        image_size: pair of ints, `(height, width)` in pixels.
        memory_images: int. Capacity of the memories.
        unaligned: bool. Whether parts move.
    """

    Config = PatchMemorySettings

    def __init__(
        self, image_size, memory_images=200, unaligned=False, **kwargs
    ):
        super().__init__(**kwargs)
        self.image_size = tuple(image_size)
        self.memory_images = memory_images
        self.unaligned = unaligned
        shape = (None, *self.image_size, 3)
        if unaligned:
            self.patches = PatchFeatures(
                name="patches", dtype="float32", **PATCHES
            )
            self.patches.build(shape)
            self.mixture = FeatureMixture(name="mixture", dtype="float32")
            self.mixture.build(self.patches.compute_output_shape(shape))
        else:
            self.memories = [
                PatchMemory(
                    memory=memory_images,
                    name=name.replace("-", "_"),
                    dtype="float32",
                    **options,
                )
                for name, options in MEMORIES.items()
            ]
            for memory in self.memories:
                memory.build(shape)
        self.built = True

    @property
    def map_names(self):
        """Three scales by place, or one where there are no places."""
        return ("patches",) if self.unaligned else tuple(MEMORIES)

    @classmethod
    def from_settings(cls, settings, image_size, count):
        images = min(settings.memory_images, count)
        return cls(image_size, images, settings.unaligned)

    def fit(self, images, held_out, run):
        images = images[: self.memory_images]
        if self.unaligned:
            rng = np.random.default_rng(run.seed)
            self.patches.fit_components(images, rng)
            self.mixture.fit(self.patches.features_of(images), rng)
            return []
        for memory in self.memories:
            memory.fit(images, np.random.default_rng(run.seed))
        return []

    def call(self, images):
        return {"maps": self.left_out_maps(images, None)}

    def left_out_maps(self, images, owners):
        if self.unaligned:  # one image is too little of a mixture
            found = self.mixture(self.patches(images))
            return (found - medians(found)[:, None, None])[..., None]
        maps = [
            upsample(memory(images, owners=owners), *self.image_size)
            for memory in self.memories
        ]
        return ops.stack(maps, axis=-1)

    def get_config(self):
        return {
            "image_size": list(self.image_size),
            # Of a mixture no image is kept, and a file promises none.
            "memory_images": 0 if self.unaligned else self.memory_images,
            "unaligned": self.unaligned,
            "name": self.name,
        }
