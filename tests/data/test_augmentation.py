import numpy as np
import pytest
from scipy import ndimage

from kerasad.data.affine import affine, lower_resolution
from kerasad.data.augmentation import (
    AUGMENTATIONS,
    Augmentation,
    AugmentationSettings,
    augmentation_of,
)
from kerasad.data.colour_jitter import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    colour_jitter,
    gaussian_noise,
)


@pytest.fixture
def image(rng):
    noise = rng.uniform(0, 255, (48, 64, 3))
    return ndimage.gaussian_filter(noise, (3, 3, 0)).astype("uint8")


FULL = {
    "rotation": 10.0,
    "translation": 4.0,
    "scale": (0.9, 1.1),
    **AUGMENTATIONS["augmentation-2"],
}


@pytest.mark.parametrize("arguments", [*AUGMENTATIONS.values(), FULL])
def test_pure_and_of_the_same_shape(image, arguments):
    before, augment = image.copy(), Augmentation(**arguments)
    once = augment(image, np.random.default_rng(3))
    again = augment(image, np.random.default_rng(3))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(image, before)
    assert once.shape == image.shape and once.dtype == np.uint8
    assert np.array_equal(once, image) == (arguments == {})


@pytest.mark.parametrize("pose", [(7.0, 1.0, (0, 0)), (-20, 1.2, (3.0, -2.5))])
def test_affine_matches_scipy(image, pose):
    angle, scale, shift = pose
    radians = np.radians(angle)
    matrix = np.array(
        [
            [np.cos(radians), np.sin(radians)],
            [-np.sin(radians), np.cos(radians)],
        ]
    )
    matrix /= scale
    centre = (np.array(image.shape[:2]) - 1) / 2
    offset = centre - matrix @ (centre + shift)
    expected = ndimage.affine_transform(
        image[..., 0].astype("float64"),
        matrix,
        offset,
        order=1,
        mode="reflect",
    )
    moved = affine(image, angle, scale, shift)[..., 0]
    assert np.abs(moved - expected).max() <= 1.5


def test_positive_angles_turn_counter_clockwise():
    image = np.zeros((32, 32, 3), "uint8")
    image[16, 24] = 255  # right of the centre, goes up
    moved = affine(image, angle=90, fill=0)
    assert np.argwhere(moved[..., 0] > 100).mean(axis=0)[0] < 12


def test_nothing_comes_in_from_outside(image):
    bright = np.maximum(image, 100)
    for seed in range(20):
        augment = Augmentation(rotation=45, translation=20, scale=(0.5, 1.5))
        assert augment(bright, np.random.default_rng(seed)).min() >= 99


def test_masks_move_with_their_images(image):
    mask = image[..., 0] > np.median(image[..., 0])
    pose = {"angle": 9.0, "scale": 1.1, "shift": (2, 3), "fill": 0}
    moved_mask = affine(mask, **pose)
    shown = affine(np.repeat(mask[..., None] * np.uint8(255), 3, -1), **pose)
    assert moved_mask.dtype == bool
    assert ((shown[..., 0] > 127) != moved_mask).mean() < 0.03


def test_brightness_and_contrast_follow_their_formulas(image):
    np.testing.assert_array_equal(
        adjust_brightness(image, 0.7), np.rint(image * 0.7)
    )
    grey = image @ np.array([0.299, 0.587, 0.114])
    expected = np.clip(1.3 * image - 0.3 * grey.mean(), 0, 255)
    assert np.abs(adjust_contrast(image, 1.3) - expected).max() <= 0.51


def test_hue_third_of_a_circle_permutes_channels():
    red = np.full((2, 2, 3), (255, 0, 0), "uint8")
    green = adjust_hue(red, 1 / 3)
    assert np.abs(green.astype(int) - (0, 255, 0)).max() <= 6


def test_jitter_keeps_to_its_range(rng):
    grey = np.full((4, 4, 3), 100, "uint8")
    levels = [
        colour_jitter(grey, rng, brightness=0.3).mean() for _ in range(99)
    ]
    assert 69 <= min(levels) < 75 and 125 < max(levels) <= 131


def test_noise_has_the_deviation_asked_for(rng):
    grey = np.full((64, 64, 3), 128, "uint8")
    noise = gaussian_noise(grey, rng, 0.03) / 255.0 - 128 / 255
    assert noise.std() == pytest.approx(0.03, rel=0.05)
    assert noise.mean() == pytest.approx(0.0, abs=1e-3)


def test_lower_resolution_loses_detail_and_keeps_the_mean(rng):
    noise = rng.integers(256, size=(64, 64, 3), dtype="uint8")
    coarse = lower_resolution(noise, 0.5)
    assert coarse.std() < 0.7 * noise.std()
    assert coarse.mean() == pytest.approx(noise.mean(), abs=1)


def test_settings_make_the_augmentation(rng):
    still = {"jitter": 0, "light": 0.0}
    assert augmentation_of(AugmentationSettings(**still)) is None
    image = rng.integers(0, 256, (16, 16, 3), dtype="uint8")
    settings = AugmentationSettings("augmentation-1", rotation=3.0, **still)
    expected = Augmentation(3.0, colour=(0.15, 0.15, 0.05), noise=0.01)
    np.testing.assert_array_equal(
        augmentation_of(settings)(image, np.random.default_rng(1)),
        expected(image, np.random.default_rng(1)),
    )


def test_refusal():
    with pytest.raises(ValueError, match="Received: resolution=1.5"):
        Augmentation(resolution=1.5)
    with pytest.raises(ValueError, match="noise=-1"):
        Augmentation(noise=-1)
