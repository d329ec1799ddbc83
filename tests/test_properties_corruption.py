"""Properties of the corruption: ranges, masks, and the same again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from kerasad.data.corruption import TRIES, PatchCorruption
from kerasad.data.corruption_kinds import KINDS
from kerasad.data.textures import TextureBank

QUICK = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def smooth_images(seed, count, height, width):
    """Random colours that vary slowly, uint8."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, 256, (count, 2, 1, 1, 3))
    slope = np.linspace(0, 1, width)[None, None, :, None]
    images = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * slope
    return np.repeat(images, height, axis=1).astype("uint8")


def drawn(kinds, seed, height, width, **options):
    images = smooth_images(seed, 3, height, width)
    noise = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), "uint8")
    corrupt = PatchCorruption(
        TextureBank([noise]), kinds=kinds, images=images, **options
    )
    image = images[0] * np.float32(1 / 255)
    before = image.copy()
    results = [corrupt(image, np.random.default_rng(seed)) for _ in range(2)]
    np.testing.assert_array_equal(image, before)  # not modified
    return image, *results


@pytest.mark.parametrize("kind", [*KINDS, "all"])
@QUICK
@given(seeds, st.integers(24, 64), st.integers(24, 64))
def test_ranges_and_repetition(kind, seed, height, width):
    kinds = dict.fromkeys(KINDS, 1.0) if kind == "all" else {kind: 1.0}
    image, (corrupted, mask), again = drawn(kinds, seed, height, width)
    assert corrupted.shape == image.shape and mask.shape == image.shape[:2]
    assert corrupted.dtype == mask.dtype == np.float32
    for values in (corrupted, mask):
        assert np.isfinite(values).all()
        assert -1e-6 <= values.min() and values.max() <= 1 + 1e-6
    # Nothing has changed where the mask is 0, up to what cannot be seen:
    # up to 4/255 in each try, less for a lone pixel than for several.
    changed = np.abs(corrupted - image).max(axis=-1)
    around = 1.5 * ndimage.uniform_filter(changed, 3)
    seen = np.minimum(changed, around)
    assert seen[mask == 0].max(initial=0.0) <= TRIES * 4.001 / 255
    for one, other in zip((corrupted, mask), again, strict=True):
        np.testing.assert_array_equal(one, other)


@QUICK
@given(seeds, st.floats(0.0, 1.0))
def test_foreign_texture_is_blended_as_the_mask_says(seed, opacity):
    options = {"patches": (1, 1), "opacity": (opacity, opacity)}
    image, (corrupted, mask), _ = drawn({"texture": 1}, seed, 40, 40, **options)
    assert mask.max() <= opacity + 1e-6
    # corrupted = mask * content + (1 - mask) * image, content in [0, 1]
    kept = (1 - mask[..., None]) * image
    assert (corrupted >= kept - 1e-5).all()
    assert (corrupted <= kept + mask[..., None] + 1e-5).all()


@QUICK
@given(seeds)
def test_a_clean_share_of_one_changes_nothing(seed):
    image, (corrupted, mask), _ = drawn(
        {"patch": 1}, seed, 32, 32, clean_share=1.0
    )
    np.testing.assert_array_equal(corrupted, image)
    assert not mask.any()
