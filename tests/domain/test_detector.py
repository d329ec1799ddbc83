"""A detector with a domain, from training to a new lamp."""

import keras
import numpy as np
import pytest
from keras import ops

import kerasad
from kerasad.backend import BACKENDS, installed
from kerasad.calibration.cross import pooled_shifted
from kerasad.config import load_config
from kerasad.data.affine import affine
from kerasad.domain.columns import COLUMNS, is_changed
from kerasad.domain.copies import Shifted
from kerasad.errors import InputError
from kerasad.layers import FeatureGaussian
from kerasad.scoring import image_score
from kerasad.testing import check_method
from kerasad.training.run import Run
from kerasad.training.train import fit
from tests.parts import SIDES
from tests.processes import predicted_on

FAST = [
    "head_steps=20",
    "weights=random",
    "taps=[block_1]",
    f"image_size={list(SIDES)}",
]


@pytest.fixture(scope="module")
def detector(parts):
    config = load_config("accurate", FAST)
    made, _ = fit(config, parts[:8], parts[16:], Run(config.settings))
    made.calibrate(parts[16:], "conformal", fpr=0.2)
    return made


def moved(images):
    return np.stack([affine(x, angle=4.0, scale=1.15) for x in images])


def test_the_contract_holds_with_a_domain(tmp_path):
    for kind in ("gaussian", "mixture", "window"):
        settings = ["image_size=32", *FAST[:3], f"memory={kind}"]
        config = load_config("accurate", settings)
        assert config.domain == "auto"
        assert check_method(config, tmp_path).domain is not None


def test_copies_that_were_kept_are_those_drawn_anew(detector, parts):
    shifted, other = (Shifted(detector.domain, parts[:3], 5) for _ in "ab")
    made = list(shifted.batches())
    assert [len(batch["owners"]) for batch in made] == [8] * 7 + [4]
    again, anew = list(shifted.batches(11)), list(other.batches(11))
    assert [len(batch["owners"]) for batch in again] == [8, 3]
    for one, two, first in zip(again, anew, made, strict=False):
        assert np.shares_memory(one["images"], first["images"])
        for name, value in two.items():
            np.testing.assert_allclose(one[name], value, atol=1e-6)


def test_a_loaded_head_is_as_frozen_as_one_just_trained(detector, tmp_path):
    """PyTorch refuses to export to ONNX what could still be trained."""
    detector.save(tmp_path / "d.keras")
    method = kerasad.load(tmp_path / "d.keras").method
    for head in (method.head, method.shifted_head):
        assert head.weights and not head.trainable_variables


def test_one_threshold_decides(detector, parts):
    limit = detector.limit()
    known = detector.calibration["shifted"]
    gain, offset = ops.convert_to_numpy(detector.matching)
    scores = gain * np.array(known["scores"]) + offset
    own = detector.threshold["shifted"]["threshold"]
    assert gain * own + offset == pytest.approx(limit, rel=1e-4)
    middle = np.median(detector.calibration["scores"])
    assert np.median(scores) == pytest.approx(middle, rel=1e-3, abs=1e-3)
    assert len(set(known["groups"])) == 8
    assert detector.threshold["shifted"]["source"] == "copies"
    assert "no guaranteed rate" in detector.threshold["shifted"]["promise"]


def test_moved_good_images_are_not_called_anomalous(detector, parts):
    # As many at a time as another backend scores below: JAX compiles once.
    result = detector.predict(moved(parts[16:]), batch_size=4)
    assert is_changed(result["domain"]).all()
    assert result["in_domain"].all()
    assert result["is_anomalous"].mean() <= 0.5
    rotation = result["domain"][:, COLUMNS.index("rotation")]
    np.testing.assert_allclose(rotation, 4.0, atol=0.6)


def test_a_defect_on_a_moved_image_is_found_where_it_is(detector, parts):
    images = parts[16:20].copy()
    images[:, 30:38, 40:48] = (250, 240, 40)
    result, good = (
        detector.predict(moved(images)),
        detector.predict(parts[16:20]),
    )
    assert (result["anomaly_score"] > good["anomaly_score"]).all()
    mark = np.zeros((*SIDES, 3), "uint8")
    mark[26:42, 36:52] = 255
    near = affine(mark, angle=4.0, scale=1.15)[..., 0] > 0
    for anomaly_map in result["anomaly_map"]:
        assert near[np.unravel_index(anomaly_map.argmax(), near.shape)]


def test_saved_and_loaded(detector, parts, tmp_path):
    path = tmp_path / "a.keras"
    detector.save(path)
    images = np.concatenate([parts[:2], moved(parts[:2])])
    expected = detector.predict(images)
    for name, value in kerasad.load(path).predict(images).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-3, atol=1e-3)


def test_a_raw_map_of_moved_images_leaves_their_score(
    detector, parts, tmp_path
):
    detector.save(tmp_path / "a.keras")
    raw = kerasad.load(tmp_path / "a.keras")
    raw.localise = "raw"
    images = moved(parts[:2])
    expected, found = detector.predict(images), raw.predict(images)
    np.testing.assert_allclose(
        found["anomaly_score"], expected["anomaly_score"], rtol=1e-4
    )
    seen = raw.domain(images.astype("float32") / 255.0)
    maps = raw.filtered(raw.outputs_of(seen["images"], seen["changed"])["maps"])
    spreads = ops.mean(raw.map_scale, axis=(1, 2))
    total = sum(one / spreads[index] for index, one in enumerate(maps))
    back = raw.domain.returned(total[..., None], seen)[..., 0]
    np.testing.assert_allclose(
        found["anomaly_map"], ops.convert_to_numpy(back), rtol=1e-3, atol=1e-3
    )
    assert np.abs(found["anomaly_map"] - expected["anomaly_map"]).max() > 0.1


