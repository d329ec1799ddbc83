"""Whether parts lie still, told from good images alone."""

import numpy as np
import pytest

from kerasad.data.alignment import (
    AlignmentSettings,
    kind_of,
    said_of,
    share_at_a_place,
    share_of_images,
)
from kerasad.testing import sample_images
from kerasad.training.run import Run
from kerasad.unaligned import scattered, texture


def moved(images, rng):
    """Each shifted round by some pixels of its own."""
    shifts = rng.integers(0, images.shape[1:3], (len(images), 2))
    pairs = zip(images, shifts, strict=True)
    return np.stack([np.roll(one, by, (0, 1)) for one, by in pairs])


@pytest.mark.parametrize("sides", [(32, 32), (64, 64), (64, 100), (128, 32)])
def test_what_lies_still_and_what_moves(sides, rng):
    images = sample_images(sides, 24)
    assert kind_of(share_of_images(images)) == "aligned"
    assert kind_of(share_of_images(moved(images, rng))) == "unaligned"


@pytest.mark.parametrize("draw", [texture.draw_cloth, scattered.draw_nuts])
def test_built_in_categories_that_move(draw):
    drawn = [draw(np.random.default_rng(i), 128)[0] for i in range(12)]
    assert share_of_images(np.stack(drawn)) > 0.75


def test_light_and_colour_of_a_whole_image_move_nothing(rng):
    images = sample_images(64, 24).astype("float32")
    light = rng.uniform(0.6, 1.0, (24, 1, 1, 3))
    lit = (images * light).astype("uint8")
    assert share_of_images(lit) < 0.3


def test_share_by_hand():
    same = np.array([[[[0.0], [2.0]]]] * 3)  # places differ, images do not
    assert share_at_a_place(same) == 0.0
    other = np.array([[[[0.0], [0.0]]], [[[2.0], [2.0]]]])
    assert share_at_a_place(other) == 1.0
    half = np.array([[[[0.0], [1.0]]], [[[0.0], [3.0]]]])
    assert share_at_a_place(half) == pytest.approx(0.5 / 1.5)


def test_one_image_shows_no_movement():
    assert share_of_images(sample_images(32, 1)) == 0.0
    assert share_of_images(np.zeros((3, 8, 8, 3), "uint8")) == 0.0


def test_what_is_set_is_taken_and_the_rest_is_seen_once(rng):
    still, said = sample_images(32, 12), []
    run = Run(None, say=said.append)
    set_so = AlignmentSettings("unaligned")
    assert set_so.settled(still, run) is set_so
    assert not said and not run.facts
    for _ in range(2):  # of two parts of one method
        assert AlignmentSettings().settled(still, run).alignment == "aligned"
    assert said == [said_of(run.facts["alignment"])]
    assert said[0].endswith("of the variance at one place: parts lie still")
    run = Run(None)
    found = AlignmentSettings().settled(moved(still, rng), run)
    assert found.unaligned and run.facts["alignment"]["kind"] == "unaligned"
