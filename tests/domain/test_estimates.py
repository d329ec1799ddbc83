"""What is estimated of an image is what was done to it."""

import numpy as np
import pytest
from keras import ops

from kerasad.data.affine import affine, lower_resolution
from kerasad.domain.columns import COLUMNS, ESTIMATES, named
from kerasad.domain.copies import under_conditions
from kerasad.domain.domain import Domain
from kerasad.domain.grain import luminance, noise
from kerasad.domain.learning import fit_domain, host
from kerasad.domain.light import clipped, light
from kerasad.domain.refinement import solve
from kerasad.domain.texture import FINE, fineness_within
from tests.domain.looking import floats, looking
from tests.parts import SIDES


@pytest.fixture(scope="module")
def domain(parts):
    layer = Domain(SIDES)
    facts = fit_domain(layer, parts)
    assert facts["aligned"]
    assert facts["correlation"] > 0.98
    return layer


@pytest.fixture(scope="module")
def looked(domain):
    return looking(domain)


def estimated(looked, image):
    row = looked(image[None])["domain"][0]
    return dict(zip(COLUMNS, row, strict=True))


@pytest.mark.parametrize(
    "angle, scale, shift",
    [(4.0, 1.0, (0, 0)), (0.0, 1.25, (0, 0)), (-6.0, 0.92, (3.0, -2.0))],
)
def test_pose(looked, parts, angle, scale, shift):
    moved = affine(parts[0], angle=angle, scale=scale, shift=shift)
    before, after = estimated(looked, parts[0]), estimated(looked, moved)
    assert after["rotation"] - before["rotation"] == pytest.approx(
        angle, abs=0.5
    )
    zoom = after["zoom"] / before["zoom"]
    assert zoom == pytest.approx(scale, rel=0.015)
    side = sum(SIDES) / 2
    assert after["down"] * side == pytest.approx(shift[0], abs=1.0)
    assert after["right"] * side == pytest.approx(shift[1], abs=1.0)
    assert after["change"] > 1
    assert after["match"] > 0.97


def fineness_of(images):
    grey = luminance(ops.convert_to_tensor(floats(images)))
    return fineness_within(grey)


def test_a_lower_resolution_is_told_by_fineness(domain, looked, parts):
    fine = host(fineness_of(parts))
    _, centre, reach = host(domain.texture.known)
    assert centre == pytest.approx(np.median(fine), rel=1e-4)
    widest = max(np.abs(fine - centre).max(), FINE * centre)
    assert reach == pytest.approx(widest, rel=1e-2)
    coarse = np.stack([lower_resolution(part, 0.7) for part in parts[:4]])
    apart = host(domain.texture.otherwise_fine(fineness_of(coarse)))
    assert apart.min() > 1
    shown = looked(coarse)["domain"][:, COLUMNS.index("change")]
    assert (shown >= apart * 0.999).all()


def test_what_a_turn_brings_in_is_not_fine(parts):
    filled, mirrored = (
        affine(parts[0], angle=2.0, fill=fill)[None] for fill in (0, None)
    )
    assert host(fineness_of(filled)) == host(fineness_of(mirrored))


def test_a_file_of_before_does_not_go_by_fineness(parts, rng):
    layer = Domain(SIDES)
    layer.build()
    any_values = rng.integers(256, size=(1, *SIDES, 3))
    fine = fineness_of(np.concatenate([parts[:1], any_values]))
    assert host(layer.texture.otherwise_fine(fine)).max() < 1


def test_light(looked, parts):
    darker = np.rint(parts[1] * 0.8 + 10).astype("uint8")
    before, after = estimated(looked, parts[1]), estimated(looked, darker)
    assert after["gain"] / before["gain"] == pytest.approx(0.8, rel=0.03)
    assert after["offset"] - before["offset"] == pytest.approx(
        10 / 255, abs=0.02
    )


def test_light_does_not_count_what_was_cut_off(rng):
    template = rng.uniform(0.2, 0.9, (32, 32, 3)).astype("float32")
    image = np.clip(template * 1.5 - 0.1, 0, 1)[None]
    assert (image == 1).mean() > 0.1
    seen = np.ones((1, 32, 32, 1), "float32")
    parts = [
        ops.convert_to_tensor(x.reshape(1, 1024, -1))
        for x in (image, seen, template)
    ]
    gain, offset = light(parts[0], clipped(parts[0]), parts[1], parts[2][0])
    np.testing.assert_allclose(host(gain), 1 / 1.5, rtol=1e-3)
    np.testing.assert_allclose(host(offset), 0.1 / 1.5, atol=1e-3)


