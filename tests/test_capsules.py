import hashlib

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation

from kerasad.capsules import (
    DEFECTS,
    builtin_capsules,
    draw_capsule,
    write_category,
)
from kerasad.capsules.render import render
from kerasad.capsules.scene import sample_capsule
from kerasad.errors import InputError

FEW = {"crack": 1, "squeeze": 2}


def draw(*key, size=256, defect=None):
    return draw_capsule(np.random.default_rng(key), size, defect)


def roc_auc(normal, anomalous):
    return np.mean(np.asarray(anomalous)[:, None] > np.asarray(normal)[None])


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in folder.rglob("*.png")
    }


def test_two_may_draw_the_built_in_ones_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    drawn = []

    def other(done, total):
        if done == total and not drawn:  # the first of two is about to end
            drawn.append(builtin_capsules(32, lambda *_: drawn))

    folder = builtin_capsules(32, other)
    assert drawn == [folder] and len(digests(folder)) == 351 + 109
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_good_capsule_has_an_empty_mask(rng):
    image, mask = draw_capsule(rng)
    assert image.shape == (256, 256, 3) and image.dtype == np.uint8
    assert mask.shape == (256, 256) and mask.dtype == bool
    assert not mask.any()


def test_it_is_dark_left_orange_right_on_a_bright_ground(rng):
    image, _ = draw_capsule(rng)
    black, orange = image[110, 60].astype(int), image[104, 190].astype(int)
    assert black.max() < 60
    assert orange[0] > 120 and orange[0] > orange[1] + 40
    assert image[:20].mean() > 190


@pytest.mark.parametrize("defect", [None, *DEFECTS])
def test_the_same_seed_draws_the_same(defect):
    image, mask = draw(3, 1, size=128, defect=defect)
    again, mask_again = draw(3, 1, size=128, defect=defect)
    other, _ = draw(3, 2, size=128, defect=defect)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(mask, mask_again)
    assert (image != other).any()


@pytest.mark.parametrize("size", [64, 512])
def test_another_size_is_the_same_capsule(size):
    small, mask = draw(5, size=128, defect="squeeze")
    other, other_mask = draw(5, size=size, defect="squeeze")
    assert other.shape == (size, size, 3)
    other = Image.fromarray(other).resize((128, 128), Image.Resampling.BOX)
    difference = np.abs(np.asarray(other, "float32") - small)
    assert difference.mean() < 4
    assert other_mask.mean() == pytest.approx(mask.mean(), rel=0.2)


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_defect_is_inside_its_mask(defect):
    good, _ = draw(7, defect=None)
    bad, mask = draw(7, defect=defect)
    difference = np.abs(bad.astype(int) - good).max(axis=-1)
    outside = ~binary_dilation(mask, iterations=4)
    assert difference[mask].mean() > 6
    assert difference[outside].max() <= 10  # faint folds fade out


@pytest.mark.parametrize("defect", DEFECTS)
def test_mask_areas_are_those_of_real_defects(defect):
    areas = [100 * draw(i, defect=defect)[1].mean() for i in range(9)]
    assert 0.03 <= min(areas) and max(areas) <= 10
    if defect == "squeeze":
        assert max(areas) > 1.5
    else:
        assert np.median(areas) < 0.8


def test_an_unknown_defect_is_refused(rng):
    with pytest.raises(ValueError, match="Received: defect='rust'"):
        draw_capsule(rng, defect="rust")


def test_a_tiny_size_is_refused(rng):
    with pytest.raises(ValueError, match="Received: size=8"):
        draw_capsule(rng, size=8)


def test_simple_statistics_do_not_tell_good_from_defective():
    goods = [draw(0, i, size=128)[0] for i in range(50)]
    bads = [
        draw(1, i, size=128, defect=defect)[0]
        for defect in DEFECTS
        for i in range(10)
    ]
    goods, bads = np.stack(goods) / 255.0, np.stack(bads) / 255.0
    mean = np.mean(
        [
            render(sample_capsule(np.random.default_rng(i)), 128)
            for i in range(20)
        ],
        axis=0,
    )
    for statistic in (
        lambda x: ((x - 0.5) ** 2).mean((1, 2, 3)),
        lambda x: x.std((1, 2, 3)),
        lambda x: np.abs(np.diff(x, axis=2)).mean((1, 2, 3)),
        lambda x: ((x - mean / 255) ** 2).mean((1, 2, 3)),
    ):
        auc = roc_auc(statistic(goods), statistic(bads))
        assert 0.25 < auc < 0.75


def test_write_category_has_the_mvtec_layout(tmp_path):
    seen = []
    folder = write_category(
        tmp_path / "capsules",
        size=64,
        train=3,
        good=1,
        defects=FEW,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert sorted(digests(folder)) == [
        "ground_truth/crack/000_mask.png",
        "ground_truth/squeeze/000_mask.png",
        "ground_truth/squeeze/001_mask.png",
        "test/crack/000.png",
        "test/good/000.png",
        "test/squeeze/000.png",
        "test/squeeze/001.png",
        "train/good/000.png",
        "train/good/001.png",
        "train/good/002.png",
    ]
    assert seen == [(i, 7) for i in range(1, 8)]
    mask = Image.open(folder / "ground_truth/squeeze/001_mask.png")
    assert mask.size == (64, 64) and mask.mode == "L"
    assert set(np.unique(mask)) == {0, 255}
    assert list(tmp_path.iterdir()) == [folder]


def test_images_do_not_depend_on_the_counts(tmp_path):
    few = write_category(tmp_path / "a", 64, 1, train=1, good=1, defects=FEW)
    many = write_category(
        tmp_path / "b", 64, 1, train=3, good=2, defects={"poke": 1, **FEW}
    )
    other = write_category(tmp_path / "c", 64, 2, train=1, good=1, defects={})
    few, many, other = digests(few), digests(many), digests(other)
    assert few.items() <= many.items()
    assert not set(other.values()) & set(many.values())


def test_a_full_folder_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="expected a new or empty folder"):
        write_category(tmp_path, size=64, train=1, good=0, defects={})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_broken_run_leaves_nothing(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_category(tmp_path / "a", 64, train=4, good=0, progress=stop)
    assert list(tmp_path.iterdir()) == []
