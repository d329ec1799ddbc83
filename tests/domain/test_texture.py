"""Of parts that lie anyhow: what is fine, and where there is nothing."""

import numpy as np
import pytest
from keras import ops

from kerasad.data.affine import affine
from kerasad.data.colour_jitter import gaussian_noise
from kerasad.data.compression import compressed
from kerasad.domain.columns import COLUMNS, is_changed
from kerasad.domain.domain import Domain
from kerasad.domain.grain import luminance
from kerasad.domain.learning import fit_domain, host
from kerasad.domain.texture import fill, fineness
from kerasad.unaligned.texture import draw_cloth
from tests.domain.looking import floats, looking
from tests.parts import SIDES


@pytest.fixture(scope="module")
def cloths():
    rng = np.random.default_rng(0)
    return np.stack([draw_cloth(rng)[0][:96, :96] for _ in range(12)])


@pytest.fixture(scope="module")
def looked(cloths):
    layer = Domain(cloths.shape[1:3])
    assert not fit_domain(layer, cloths)["aligned"]
    return looking(layer)


def tensor(images):
    return ops.convert_to_tensor(floats(images))


def bends(grey, lag):
    """Written anew, in numpy."""
    total = 0.0
    inner = (slice(lag, -lag),) * 2
    for axis in (0, 1):
        around = np.roll(grey, lag, axis) + np.roll(grey, -lag, axis)
        total += ((around - 2 * grey)[inner] ** 2).mean()
    return total


def test_fineness_is_that_of_numpy(cloths):
    grey = host(luminance(tensor(cloths))).astype("float64")
    found = host(fineness(ops.convert_to_tensor(grey, "float32")))
    wanted = [np.sqrt(bends(g, 1) / bends(g, 2)) for g in grey]
    assert found == pytest.approx(wanted, rel=1e-3)
    darker = host(fineness(ops.convert_to_tensor(0.5 * grey, "float32")))
    assert darker == pytest.approx(found, rel=1e-2)


@pytest.mark.parametrize("move", [{"angle": 5.0}, {"shift": [4.0, -5.0]}])
def test_an_empty_border_is_found(cloths, move):
    whole = np.full(cloths.shape[1:], 255, "uint8")
    outside = affine(whole, **move, fill=0)[..., 0] < 255
    moved = affine(cloths[0], **move, fill=200)
    found = host(fill(tensor(moved[None])))[0, ..., 0] > 0
    # A border thinner than three pixels is none.
    assert found[outside].mean() > 0.7
    assert found[~outside].mean() < 0.2
    assert not host(fill(tensor(cloths))).any()


def test_what_is_empty_is_neither_seen_nor_lit(looked, cloths):
    found = looked(affine(cloths[1], shift=[5.0, 5.0], fill=200)[None])
    assert found["changed"].all()
    assert found["in_domain"].shape == (1,)
    plain = looked(cloths[1:2])
    assert found["gain"] == pytest.approx(plain["gain"], abs=0.06)
    shown = found["seen"][0, ..., 0] > 0
    assert not shown[:5].any()
    assert not shown[:, :5].any()
    assert shown[20:-4, 20:-4].all()


def test_on_a_plain_ground_a_border_is_of_another_colour(cloths):
    rng = np.random.default_rng(1)
    plain = np.full_like(cloths, 150)
    for image, cloth in zip(plain, cloths, strict=True):
        top, left = rng.integers(5, 60, 2)  # a piece that lies anyhow
        box = np.s_[top : top + 30, left : left + 30]
        image[box] = cloth[box]
    plain += rng.integers(0, 3, plain.shape, "uint8")
    layer = Domain(plain.shape[1:3])
    assert not fit_domain(layer, plain)["aligned"]
    assert not host(fill(tensor(plain))).any()
    assert 0.0 < host(ops.convert_to_tensor(layer.texture.known))[0] < 0.1
    looked = looking(layer)
    flat = compressed(plain[0], 30)[None]
    assert host(fill(tensor(flat))).mean() > 0.1
    assert looked(flat)["domain"][0, COLUMNS.index("visible")] == 1.0
    moved = affine(plain[0], shift=[6.0, 6.0], fill=60)[None]
    # Normalised, so that what it does not show is filled.
    seen = looked(moved)["seen"][0, ..., 0] > 0
    assert not seen[:6].any() and seen[20:-4, 20:-4].all()


def test_noise_is_a_change_and_good_cloth_is_none(looked, cloths, rng):
    assert not is_changed(looked(cloths)["domain"]).any()
    noisy = np.stack([gaussian_noise(x, rng, 0.04) for x in cloths])
    assert is_changed(looked(noisy)["domain"]).all()


def test_a_domain_of_before_has_no_texture():
    config = Domain(SIDES).get_config()
    assert config.pop("textured")
    layer = Domain.from_config(config)
    layer.build()
    assert layer.texture is None
    assert not layer.get_config()["textured"]