@pytest.mark.parametrize("deviation", [0.004, 0.02, 0.05])
def test_noise(rng, deviation):
    smooth = np.linspace(0.3, 0.7, 96, dtype="float32")
    image = np.broadcast_to(smooth[None, :, None, None], (2, 96, 96, 3))
    image = image + rng.normal(0, deviation, image.shape).astype("float32")
    found = host(noise(ops.convert_to_tensor(image.astype("float32"))))
    np.testing.assert_allclose(found, deviation, rtol=0.12)


def test_solve_is_numpys(rng):
    roots = rng.normal(size=(3, 6, 9))
    matrix = (roots @ roots.transpose(0, 2, 1)).astype("float32")
    right = rng.normal(size=(3, 6, 1)).astype("float32")
    table = np.concatenate([matrix, right], axis=-1)
    expected = np.linalg.solve(matrix, right)[..., 0]
    found = host(solve(ops.convert_to_tensor(table)))
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=1e-3)


def test_good_images_stay_to_the_bit(looked, parts):
    found = looked(parts)
    assert not found["changed"].any()
    assert found["in_domain"].all()
    kept = ~found["relit"]
    assert kept.sum() > len(parts) / 2
    assert np.array_equal(found["images"][kept], floats(parts)[kept])


def test_what_moved_comes_back(domain, looked, parts):
    moved = affine(parts[2], angle=5.0, scale=1.2)
    found = looked(moved[None])
    seen = found["seen"][0, ..., 0] > 0
    assert 0.3 < seen.mean() < 1
    away = np.abs(found["images"][0] - parts[2] / 255.0)[seen].mean()
    still = np.abs(moved / 255.0 - parts[2] / 255.0)[seen].mean()
    assert away < still / 4
    template = host(ops.convert_to_tensor(domain.template))
    assert np.array_equal(found["images"][0][~seen], template[~seen])


def test_a_map_returns_to_where_it_came_from(domain, looked, parts):
    moved = affine(parts[2], angle=5.0, scale=1.2)
    found = looked(moved[None])
    mark = np.zeros((*SIDES, 1), "uint8")
    mark[24:32, 30:40] = 1
    wanted = affine(np.repeat(mark * 255, 3, -1), angle=5.0, scale=1.2)[..., 0]
    found = {key: ops.convert_to_tensor(found[key]) for key in ("seen", "pose")}
    back = domain.returned(ops.convert_to_tensor(mark[None], "float32"), found)
    overlap = (host(back)[0, ..., 0] > 0.5) & (wanted > 127)
    assert overlap.sum() > 0.8 * (wanted > 127).sum()


def test_another_thing_is_not_judged(looked, rng):
    found = looked(rng.integers(0, 256, (1, *SIDES, 3)))
    assert found["changed"].all()
    assert not found["in_domain"].any()


def test_what_lies_anyhow_has_no_pose(rng):
    images = rng.integers(60, 200, (12, *SIDES, 3)).astype("uint8")
    layer = Domain(SIDES)
    assert not fit_domain(layer, images)["aligned"]
    looked = looking(layer)
    darker = np.rint(images[:1] * 0.7).astype("uint8")
    row = named(looked(darker)["domain"][0])
    assert (row["rotation"], row["zoom"]) == (0.0, 1.0)
    assert row["right"] == row["down"] == 0.0
    assert row["gain"] == pytest.approx(0.7, rel=0.1)
    assert list(row)[: len(ESTIMATES)] == list(ESTIMATES)
    white = np.clip(images[:1] * 1.4, 0, 255).astype("uint8")
    found = looked(white)
    assert (white == 255).any()
    # What was cut off is darkened with the rest.
    assert found["images"][white == 255].max() < 0.95


def test_conditions_are_drawn_from_the_seed(parts):
    first, second, other = (
        under_conditions(parts[0], np.random.default_rng(seed))[0]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert first.shape == parts[0].shape
    assert first.dtype == "uint8"
