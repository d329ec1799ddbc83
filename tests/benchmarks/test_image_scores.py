from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.image_scores import ROWS, Rule, by_kind, scores_of, shifted

DETECTOR = SimpleNamespace(sigma=1.0, score="top-fraction", top_fraction=0.01)


@pytest.fixture
def maps(rng):
    """Of 40 good images, and of 10 good and 10 bad ones, two channels."""
    known = rng.normal(size=(2, 40, 16, 16)).astype("float32")
    new = rng.normal(size=(2, 20, 16, 16)).astype("float32")
    new[0, 10:, 4:8, 4:8] += 3.0
    return known, new


@pytest.mark.parametrize("name", ROWS)
def test_every_rule_finds_what_is_plain(name, maps):
    kinds = np.repeat(["good", "spot"], 10)
    known, new = maps
    if name == "raw, mean":  # which loses small defects, see the paper's 6.2
        new = new.copy()
        new[0, 10:, 4:8, 4:8] += 1.0
    found = by_kind(Rule(**ROWS[name]), DETECTOR, known, new, kinds)
    assert found["spot"] == found["all"] > 0.95


def test_defects_that_leave_the_picture_are_left_out(rng):
    images = rng.integers(256, size=(3, 32, 32, 3), dtype="uint8")
    masks = np.zeros((3, 32, 32), bool)
    masks[1, 14:18, 14:18] = masks[2, 0, 0] = True  # the centre is enlarged
    kinds = np.array(["good", "spot", "spot"])
    seen, where, left = shifted(images, masks, kinds, 1.0)
    assert left.tolist() == ["good", "spot"]
    assert len(seen) == 2 and (seen != images[:2]).any(axis=(1, 2, 3)).all()
    assert not where[0].any() and where[1].sum() > 16


def test_a_channel_without_weight_does_not_count(maps):
    known, new = maps
    rule = Rule(weights=(0.0, 1.0))
    before = scores_of(rule, DETECTOR, known, new)
    np.testing.assert_array_equal(
        before, scores_of(rule, DETECTOR, 0.0 * known + known[1:], new)
    )
    assert not np.allclose(before, scores_of(Rule(), DETECTOR, known, new))
