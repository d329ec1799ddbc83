"""Likelihood and resampling of codes."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasad.config import load_config
from kerasad.detector import Detector
from kerasad.export import export, find_format
from kerasad.methods.vqvae2 import VQVAE2Method
from kerasad.models.vqvae import VQVAE, surprise_of
from kerasad.testing import sample_images
from kerasad.training.run import Run
from tests.small import on_one_backend
from tests.test_export import skip_unless_possible


@pytest.fixture(scope="module")
def network():
    made = VQVAE(
        image_size=32,
        stem=4,
        filters=16,
        codes=8,
        code_size=4,
        prior_filters=16,
        prior_blocks=1,
    )
    rng = np.random.default_rng(0)
    for codebook in made.codebooks:
        codebook.embeddings.assign(rng.normal(size=(8, 4)))
    return made


@pytest.fixture
def numbers(rng):
    shapes = (2, 4, 4), (2, 8, 8)
    return [rng.integers(8, size=shape).astype("int32") for shape in shapes]


def test_surprise_equals_the_formula(rng):
    logits = rng.normal(size=(1, 2, 2, 5)).astype("float32")
    chosen = rng.integers(5, size=(1, 2, 2)).astype("int32")
    found = ops.convert_to_numpy(surprise_of(chosen, logits))
    likelihoods = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    for row in range(2):
        for column in range(2):
            own = likelihoods[0, row, column, chosen[0, row, column]]
            assert found[0, row, column] == pytest.approx(-np.log(own), 1e-5)


def test_the_fine_prior_knows_coarse_codes_and_fine_ones_before(
    network, numbers
):
    before = ops.convert_to_numpy(network.logits(numbers, 1))
    numbers[1][0, 3, 4] = (numbers[1][0, 3, 4] + 1) % 8
    after = ops.convert_to_numpy(network.logits(numbers, 1))
    moved = np.abs(after - before).max(-1) > 1e-6
    assert not moved[1].any() and not moved[0, :3].any()
    assert not moved[0, 3, :5].any() and moved[0, 3, 5]
    numbers[0][1, 0, 0] = (numbers[0][1, 0, 0] + 1) % 8
    coarse = ops.convert_to_numpy(network.logits(numbers, 1))
    assert np.abs(coarse - after)[1, :2, :2].max() > 1e-6


def test_only_unlikely_codes_are_resampled(network, numbers):
    surprise = ops.convert_to_numpy(network.surprises(numbers)[0])
    limit = float(np.median(surprise))
    method = VQVAE2Method(network, "restored", limit, resampling_passes=1)
    coarse = ops.convert_to_numpy(method.resampled(numbers)[0])
    likely = surprise <= limit
    assert likely.any() and not likely.all()
    np.testing.assert_array_equal(coarse[likely], numbers[0][likely])
    again = ops.convert_to_numpy(method.resampled(numbers)[0])
    np.testing.assert_array_equal(again, coarse)
    method.unlikely = 100.0
    for same, number in zip(method.resampled(numbers), numbers, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(same), number)


@on_one_backend
def test_nothing_unlikely_leaves_an_empty_map(network, rng):
    images = rng.uniform(size=(1, 32, 32, 3)).astype("float32")
    method = VQVAE2Method(network, "restored", unlikely=100.0)
    assert not ops.convert_to_numpy(method(images)["maps"]).any()
    method = VQVAE2Method(network, "restored", unlikely=0.0)
    assert ops.convert_to_numpy(method(images)["maps"]).max() > 0.0


@on_one_backend
def test_distances_are_all_but_the_likelihood(network, rng):
    images = rng.random((2, 32, 32, 3)).astype("float32")
    every, two = (
        VQVAE2Method(network, name) for name in ("two-sided", "distances")
    )
    maps = ops.convert_to_numpy(every(images)["maps"])
    found = ops.convert_to_numpy(two(images)["maps"])
    np.testing.assert_allclose(found, maps[..., 1:], rtol=1e-5, atol=1e-6)
    assert two.map_names == every.map_names[1:]
    assert two.two_sided == (True, True)

    def scales(method):
        detector = Detector(method, 32)
        detector.fit_map_statistics(sample_images(32, 6))
        return ops.convert_to_numpy(detector.map_scale)

    # What counts half has twice the unit.
    expected = scales(every)[1:] * np.array([2, 1])[:, None, None]
    np.testing.assert_allclose(scales(two), expected, rtol=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_resampling_scores_the_same_in_onnxruntime(network, rng, tmp_path):
    skip_unless_possible(find_format("onnx"))
    detector = Detector(VQVAE2Method(network, "restored", 2.0), 32)
    images = rng.integers(0, 256, (6, 32, 32, 3), dtype="uint8")
    detector.calibrate(images, "n-sigma")
    exported = export(detector, tmp_path / "codes.onnx", "onnx")
    assert exported.difference <= 1e-3


def test_a_prior_that_knows_nothing_foretells_the_mean_of_all_codes(
    network, numbers, rng
):
    wanted = [rng.normal(size=(*n.shape, 4)).astype("float32") for n in numbers]
    lasts = [prior.layers[-2] for prior in network.priors]
    before = [last.get_weights() for last in lasts]
    for last, arrays in zip(lasts, before, strict=True):
        last.set_weights([np.zeros_like(array) for array in arrays])
    found = network.misses(numbers, wanted)
    for last, arrays in zip(lasts, before, strict=True):
        last.set_weights(arrays)
    for level, missed in enumerate(found):
        codes = ops.convert_to_numpy(network.codebooks[level].embeddings)
        expected = ((wanted[level] - codes.mean(0)) ** 2).sum(-1)
        np.testing.assert_allclose(
            ops.convert_to_numpy(missed), expected, rtol=1e-4
        )


SMALL = ["image_size=32", "stem=4", "filters=16", "codes=8", "code_size=4",
         "prior_filters=16", "prior_blocks=1", "copies=2", "batch_size=4",
         "prior_batch_size=4", "precision=float32", "steps=20",
         "prior_steps=40", "dropout=0.1"]  # fmt: skip


class Stop(Exception):
    pass


def learnt(folder, **options):
    """Weights, history and facts of a training."""
    config = load_config("vqvae2", SMALL)
    keras.utils.set_random_seed(0)
    method = VQVAE2Method.from_settings(config.settings, (32, 32), 8)
    images = sample_images(32)
    run = Run(config.settings, checkpoint=folder / "c.npz", **options)
    rows = method.fit(images[:8], images[8:], run)
    return method.network.get_weights(), rows, run.facts


# Of the other backends in tests/cli/test_interrupted.py, with one network:
# these are two, built and compiled three times each.
@on_one_backend
@pytest.mark.parametrize("of_prior, last", [(False, 7), (True, 11)])
def test_either_training_goes_on_where_it_stopped(of_prior, last, tmp_path):
    said = []

    def stop(epochs, epoch, step, steps, row):
        if row is not None and epoch == last and bool(said) == of_prior:
            raise Stop

    plain, rows, facts = learnt(tmp_path)
    assert [row["epoch"] for row in rows] == list(range(40))
    assert facts["steps"] == facts["recipe_steps"] == 60
    assert facts["time_limit"] is None
    assert facts["epochs_before"] == 20
    with pytest.raises(Stop):
        learnt(tmp_path, progress=stop, say=said.append)
    again, rows, _ = learnt(tmp_path, resume=True)
    assert len(rows) == 40
    for one, other in zip(again, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@on_one_backend
def test_the_prior_learns_what_comes_next(tmp_path):
    _, rows, _ = learnt(tmp_path)
    known = [row["val_loss"] for row in rows[20:]]
    assert known[0] > 0.9 * np.log(8) and known[-1] < 0.8 * np.log(8)
