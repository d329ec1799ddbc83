"""Each metric against its definition, threshold by threshold."""

import numpy as np
import pytest
from skimage.measure import label
from sklearn import metrics as reference

from kerasad import metrics
from kerasad.errors import InputError


@pytest.fixture(params=range(6))
def masks_and_maps(request):
    return draw(np.random.default_rng(request.param), levels=3**request.param)


def draw(rng, images=6, size=12, levels=None):
    """Some normal images, several touching regions, many equal scores."""
    masks = rng.random((images, size, size)) < 0.12
    masks[: images // 2] = False
    maps = rng.random(masks.shape) + 0.3 * masks
    if levels:
        maps = np.round(maps * levels) / levels
    return masks, maps.astype("float32")


def plain_aupro(masks, maps, fpr_limit):
    regions = []
    for index, mask in enumerate(masks):
        numbered = label(mask, connectivity=2)
        regions += [
            maps[index][numbered == i + 1] for i in range(numbered.max())
        ]
    x, y = [0.0], [0.0]
    for threshold in np.unique(maps)[::-1]:
        x.append((maps[~masks] >= threshold).mean())
        y.append(np.mean([(scores >= threshold).mean() for scores in regions]))
    # A fine grid, each vertical step placed between two of its points.
    grid = np.linspace(0, fpr_limit, 200_001)
    return np.interp(grid + 1e-9, x, y).mean()


def plain_image_recalls(masks, maps, fpr_bounds):
    normal = maps[~masks.any((1, 2))].ravel()
    candidates = np.append(np.unique(normal), -np.inf)
    fpr = np.array([(normal > t).mean() for t in candidates])
    grid = np.geomspace(*fpr_bounds, 20_001)
    thresholds = np.array([candidates[fpr <= f].min() for f in grid])
    recalls = []
    for mask, scores in zip(masks, maps, strict=True):
        flagged = scores[mask][:, None] > thresholds
        recalls.append(flagged.mean() if mask.any() else np.nan)
    return recalls


def test_roc_auc_and_ap_match_scikit_learn(masks_and_maps):
    masks, maps = masks_and_maps
    assert metrics.pixel_roc_auc(masks, maps) == pytest.approx(
        reference.roc_auc_score(masks.ravel(), maps.ravel()), abs=1e-12
    )
    assert metrics.pixel_ap(masks, maps) == pytest.approx(
        reference.average_precision_score(masks.ravel(), maps.ravel()),
        abs=1e-12,
    )


@pytest.mark.parametrize("fpr_limit", [0.05, 0.3, 1.0])
def test_aupro_follows_its_definition(masks_and_maps, fpr_limit):
    masks, maps = masks_and_maps
    expected = plain_aupro(masks, maps, fpr_limit)
    assert metrics.aupro(masks, maps, fpr_limit) == pytest.approx(
        expected, abs=2e-5
    )


def test_aupro_by_hand():
    # Regions of 1 and 2 pixels, 8 normal pixels; corners touch: 8-connected.
    masks = np.zeros((1, 3, 4), bool)
    masks[0, 0, 0] = masks[0, 1, 3] = masks[0, 2, 2] = True
    maps = np.zeros((1, 3, 4), "float32")
    maps[0, 0, 0], maps[0, 1, 3] = 3, 1
    maps[0, 0, 1] = maps[0, 0, 2] = 2
    maps[0, 2, 2] = -1
    # (0, 1/2), (2/9, 1/2), (2/9, 3/4), (1, 3/4), (1, 1)
    assert metrics.aupro(masks, maps, 2 / 9) == pytest.approx(0.5)
    assert metrics.aupro(masks, maps, 4 / 9) == pytest.approx(0.625)


@pytest.mark.parametrize("fpr_bounds", [(0.01, 0.1), (0.001, 1.0)])
def test_image_recalls_follow_their_definition(masks_and_maps, fpr_bounds):
    masks, maps = masks_and_maps
    recalls = metrics.image_recalls(masks, maps, fpr_bounds)
    expected = plain_image_recalls(masks, maps, fpr_bounds)
    np.testing.assert_allclose(recalls, expected, atol=1e-3)
    assert metrics.aupimo(masks, maps, fpr_bounds) == pytest.approx(
        np.nanmean(recalls)
    )


def test_perfect_and_constant_maps():
    masks, _ = draw(np.random.default_rng(0))
    perfect = metrics.pixel_metrics(masks, masks.astype("float32"))
    assert perfect == {
        "pixel_roc_auc": 1.0,
        "pixel_ap": pytest.approx(1.0),
        "aupro": pytest.approx(1.0),
        "aupimo": pytest.approx(1.0),
    }
    constant = metrics.pixel_metrics(masks, np.ones(masks.shape))
    assert constant == {
        "pixel_roc_auc": 0.5,
        "pixel_ap": pytest.approx(masks.mean()),
        "aupro": pytest.approx(0.15),
        "aupimo": 0.0,
    }


def test_any_rising_transform_gives_the_same(masks_and_maps):
    masks, maps = masks_and_maps
    once = metrics.pixel_metrics(masks, maps)
    assert once == metrics.pixel_metrics(masks, np.exp(5 * maps))
    assert once["aupro"] == metrics.aupro(masks, maps)
    assert once["pixel_ap"] == metrics.pixel_ap(masks, maps)


def test_one_class_only():
    maps = np.zeros((2, 4, 4))
    for masks in (np.zeros(maps.shape, bool), np.ones(maps.shape, bool)):
        assert set(metrics.pixel_metrics(masks, maps).values()) == {None}
        intervals = metrics.pixel_bootstrap(masks, maps)
        assert set(intervals.values()) == {(None, None)}
    some = np.zeros(maps.shape, bool)
    some[:, 0] = True  # no normal image, but normal pixels
    assert metrics.aupro(some, maps) is not None
    assert metrics.aupimo(some, maps) is None
    assert metrics.pixel_bootstrap(some, maps)["aupimo"] == (None, None)


def test_refusals():
    maps = np.zeros((2, 4, 4))
    masks = np.zeros((2, 4, 4), bool)
    with pytest.raises(ValueError, match=r"masks.shape=\(2, 4\)"):
        metrics.aupro(masks[:, 0], maps)
    with pytest.raises(ValueError, match="must be of type bool"):
        metrics.pixel_ap(masks.astype("uint8"), maps)
    with pytest.raises(ValueError, match="fpr_limit=0"):
        metrics.aupro(masks, maps, 0)
    with pytest.raises(ValueError, match="rise within"):
        metrics.aupimo(masks, maps, (0, 1e-4))
    maps[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="1 of 32 pixels are not"):
        metrics.pixel_roc_auc(masks, maps)


def test_pro_curve_encloses_aupro(masks_and_maps):
    masks, maps = masks_and_maps
    fpr, overlap = metrics.pro_curve(masks, maps, 0.3, points=2000)
    assert fpr.shape == overlap.shape == (2000,)
    assert fpr[0] == overlap[0] == 0 and fpr[-1] == pytest.approx(0.3)
    assert (np.diff(fpr) >= 0).all() and (np.diff(overlap) >= 0).all()
    area = np.trapezoid(overlap, fpr) / 0.3
    assert area == pytest.approx(metrics.aupro(masks, maps), abs=2e-3)


def test_pro_curve_is_undefined_without_defects():
    nothing = np.zeros((2, 4, 4), bool)
    assert metrics.pro_curve(nothing, nothing.astype("float32")) is None
