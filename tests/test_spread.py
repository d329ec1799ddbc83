"""Spread of maps, from what a method has kept and from the images anew."""

import numpy as np
import pytest

from kerasad.config import load_config
from kerasad.detector import Detector
from kerasad.domain.copies import LOOKS, Shifted
from kerasad.domain.domain import Domain
from kerasad.domain.learning import fit_domain
from kerasad.methods import find_method
from kerasad.methods.fused import FusedMethod
from kerasad.methods.method import Method
from kerasad.moments import Moments
from kerasad.spread import spread_of, spread_under_shift
from kerasad.training.run import Run
from tests.parts import SIDES

SETTINGS = [
    "weights=random",
    "taps=[block_1]",
    f"image_size={list(SIDES)}",
]


@pytest.mark.parametrize("memory", ["gaussian", "mixture", "window"])
def test_what_was_kept_tells_the_same_as_the_images(memory, parts):
    config = load_config("fast", [*SETTINGS, f"memory={memory}"])
    images, domain = parts[:8], Domain(config.sides)
    fit_domain(domain, images)
    shifted = Shifted(domain, images, 0)
    kind = find_method(config.method)
    method = kind.from_settings(config.settings, config.sides, len(images))
    method.fit(images, parts[16:], Run(config.settings, shifted=shifted))
    detector = Detector(method, config.sides, domain=domain)
    assert method.kept.features.dtype == method.kept.shifted.dtype == "float16"
    assert sorted(method.kept.places) == list(range(8))
    known = both_spreads(detector, images, shifted)
    count = min(LOOKS, len(method.kept.shifted))
    assert len(known[1][2]) == count
    method.kept = None
    anew = both_spreads(detector, images, shifted)
    for one, other in zip(known[0], anew[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=0.02, atol=0.02)
    if count == len(anew[1][2]):
        for one, other in zip(known[1], anew[1], strict=True):
            np.testing.assert_allclose(one, other, rtol=0.02, atol=0.02)


def test_even_spreads_by_hand(rng):
    maps = rng.normal(3.0, 1.0, (9, 2, 5, 6)) * rng.uniform(0.1, 3.0, (5, 6))
    moments = Moments(maps.shape[1:])
    moments.add(maps.transpose(1, 0, 2, 3))
    _, plain = moments.mean_and_scale((1.0, 0.5))
    mean, scale = moments.mean_and_scale((1.0, 0.5), (False, True))
    np.testing.assert_allclose(mean, maps.mean(axis=0))
    np.testing.assert_array_equal(scale[0], plain[0])
    spread = maps[:, 1].std(axis=0)
    least = np.sqrt(np.mean(spread**2))
    np.testing.assert_allclose(scale[1], 4.0 * np.maximum(spread, least))
    assert len(np.unique(scale[1].round(9))) > 5  # what varies more counts


@pytest.mark.parametrize("memory", ["gaussian", "mixture", "global"])
def test_what_moves_is_even(memory):
    kind = find_method("feature_memory")
    config = load_config("fast", [*SETTINGS, f"memory={memory}"])
    method = kind.from_settings(config.settings, config.sides, 4)
    even = None if memory == "gaussian" else (True,)
    assert method.even == even
    both = FusedMethod([method, Method()])
    assert both.even == (even is not None, False)


def both_spreads(detector, images, shifted):
    return spread_of(detector, images, 3), spread_under_shift(detector, shifted)


def test_looks_are_kept_without_their_images(parts):
    domain = Domain(parts.shape[1:3])
    fit_domain(domain, parts[:4])
    shifted = Shifted(domain, parts[:4], 3)
    first = list(shifted.looks(11))  # nothing is known yet: drawn
    assert [len(look["images"]) for look in first] == [8, 3]
    assert len(list(shifted.batches())) == 10
    again = list(shifted.looks(11))
    assert not any("images" in look for look in again)
    for one, other in zip(first, again, strict=True):
        for name, value in other.items():
            np.testing.assert_allclose(one[name], value, atol=1e-6)
