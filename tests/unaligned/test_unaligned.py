import numpy as np
import pytest

from kerasad.data.category import read_sample
from kerasad.data.layouts import open_category
from kerasad.errors import InputError
from kerasad.unaligned import CATEGORIES, scattered, texture, turned

DRAW = {
    "cloth": texture.draw_cloth,
    "nuts": scattered.draw_nuts,
    "turned": turned.draw_turned,
}
FLAWS = [(n, d) for n, module in CATEGORIES.items() for d in module.DEFECTS]


@pytest.mark.parametrize(("name", "defect"), FLAWS)
def test_a_flaw_changes_what_its_mask_marks_and_nothing_else(name, defect):
    for seed in range(3):
        good, empty = DRAW[name](np.random.default_rng(seed), 128)
        image, mask = DRAW[name](np.random.default_rng(seed), 128, defect)
        again, _ = DRAW[name](np.random.default_rng(seed), 128, defect)
        np.testing.assert_array_equal(image, again)
        assert image.dtype == np.uint8 and image.shape == (128, 128, 3)
        assert not empty.any() and mask.any() and mask.mean() < 0.08
        change = np.abs(image.astype(int) - good).max(axis=-1)
        assert change[mask].mean() > 4.0
        # Beside the mask differences are too faint to be seen.
        assert np.quantile(change[~mask], 0.99) <= 6


@pytest.mark.parametrize("name", CATEGORIES)
def test_no_two_pictures_lie_alike(name):
    images = [DRAW[name](np.random.default_rng(i), 64)[0] for i in range(12)]
    grey = np.stack(images).mean(axis=-1)
    at_a_pixel, everywhere = grey.var(axis=0).mean(), grey.var()
    # Each capsule covers the middle of its picture.
    least = 0.4 if name == "turned" else 0.75
    assert at_a_pixel > least * everywhere


@pytest.mark.parametrize("name", CATEGORIES)
def test_same_scene_at_any_size(name):
    small, _ = DRAW[name](np.random.default_rng(5), 128)
    large, _ = DRAW[name](np.random.default_rng(5), 256)
    halved = large.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    correlation = np.corrcoef(small.ravel(), halved.ravel())[0, 1]
    assert correlation > 0.97


@pytest.mark.parametrize(("name", "module"), CATEGORIES.items())
def test_category(name, module, tmp_path):
    few = dict.fromkeys(list(module.DEFECTS)[:2], 1)
    folder = module.write_category(
        tmp_path / name, size=64, train=2, good=1, defects=few
    )
    assert len(open_category(folder).samples("train")) == 2
    samples = open_category(folder).samples("test")
    assert [sample.label for sample in samples] == [0, 1, 1]
    assert all(read_sample(s)[1].any() == s.label for s in samples)
    with pytest.raises(InputError, match="new or empty"):
        module.write_category(folder)


@pytest.mark.parametrize("draw", DRAW.values())
def test_bad_arguments(draw):
    with pytest.raises(ValueError, match="Received: defect='moth'"):
        draw(np.random.default_rng(0), 64, "moth")
    with pytest.raises(ValueError, match="Received: size=8"):
        draw(np.random.default_rng(0), 8)
