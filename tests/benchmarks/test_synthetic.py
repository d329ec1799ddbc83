import numpy as np
import pytest

from benchmarks.synthetic import DEFECTS, VISIBLE, synthetic_test, table
from kerasad.capsules import draw_capsule


@pytest.fixture(scope="module")
def capsules():
    rng = np.random.default_rng(0)
    return np.stack([draw_capsule(rng, 128)[0] for _ in range(6)])


def test_every_defect_is_seen_where_its_mask_says(capsules):
    train, held_out = capsules[:4], capsules[4:]
    images, masks, kinds = synthetic_test(train, held_out, seed=1)
    assert list(dict.fromkeys(kinds)) == ["good", *DEFECTS]
    np.testing.assert_array_equal(images[kinds == "good"], held_out)
    assert not masks[kinds == "good"].any()
    originals = np.concatenate([held_out] * (1 + len(DEFECTS)))
    change = np.abs(images.astype(int) - originals).max(axis=-1)
    assert masks[change >= VISIBLE].all()
    assert (masks[kinds != "good"].mean(axis=(1, 2)) < 0.2).all()
    again = synthetic_test(train, held_out, seed=1)[0]
    np.testing.assert_array_equal(images, again)


def test_table_of_a_perfect_and_of_an_inverted_map(capsules):
    _, masks, kinds = synthetic_test(capsules[:4], capsules[4:])
    scores = masks.any(axis=(1, 2)).astype(float)
    *_, last = table(masks, kinds, masks.astype("float32"), scores)
    assert last == "| all | 1.000 | 1.000 | 1.000 |"
    *_, last = table(masks, kinds, 1.0 - masks, -scores)
    assert last.startswith("| all | 0.000 | 0.000 |")
