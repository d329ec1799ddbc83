import numpy as np
import pytest

from kerasad.data.corruption import PatchCorruption
from kerasad.data.corruption_kinds import KINDS
from kerasad.data.foreground import foreground_map
from kerasad.data.textures import TextureBank

MIXTURE = {name: 1.0 for name in KINDS}


def textures(*colours):
    return TextureBank(
        [np.full((64, 64, 3), colour, "uint8") for colour in colours]
    )


@pytest.fixture
def images(rng):
    """A speckled disc on plain ground, which moves a little."""
    rows, columns = np.mgrid[:96, :96]
    result = []
    for _ in range(6):
        top, left = rng.integers(44, 53, size=2)
        disc = (rows - top) ** 2 + (columns - left) ** 2 < 24**2
        image = np.full((96, 96, 3), 210.0) + rng.normal(size=(96, 96, 1))
        stripes = 60 + 50 * (columns[disc] // 5 % 2)
        image[disc] = stripes[:, None] * [1.0, 0.6, 0.4]
        result.append(image.clip(0, 255).astype("uint8"))
    return np.stack(result)


@pytest.fixture
def image(images):
    return images[0].astype("float32") / 255


def test_formula_of_the_paper(image):
    # With one texture colour, overlapping patches have the same content.
    corrupt = PatchCorruption(textures(51), patches=(1, 4))
    for seed in range(20):
        corrupted, mask = corrupt(image, np.random.default_rng(seed))
        weight = mask[..., None]
        expected = weight * 0.2 + (1 - weight) * image
        np.testing.assert_allclose(corrupted, expected, atol=1e-6)
        assert corrupted.dtype == mask.dtype == np.float32
        assert mask.max() > 0.95


def test_outside_the_mask_nothing_changes(image):
    corrupt = PatchCorruption(textures(0, 255))
    corrupted, mask = corrupt(image, np.random.default_rng(4))
    outside = mask == 0
    assert outside.mean() > 0.5
    np.testing.assert_array_equal(corrupted[outside], image[outside])


def test_masks_are_real_valued_and_of_all_sizes(image):
    corrupt = PatchCorruption(textures(0), patches=(1, 1))
    masks = [corrupt(image, np.random.default_rng(s))[1] for s in range(100)]
    soft = [((m > 0.01) & (m < 0.99)).sum() / (m > 0.01).sum() for m in masks]
    assert np.median(soft) > 0.1
    areas = [(mask > 0.5).sum() for mask in masks]
    assert min(areas) < 30 and max(areas) > 500


@pytest.mark.parametrize("kind", [*KINDS, "mixture"])
def test_pure_in_range_and_input_kept(images, image, kind):
    kinds = MIXTURE if kind == "mixture" else {kind: 1.0}
    corrupt = PatchCorruption(
        textures(30, 99), kinds=kinds, images=images, foreground="auto"
    )
    before = image.copy()
    changed = 0
    for seed in range(10):
        corrupted, mask = corrupt(image, np.random.default_rng(seed))
        again = corrupt(image, np.random.default_rng(seed))
        np.testing.assert_array_equal(corrupted, again[0])
        np.testing.assert_array_equal(mask, again[1])
        assert corrupted.shape == image.shape and mask.shape == (96, 96)
        for values in (corrupted, mask):
            assert np.isfinite(values).all()
            assert values.min() >= -1e-6 and values.max() <= 1 + 1e-6
        changed += mask.sum() >= 10
    assert changed >= 8
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("kind", [*KINDS, "mixture"])
def test_masks_are_honest(images, image, kind):
    kinds = MIXTURE if kind == "mixture" else {kind: 1.0, "scratch": 1e-9}
    corrupt = PatchCorruption(textures(200), kinds=kinds, images=images)
    for seed in range(10):
        corrupted, mask = corrupt(image, np.random.default_rng(seed))
        change = np.abs(corrupted - image).max(axis=-1)
        assert (mask[change < 3 / 255] == 0).all()
        strong = (change > 60 / 255).sum()  # no defect without a label
        assert (mask[change > 60 / 255] > 0.1).sum() >= 0.8 * strong


def test_on_a_strip_a_defect_is_about_as_high_as_wide(rng):
    strip = rng.uniform(size=(64, 1024, 3)).astype("float32")
    bank = TextureBank([rng.integers(256, size=(64, 64, 3), dtype="uint8")])
    corrupt = PatchCorruption(bank, patches=(1, 1), size=(0.05, 0.2))
    for _ in range(20):
        rows, columns = np.nonzero(corrupt(strip, rng)[1])
        ratio = np.ptp(columns) / np.ptp(rows)
        assert 1 / 4 < ratio < 4


def test_clean_share(image):
    corrupt = PatchCorruption(textures(0), clean_share=0.5)
    rng = np.random.default_rng(0)
    results = [corrupt(image, rng) for _ in range(200)]
    clean = [r for r in results if r[1].max() == 0]
    assert 70 < len(clean) < 130
    assert all(np.array_equal(corrupted, image) for corrupted, _ in clean)


def test_opacity_limits_the_mask(image):
    corrupt = PatchCorruption(textures(0), opacity=(0.3, 0.3), patches=(1, 1))
    _, mask = corrupt(image, np.random.default_rng(0))
    assert mask.max() == pytest.approx(0.3, abs=1e-3)


def test_auto_foreground_draws_patches_to_the_object(images, image):
    def share_on_the_object(foreground):
        corrupt = PatchCorruption(
            textures(0), images=images, foreground=foreground, size=(0.05, 0.1)
        )
        rng, disc = np.random.default_rng(0), image[..., 0] < 0.6
        masks = sum(corrupt(image, rng)[1] for _ in range(200))
        return masks[disc].sum() / masks.sum()

    assert share_on_the_object(None) < 0.4
    assert share_on_the_object("auto") > 0.7
    corner = np.zeros((2, 2))
    corner[0, 0] = 1
    assert share_on_the_object(corner) < 0.2


def test_a_texture_has_no_ground(rng):
    noise = rng.integers(256, size=(5, 64, 64, 3), dtype="uint8")
    assert np.ptp(foreground_map(noise)) == 0


@pytest.mark.parametrize("shape", [(16, 300), (33, 20)])
def test_unusual_shapes(images, rng, shape):
    corrupt = PatchCorruption(
        textures(9), kinds=MIXTURE, images=images, size=(0.01, 1.0)
    )
    image = rng.random((*shape, 3), dtype="float32")
    for _ in range(30):
        corrupted, mask = corrupt(image, rng)
        assert corrupted.shape == image.shape and mask.shape == shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kinds": {"rust": 1}}, "'rust'"),
        ({"kinds": {"texture": 0}}, "kinds"),
        ({"textures": None}, "TextureBank"),
        ({"foreground": "auto"}, "images given: False"),
        ({"size": (0.5, 0.1)}, "Received: size="),
        ({"clean_share": 2}, "Received: clean_share=2"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        PatchCorruption(**{"textures": textures(0), **arguments})
