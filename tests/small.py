"""Small detectors for tests, each method in its least form."""

import keras
import pytest

from kerasad.backend import BACKENDS, installed
from kerasad.detector import Detector
from kerasad.methods.fused import FusedMethod
from kerasad.methods.model_one import ModelOneMethod
from kerasad.methods.patch_memory import PatchMemoryMethod
from kerasad.methods.ssae import SSAEMethod
from kerasad.models import SSAE

SIZE = 32
MAPS = ("fused", "memory", "segmentation", "squared-error", "gradient",
        "mse-ssim")  # fmt: skip
# Large networks, or many, for what is the same on each.
on_one_backend = pytest.mark.skipif(
    keras.backend.backend() != next(filter(installed, BACKENDS)),
    reason="told on the first backend that is installed",
)


def make_detector(anomaly_map="fused", memory_images=8, **options):
    """Untrained, of 32 pixels; `anomaly_map` is one of `MAPS`."""
    keras.utils.set_random_seed(0)
    options = {"sigma": 1.0, **options}
    return Detector(make_method(anomaly_map, memory_images), SIZE, **options)


def make_method(anomaly_map, memory_images):
    memory = PatchMemoryMethod((SIZE, SIZE), memory_images)
    network = SSAE(
        image_size=SIZE, filters=(16, 16), dilations=(1, 2), blocks=1
    )
    if anomaly_map == "memory":
        return memory
    if anomaly_map == "fused":
        return FusedMethod([SSAEMethod(network, "segmentation"), memory])
    return SSAEMethod(network, anomaly_map)


def plain_detector(network, **options):
    """Of any network from images to reconstructions."""
    side = network.input_shape[1]
    return Detector(ModelOneMethod(network, "squared-error"), side, **options)
