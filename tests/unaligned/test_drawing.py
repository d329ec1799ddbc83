import numpy as np
import pytest
from PIL import Image

from kerasad.errors import InputError
from kerasad.unaligned import CATEGORIES, scattered, texture

DRAW = {"cloth": texture.draw_cloth, "nuts": scattered.draw_nuts}
KINDS = [
    (name, kind)
    for name, module in CATEGORIES.items()
    for kind in module.DEFECTS
]


def pair(name, kind, seed, size=128):
    """The same scene without and with a defect, and the defect's mask."""
    draw = DRAW[name]
    good, none = draw(np.random.default_rng(seed), size)
    bad, mask = draw(np.random.default_rng(seed), size, kind)
    assert not none.any()
    return good.astype(int), bad.astype(int), mask


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_defect_changes_what_its_mask_covers(name, kind):
    for seed in range(3):
        good, bad, mask = pair(name, kind, seed)
        assert bad.shape == (128, 128, 3) and mask.shape == (128, 128)
        assert mask.any() and mask.mean() < 0.15
        change = np.abs(bad - good).max(axis=-1)
        # Visible within; outside a few levels at most, but for specks that
        # an inspector would not outline.
        assert change[mask].mean() > 4.0
        assert np.quantile(change[~mask], 0.995) <= 8


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("size", [32, 64])
def test_a_small_picture_has_a_mask(name, kind, size):
    assert pair(name, kind, seed=0, size=size)[2].any()


@pytest.mark.parametrize("name", DRAW)
def test_the_generator_alone_decides(name):
    first, _ = DRAW[name](np.random.default_rng(3), 64)
    again, _ = DRAW[name](np.random.default_rng(3), 64)
    other, _ = DRAW[name](np.random.default_rng(4), 64)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 4.0  # another pose


@pytest.mark.parametrize("name", DRAW)
def test_refusals(name):
    with pytest.raises(ValueError, match="one of"):
        DRAW[name](np.random.default_rng(0), 64, "dust")
    with pytest.raises(ValueError, match="at least 32"):
        DRAW[name](np.random.default_rng(0), 16)


@pytest.mark.parametrize("name", CATEGORIES)
def test_a_category_on_disk(name, tmp_path):
    module, folder = CATEGORIES[name], tmp_path / name
    kind = list(module.DEFECTS)[-1]
    counts = {"size": 32, "train": 2, "good": 1, "defects": {kind: 2}}
    module.write_category(folder, **counts)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*.png")}
    assert files == {
        f"ground_truth/{kind}/000_mask.png",
        f"ground_truth/{kind}/001_mask.png",
        f"test/{kind}/000.png",
        f"test/{kind}/001.png",
        "test/good/000.png",
        "train/good/000.png",
        "train/good/001.png",
    }
    mask = np.asarray(Image.open(folder / f"ground_truth/{kind}/000_mask.png"))
    assert set(np.unique(mask)) == {0, 255}
    # Fewer kinds draw the same pictures: the keys are those of all kinds.
    module.write_category(
        tmp_path / "all",
        32,
        train=1,
        good=1,
        defects={other: 1 for other in module.DEFECTS},
    )
    one = (folder / f"test/{kind}/000.png").read_bytes()
    assert one == (tmp_path / "all" / f"test/{kind}/000.png").read_bytes()
    with pytest.raises(InputError, match="new or empty"):
        module.write_category(folder, **counts)
