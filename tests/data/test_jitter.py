import numpy as np

from kerasad.data.jitter import Jitter


def test_pure_and_of_the_same_kind(rng):
    image = rng.integers(0, 256, (20, 30, 3), dtype="uint8")
    before = image.copy()
    first = Jitter()(image, np.random.default_rng(3))
    again = Jitter()(image, np.random.default_rng(3))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(image, before)
    assert first.shape == image.shape and first.dtype == np.uint8


def test_shift_moves_by_whole_pixels(rng):
    image = rng.integers(0, 256, (20, 30, 3), dtype="uint8")
    moved = Jitter(shift=3, light=0.0)(image, np.random.default_rng(0))
    found = [
        (down, right)
        for down in range(-3, 4)
        for right in range(-3, 4)
        if np.array_equal(
            moved[3:-3, 3:-3],
            image[3 + down : 17 + down, 3 + right : 27 + right],
        )
    ]
    assert len(found) == 1


def test_light_stays_within_its_bounds(rng):
    image = np.full((4, 4, 3), 100, "uint8")
    levels = [
        Jitter(shift=0, light=0.1)(image, np.random.default_rng(seed))
        for seed in range(200)
    ]
    low, high = np.min(levels), np.max(levels)
    assert 100 * 0.9**2 - 12.75 - 1 <= low < 90
    assert 110 < high <= 100 * 1.1**2 + 12.75 + 1
