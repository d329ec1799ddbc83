"""A method of one's own: how far a pixel lies from its mean, in deviations.

kerasad train --import own_method.py --config own_method.yaml --data part/good
"""

from dataclasses import dataclass

import keras
from keras import ops

from kerasad import Method
from kerasad.settings import Settings, key


@dataclass(frozen=True)
class PixelDeviationSettings(Settings):
    margin: float = key(0.05, 0, 1)  # added to the spread


@keras.saving.register_keras_serializable(package="mine")
class PixelDeviation(Method):
    Config = PixelDeviationSettings

    def __init__(self, margin=0.05, **kwargs):
        super().__init__(**kwargs)
        self.margin = margin

    @classmethod
    def from_settings(cls, settings, image_size, count):
        return cls(settings.margin)

    def build(self, input_shape):
        shape, fixed = input_shape[1:], {"trainable": False}
        self.mean = self.add_weight(shape=shape, name="mean", **fixed)
        self.spread = self.add_weight(shape=shape, name="spread", **fixed)
        self.built = True

    def fit(self, images, held_out, run):
        self.mean.assign(images.mean(axis=0) / 255.0)
        self.spread.assign(images.std(axis=0) / 255.0)
        return []

    def call(self, images):
        deviation = (images - self.mean) / (self.spread + self.margin)
        return {"maps": ops.mean(ops.square(deviation), -1, keepdims=True)}

    def get_config(self):
        return {"margin": self.margin, "name": self.name}
