"""Channel-optimized quantization against sums over all pairs of indices, written out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.codec.quantizers.covq import Covq, covq_tables, over_channel

BITS, CROSSOVERS = st.integers(0, 5), st.floats(0, 0.5)
SEEDS = st.integers(0, 2**32)


def transitions(bits: int, crossover: float) -> NDArray[np.float64]:
    """P(j | k) at [k, j], of indices as lists of their bits."""
    words = (np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1
    differ = words[:, None] != words
    return np.where(differ, crossover, 1 - crossover).prod(axis=2)


def normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32)


@settings(deadline=None)
@given(BITS, CROSSOVERS)
def test_each_index_arrives_as_its_bits_may_flip(bits: int, crossover: float) -> None:
    expected = transitions(bits, crossover)
    made = over_channel(np.eye(1 << bits), crossover)
    assert made == pytest.approx(expected, rel=1e-12)
    assert made.sum(axis=0) == pytest.approx(1, rel=1e-12)
    values = np.arange(1.0, 1 + (1 << bits))
    assert over_channel(values, crossover) == pytest.approx(expected @ values, rel=1e-12)


def test_one_bit_by_hand() -> None:
    tables = covq_tables(np.array([[0], [1]], np.float32), crossover=0.25)
    assert tables["encoder_codebook"].tolist() == [[0.25], [0.75]]
    assert tables["bias"].tolist() == [0.1875, 0.1875]


def test_without_flips_it_is_vq() -> None:
    codebook = normal(np.random.default_rng(0), 8, 3)
    tables = covq_tables(codebook, crossover=0.0)
    assert np.array_equal(tables["encoder_codebook"], codebook)
    assert tables["bias"] == pytest.approx(0, abs=1e-12)  # float64 squares that cancel


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(1, 5), CROSSOVERS)
def test_the_index_has_the_least_expected_squared_error(
    seed: int, bits: int, crossover: float
) -> None:
    rng = np.random.default_rng(seed)
    codebook, vectors = normal(rng, 1 << bits, 3), normal(rng, 50, 3)
    tables = {
        name: torch.from_numpy(table) for name, table in covq_tables(codebook, crossover).items()
    }
    quantizer = Covq(**tables, encoder_centroids=tables["codebook"], bits=torch.zeros(1 << bits))
    chosen = quantizer.assign(torch.from_numpy(vectors)).numpy()

    squares = np.square(vectors[:, None].astype(np.float64) - codebook).sum(axis=2)
    errors = squares @ transitions(bits, crossover).T
    taken = errors[np.arange(50), chosen]
    # A cost in float32 errs by 6e-8 of numbers of up to some 50: of nearly equal costs either may
    # be taken.
    assert taken == pytest.approx(errors.min(axis=1), abs=1e-4)
    means = np.square(vectors - tables["encoder_codebook"].numpy()[chosen]).sum(axis=1)
    assert means + tables["bias"].numpy()[chosen] == pytest.approx(taken, abs=1e-4)


def test_each_end_has_its_own_codebook() -> None:
    rng = np.random.default_rng(0)
    codebook, centroids = normal(rng, 4, 2), torch.from_numpy(normal(rng, 4, 2))
    tables = {name: torch.from_numpy(table) for name, table in covq_tables(codebook, 0.1).items()}
    quantizer = Covq(**tables, encoder_centroids=centroids, bits=torch.zeros(4))
    everything = torch.arange(4)
    assert torch.equal(quantizer.reconstruct(everything), torch.from_numpy(codebook))
    assert torch.equal(quantizer.nearest(torch.from_numpy(codebook)), everything)
    assert torch.equal(quantizer.expected_codewords, tables["encoder_codebook"])
    assert torch.equal(quantizer.sent_codewords, centroids)
