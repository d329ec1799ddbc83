from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from kerasad.layers.patch_memory import PatchMemory
from kerasad.maps import upsample
from kerasad.methods.method import Method
from kerasad.settings import Settings, key, require

# Fine to coarse. Only the finest looks beyond its own place: a step of the
# others is as far as a product lies off.
MEMORIES = {
    "memory-1": {"scale": 1, "stride": 4, "window": 1},
    "memory-2": {"scale": 2, "stride": 4, "window": 0},
    "memory-4": {"scale": 4, "stride": 2, "window": 0},
}
LEAST = 32  # pixels: 8 x 8 of the image averaged down by 4


@dataclass(frozen=True)
class PatchMemorySettings(Settings):
    """Keys of the memory of raw patches."""

    memory_images: int = key(200, 1)  # in the memory; those beyond are not

    def check(self, run):
        expected = f"at least {LEAST} for a patch memory"
        require(min(run.sides) >= LEAST, "image_size", expected, run)


@keras.saving.register_keras_serializable(package="kerasad")
class PatchMemoryMethod(Method):
    """Distance to the nearest patch of a normal image, at three scales.

    Fitted without gradients; see `kerasad.layers.PatchMemory`.

    Args:
        image_size: pair of ints, `(height, width)` in pixels.
        memory_images: int. Capacity of the memories.
    """

    Config = PatchMemorySettings
    map_names = tuple(MEMORIES)

    def __init__(self, image_size, memory_images=200, **kwargs):
        super().__init__(**kwargs)
        self.image_size = tuple(image_size)
        self.memory_images = memory_images
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
            memory.build((None, *self.image_size, 3))
        self.built = True

    @classmethod
    def from_settings(cls, settings, image_size, count):
        return cls(image_size, min(settings.memory_images, count))

    def fit(self, images, held_out, run):
        for memory in self.memories:
            memory.fit(
                images[: self.memory_images], np.random.default_rng(run.seed)
            )
        return []

    def call(self, images):
        return {"maps": self.left_out_maps(images, None)}

    def left_out_maps(self, images, owners):
        maps = [
            upsample(memory(images, owners=owners), *self.image_size)
            for memory in self.memories
        ]
        return ops.stack(maps, axis=-1)

    def get_config(self):
        return {
            "image_size": list(self.image_size),
            "memory_images": self.memory_images,
            "name": self.name,
        }
