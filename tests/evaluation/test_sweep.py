import json

import numpy as np
import pytest
from PIL import Image

from kerasad import metrics
from kerasad.data.images import read_image, read_mask
from kerasad.data.layouts import open_category
from kerasad.data.shifts import SHIFTS, apply_shift
from kerasad.errors import InputError
from kerasad.evaluation.sweep import compare, sweep
from kerasad.reports.shift_table import shift_section
from kerasad.reports.sweep import sweep_figure, sweep_table
from tests.test_prediction import SIZE, make_detector


@pytest.fixture
def category(tmp_path, rng):
    """Six good images and four with a bright spot, one of them at the edge."""
    category = tmp_path / "parts"
    for index in range(10):
        pixels = rng.normal(110, 4, (SIZE, SIZE, 3)).clip(0, 255)
        pixels[8:24, 8:24] -= 40
        mask = np.zeros((SIZE, SIZE), bool)
        if index >= 6:
            mask[(0 if index == 9 else 4 * index - 12) :][:3, 14:18] = True
            pixels[mask] += 12 * (index - 5)
        defect = "good" if index < 6 else "spot"
        names = [f"test/{defect}/{index}.png"]
        arrays = [pixels.astype("uint8")]
        if index >= 6:
            names.append(f"ground_truth/{defect}/{index}_mask.png")
            arrays.append(mask.astype("uint8") * 255)
        for name, array in zip(names, arrays, strict=True):
            (category / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(category / name)
    return category


@pytest.fixture
def detector(category):
    detector = make_detector()
    goods = sorted((category / "test" / "good").iterdir())
    goods = np.stack([read_image(path) for path in goods])
    detector.fit_map_statistics(goods)
    detector.calibrate(goods, "n-sigma", k=1.0)
    return detector


def test_rows_against_scores_one_by_one(detector, category):
    seen = []
    section = sweep(
        detector,
        category,
        ["noise", "zoom"],
        [0.5, 2],
        seed=3,
        progress=lambda *done: seen.append(done),
    )
    assert seen[-1] == (50, 50)
    assert json.loads(json.dumps(section)) == section
    samples = open_category(category).samples("test")
    labels = np.array([sample.label for sample in samples])

    def scores(name, severity):
        shifted = []
        for index, sample in enumerate(samples):
            mask = np.zeros((SIZE, SIZE), bool)
            if sample.label:
                mask = read_mask(sample.mask_paths[0])
            shifted.append(
                apply_shift(
                    name, read_image(sample.path), mask, 3, index, severity
                )
            )
        result = detector.predict([image for image, _ in shifted])
        visible = np.array([mask.any() for _, mask in shifted])
        return result["anomaly_score"], visible | (labels == 0)

    before, _ = scores("noise", 0.0)
    limit = detector.threshold["threshold"]
    assert section["baseline"]["image_roc_auc"] == metrics.roc_auc(
        labels, before
    )
    assert section["baseline"]["fpr"] == np.mean(before[labels == 0] > limit)
    for row in section["rows"]:
        after, kept = scores(row["name"], row["severity"])
        auc = metrics.roc_auc(labels[kept], after[kept])
        assert row["image_roc_auc"] == auc
        without = metrics.roc_auc(labels[kept], before[kept])
        assert row["drop"] == pytest.approx(without - auc)
        assert row["fpr"] == np.mean(after[labels == 0] > limit)
        assert row["left_out"] == np.sum(~kept)
    # The zoom moves the spot at the edge out of the picture.
    assert [row["left_out"] for row in section["rows"]] == [0, 0, 1, 1]
    assert "at most 1, by zoom at severity 0.5" in section["note"]


def test_the_interval_is_paired():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    before = rng.normal(size=100) + labels
    kept = np.ones(100, bool)
    same = compare(labels, before, before + 7.0, kept, seed=0)
    assert same["drop"] == 0.0 and same["drop_interval"] == [0.0, 0.0]
    noisy = before + rng.normal(0, 0.3, 100)
    low, high = compare(labels, before, noisy, kept, seed=0)["drop_interval"]
    unpaired = metrics.bootstrap(metrics.roc_auc, labels, before, strata=labels)
    assert 0 < high - low < 0.7 * (unpaired[1] - unpaired[0])


def test_without_defective_images(detector, category):
    for path in (category / "test" / "spot").iterdir():
        path.unlink()
    section = sweep(detector, category, ["blur"], [1.0])
    (row,) = section["rows"]
    assert row["image_roc_auc"] is row["drop"] is row["drop_interval"] is None
    assert row["fpr"] is not None
    assert "undefined" in sweep_table(section)


def test_figure_and_tables(detector, category, tmp_path):
    section = sweep(detector, category, severities=[1.0])
    assert [row["name"] for row in section["rows"]] == list(SHIFTS)
    factors = [row for row in section["rows"] if row["name"] != "paper"]
    worst = max(factors, key=lambda row: row["drop"])
    table = sweep_table(section)
    assert f"Worst factor: {worst['name']} at severity 1" in table
    assert len(shift_section(section)["rows_"]) == len(SHIFTS)
    sweep_figure(section, tmp_path / "sweep.png")
    assert read_image(tmp_path / "sweep.png").std() > 10


@pytest.mark.parametrize(
    "options, message",
    [
        ({"shifts": ["nois"]}, "did you mean 'noise'"),
        ({"severities": [3.0]}, "must be in [0, 2]. Received: 3.0"),
        ({"severities": [0.0]}, "must be over 0"),
        ({"severities": []}, "at least one shift and one severity"),
    ],
)
def test_refusals_before_any_work(options, message, detector, tmp_path):
    with pytest.raises(InputError) as caught:
        sweep(detector, tmp_path / "nowhere", **options)
    assert message in str(caught.value)


def test_an_uncalibrated_detector_is_refused(category):
    with pytest.raises(InputError, match="fit one with `kerasad threshold`"):
        sweep(make_detector(), category)