@pytest.mark.parametrize("other", BACKENDS)
def test_another_backend_says_the_same(other, detector, parts, tmp_path):
    if not installed(other) or other == keras.backend.backend():
        pytest.skip("compares with the other backends that are installed")
    images = np.concatenate([parts[:2], moved(parts[:2])])
    received = predicted_on(other, detector, images, tmp_path)
    for name, value in detector.predict(images).items():
        np.testing.assert_allclose(
            received[name], value, rtol=2e-3, atol=2e-3, err_msg=name
        )


def test_company_changes_nothing(detector, parts):
    images = np.concatenate([parts[:2], moved(parts[:1])])
    whole = detector.predict(images)["anomaly_score"]
    alone = [detector.predict(one[None])["anomaly_score"][0] for one in images]
    np.testing.assert_allclose(alone, whole, rtol=1e-3, atol=1e-3)


def test_a_new_lamp_is_calibrated_for(detector, parts, tmp_path):
    detector.save(tmp_path / "a.keras")
    own = kerasad.load(tmp_path / "a.keras")
    before, said = dict(own.threshold), []
    images = moved(parts[8:])
    own.recalibrate(images, "conformal", fpr=0.2, say=said.append)
    fitted = own.threshold["shifted"]
    assert fitted["source"] == "photos"
    assert fitted["images"] == 16
    assert "at most 20 %" in fitted["promise"]
    assert own.threshold["threshold"] == before["threshold"]
    flagged = own.predict(images)["anomaly_score"] > own.limit() + 1e-4
    assert flagged.sum() == 16 - np.ceil(17 * 0.8)
    with pytest.raises(InputError, match="leave out --shifted"):
        own.recalibrate(parts[8:], "conformal", fpr=0.2)
    with pytest.raises(InputError, match="at least"):
        own.recalibrate(images[:3], "conformal", fpr=0.2)


def test_without_a_domain_nothing_can_be_recalibrated(parts):
    config = load_config("accurate", [*FAST, "domain=none"])
    made, _ = fit(config, parts[:8], parts[16:], Run(config.settings))
    made.calibrate(parts[16:], "conformal", fpr=0.2)
    assert "domain" not in made.predict(parts[:1])
    with pytest.raises(InputError, match="domain=auto"):
        made.recalibrate(moved(parts[:8]), "conformal", fpr=0.2)


@pytest.mark.parametrize("method", ["mean", "max", "top-fraction"])
def test_scores_of_what_is_seen(rng, method):
    maps = rng.normal(size=(3, 10, 12)).astype("float32")
    seen = (rng.uniform(size=maps.shape) < 0.6).astype("float32")
    seen[2] = 1.0
    found = image_score(
        ops.convert_to_tensor(maps), method, 0.1, ops.convert_to_tensor(seen)
    )
    for score, own, known in zip(
        ops.convert_to_numpy(found), maps, seen, strict=True
    ):
        values = np.sort(own[known > 0])[::-1]
        count = max(1, int(np.floor(0.1 * len(values) + 0.5)))
        expected = {
            "mean": values.mean(),
            "max": values[0],
            "top-fraction": values[:count].mean(),
        }[method]
        assert score == pytest.approx(expected, rel=1e-4)
    whole = image_score(ops.convert_to_tensor(maps), method, 0.1)
    assert ops.convert_to_numpy(whole)[2] == pytest.approx(
        float(ops.convert_to_numpy(found)[2]), rel=1e-5
    )


def test_places_learn_from_the_images_that_show_them(rng):
    features = rng.normal(size=(90, 1, 2, 3)).astype("float32")
    shown = np.ones((90, 1, 2), "float32")
    shown[40:, 0, 1] = 0.0
    features[40:, 0, 1] = 1e3  # which must not be learnt
    layer = FeatureGaussian(shrinkage=0.0)
    layer.fit((features[i : i + 30], shown[i : i + 30]) for i in (0, 30, 60))
    own = features[:40, 0, 1]
    mean = ops.convert_to_numpy(layer.mean)[0, 1]
    np.testing.assert_allclose(mean, own.mean(axis=0), rtol=1e-3, atol=1e-4)
    probe = rng.normal(size=(1, 1, 2, 3)).astype("float32")
    away = probe[0, 0, 1] - own.mean(axis=0)
    inverse = np.linalg.inv(np.cov(own.T, bias=True) + 1e-3 * np.eye(3))
    expected = np.sqrt(away @ inverse @ away)
    assert ops.convert_to_numpy(layer(probe))[0, 0, 1] == pytest.approx(
        expected, rel=1e-2
    )


def test_folds_are_pooled_without_mixing_their_groups():
    one = {"source": "copies", "scores": [1.0, 2.0], "groups": [0, 1]}
    both = [{"shifted": one | {"novelty_limit": x}} for x in (0.5, 0.9)]
    found = pooled_shifted(both)
    assert found["groups"] == [0, 1, 2, 3]
    assert found["novelty_limit"] == 0.9
    assert pooled_shifted([{}, {}]) is None


def test_the_users_policy_changes_nothing(parts, detector, tmp_path):
    detector.save(tmp_path / "a.keras")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        loaded = kerasad.load(tmp_path / "a.keras")
    finally:
        keras.config.set_dtype_policy(policy)
    images = moved(parts[:1])
    np.testing.assert_allclose(
        loaded.predict(images)["anomaly_score"],
        detector.predict(images)["anomaly_score"],
        rtol=1e-3,
    )
