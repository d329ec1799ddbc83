"""Groups of images in thresholds: what counts, and what holds."""

import numpy as np
import pytest

from kerasad.calibration import conformal, fit_threshold, p_values
from kerasad.calibration.cross import fold_members
from kerasad.calibration.groups import check_group_by
from kerasad.calibration.split import split
from kerasad.errors import InputError


def weighted_threshold(scores, groups, fpr):
    """The definition, score by score (Lee et al., 2023)."""
    names = sorted(set(groups))
    for candidate in sorted(scores):
        below = sum(
            np.mean(scores[groups == name] <= candidate) for name in names
        )
        if below >= (len(names) + 1) * (1 - fpr) - 1e-9:
            return candidate
    raise AssertionError("no threshold")


@pytest.mark.parametrize("fpr", [0.15, 0.3, 0.5])
def test_as_defined(fpr, rng):
    groups = rng.integers(12, size=60)
    scores = np.round(rng.gamma(3.0, size=60), 1)  # with ties
    expected = weighted_threshold(scores, groups, fpr)
    assert conformal(scores, fpr, groups) == expected
    flagged = p_values(scores, scores, groups) <= fpr + 1e-12
    np.testing.assert_array_equal(flagged, scores > expected)


def test_groups_of_one_are_no_groups(rng):
    scores, labels = rng.gamma(3.0, size=25), rng.permutation(25)
    assert conformal(scores, 0.2, labels) == conformal(scores, 0.2)
    fitted = fit_threshold("conformal", scores, groups=labels)
    assert fitted == fit_threshold("conformal", scores)


@pytest.mark.parametrize("frames", [(1, 1), (8, 8), (1, 20)])
def test_the_rate_of_new_groups_holds(frames, rng):
    """Parts differ more than frames of one; any number of frames each."""
    rates = []
    for _ in range(400):
        sizes = rng.integers(frames[0], frames[1] + 1, size=19)
        groups = np.repeat(np.arange(19), sizes)
        scores = rng.normal(size=19)[groups] + rng.normal(0, 0.2, len(groups))
        threshold = conformal(scores, 0.1, groups)
        new = rng.normal(size=500) + rng.normal(0, 0.2, 500)
        rates.append(np.mean(new > threshold))
    error = np.std(rates) / 20
    assert np.mean(rates) < 0.1 + 3 * error
    assert np.mean(rates) > 0.03  # and not by flagging nothing


def test_few_groups_promise_little():
    scores, groups = np.arange(40.0), np.arange(40) // 20
    fitted = fit_threshold("conformal", scores, groups=groups)
    assert fitted["fpr"] == pytest.approx(1 / 3)
    assert (fitted["images"], fitted["groups"]) == (40, 2)
    assert "the 2 groups of the 40 calibration images" in fitted["promise"]
    with pytest.raises(InputError, match="With 2 calibration"):
        fit_threshold("conformal", scores, fpr=0.1, groups=groups)


def test_a_tail_takes_the_highest_of_each_group(rng):
    groups = rng.permutation(np.repeat(np.arange(120), 3))
    scores = rng.gamma(5.0, size=360)
    highest = [scores[groups == label].max() for label in range(120)]
    fitted = fit_threshold("evt", scores, fpr=0.01, groups=groups)
    expected = fit_threshold("evt", highest, fpr=0.01)["threshold"]
    assert fitted["threshold"] == pytest.approx(expected)
    assert "tail of the 120 calibration scores" in fitted["promise"]


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_both_sides(seed, rng):
    groups = rng.integers(15, size=90)
    learnt, held_out = split(groups, 0.2, seed)
    assert not set(groups[learnt]) & set(groups[held_out])
    assert len(set(groups[held_out])) == 3
    assert sorted([*learnt, *held_out]) == list(range(90))
    folds = fold_members(groups, 4, seed)
    assert sorted(np.concatenate(folds)) == list(range(90))
    assert sum(len(set(groups[fold])) for fold in folds) == 15


def test_one_of_few_groups_is_held_out_and_of_one_none():
    learnt, held_out = split([3, 3, 3, 5, 5, 5], 0.1, 0)
    assert len(learnt) == len(held_out) == 3
    with pytest.raises(InputError, match="1 group of the 4 good images is"):
        split([2, 2, 2, 2], 0.1, 0)
    with pytest.raises(InputError, match="3 groups of images cannot be cut"):
        fold_members([1, 1, 2, 2, 3], 4, 0)


def test_a_bad_expression_is_refused():
    with pytest.raises(InputError, match=r"'group_by' must be near-copies"):
        check_group_by("(part")
    check_group_by(r"part(\d+)")
