"""Codes, and layers that see the cells before."""

import numpy as np
import pytest
from keras import ops

from kerasad.layers import CausalAttention, Codebook, MaskedConv2D, PlaceBias
from tests.contracts import check_config, check_layer


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize(
    "layer",
    [MaskedConv2D(16, 3), CausalAttention(size=4), PlaceBias()],
    ids=lambda layer: type(layer).__name__,
)
def test_contract(layer, rng, tmp_path):
    inputs = rng.normal(size=(2, 4, 6, 16)).astype("float32")
    check_layer(layer, inputs, tmp_path / "m.keras")


@pytest.mark.parametrize(
    "layer, itself",
    [
        (MaskedConv2D(16, 5, itself=False), False),
        (MaskedConv2D(16, 5), True),
        (CausalAttention(size=4), True),
    ],
)
def test_a_cell_depends_on_those_before_alone(layer, itself, rng):
    inputs = rng.normal(size=(1, 6, 6, 16)).astype("float32")
    before = numpy(layer(inputs))
    inputs[0, 2, 3] += 1.0
    moved = np.abs(numpy(layer(inputs)) - before).max((0, 3)) > 1e-5
    assert not moved[:2].any() and not moved[2, :3].any()
    assert moved[2, 3] == itself
    assert moved[2, 4] and moved[3, 3]


def trained(codebook, inputs):
    vectors, numbers = codebook(inputs, training=True)
    return numpy(vectors), numpy(numbers)


def test_a_code_moves_towards_what_chose_it():
    codebook = Codebook(2, 1, decay=0.5, commitment=0.25, dead=0.0)
    codebook.build()
    codebook.embeddings.assign([[0.0], [10.0]])
    codebook.sums.assign([[0.0], [10.0]])
    codebook.counts.assign([1.0, 1.0])
    inputs = np.array([1.0, 2.0, 3.0, 9.0], "float32").reshape(1, 2, 2, 1)
    vectors, numbers = trained(codebook, inputs)
    np.testing.assert_array_equal(numbers, [[[0, 0], [0, 1]]])
    np.testing.assert_allclose(vectors.ravel(), [0, 0, 0, 10], atol=1e-6)
    # Counts (1 + 3) / 2 and (1 + 1) / 2; sums (0 + 6) / 2, (10 + 9) / 2.
    np.testing.assert_allclose(numpy(codebook.counts), [2.0, 1.0])
    np.testing.assert_allclose(numpy(codebook.embeddings), [[1.5], [9.5]])
    # 0.25 times the mean of 1, 4, 9, 1.
    assert float(codebook.losses[0]) == pytest.approx(0.9375)


def test_dead_codes_begin_anew_as_vectors_of_the_batch(rng):
    codebook = Codebook(8, 3)
    codebook.build()
    inputs = rng.normal(size=(2, 4, 4, 3)).astype("float32")
    trained(codebook, inputs)
    codes, seen = numpy(codebook.embeddings), inputs.reshape(-1, 3)
    distances = np.abs(codes[:, None] - seen[None]).max(-1).min(1)
    np.testing.assert_allclose(distances, 0.0, atol=1e-6)
    kept = numpy(codebook.embeddings).copy()
    codebook(inputs)  # not in training
    np.testing.assert_array_equal(numpy(codebook.embeddings), kept)


def test_config():
    check_config(Codebook(4, 2, decay=0.5, dead=2.0))
