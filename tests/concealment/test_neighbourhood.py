"""Layouts of slices, and likelihood ratios against scipy's Student distributions."""

import numpy as np
from scipy import stats

from semcomm.codec.codec import Codec
from semcomm.concealment.neighbourhood import (
    CORRELATION,
    FREEDOM,
    MISSING,
    Neighbourhood,
    SliceLayout,
    neighbour,
    unit_vectors,
)
from semcomm.data.sample import Sample

# Two images, of 2 x 3 positions with two symbols each, numbers 0 to 11, and of 1 x 2 positions, 12
# to 15.
SHAPES = [(2, 3, 2), (1, 2, 2)]
LAYOUT = SliceLayout.of(np.array([4, 8, 2, 2]), SHAPES)


def test_slice_layout_by_hand() -> None:
    assert LAYOUT.firsts.tolist() == [0, 4, 12, 14]
    assert LAYOUT.begins.tolist() == [0, 0, 12, 12]
    assert LAYOUT.ends.tolist() == [12, 12, 16, 16]
    assert LAYOUT.rows.tolist() == [6, 6, 4, 4]


def test_neighbours_by_hand() -> None:
    def around(here: int, image: int) -> list[int]:
        begin, end, row = ((0, 12, 6), (12, 16, 4))[image]
        return [neighbour(here, side, begin, end, row, 2) for side in range(4)]

    assert around(3, 0) == [1, -1, 5, 9]  # left, above, right, below
    assert around(6, 0) == [-1, 0, 8, -1]
    assert around(11, 0) == [9, 5, -1, -1]
    assert around(12, 1) == [-1, -1, 14, -1]


def log_ratio(a: np.ndarray, b: np.ndarray) -> float:
    """How much likelier two vectors are together than apart, a quarter of it in nats."""
    both = np.kron([[1, CORRELATION], [CORRELATION, 1]], np.eye(a.size))
    joint = stats.multivariate_t.logpdf(np.concatenate([a, b]), shape=both, df=FREEDOM)
    alone = sum(stats.multivariate_t.logpdf(v, shape=np.eye(v.size), df=FREEDOM) for v in (a, b))
    return float(joint - alone) / 4


def test_log_likelihood_ratio_is_that_of_student_densities() -> None:
    """Over the neighbours that are known."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(9, 4))
    symbols = rng.integers(0, 9, 16)
    trusted = np.ones(16, np.bool_)
    trusted[[8, 4, 5, 6]] = False
    neighbourhood = Neighbourhood(vectors, 2, LAYOUT, symbols, trusted)
    run = np.array([3, 1, MISSING, 7, 5, 2, 0, 8])  # of the places 4 to 11
    ratios = neighbourhood.log_likelihood_ratio(run, np.array([1]))

    def pair(one: int, other: int) -> float:
        return log_ratio(vectors[one], vectors[other])

    assert np.allclose(
        ratios,
        [
            pair(3, symbols[2]),  # place 4: to its left 2; below it 10, in the run, counts there
            pair(1, symbols[3]),  # 5: 3
            0,  # 6 is absent
            pair(7, symbols[1]),  # 7: above it 1
            pair(5, symbols[2]),  # 8: to its left 6 is absent, above it 2
            pair(2, 7) + pair(2, symbols[3]),  # 9: to its left 7, above it 3
            pair(0, 5) + pair(0, 3),  # 10: 8 and, above it, 4
            pair(8, 2) + pair(8, 1),  # 11: 9 and 5
        ],
        rtol=1e-9,
    )


def test_true_rows_are_likelier_than_random_ones(shipped_codec: Codec) -> None:
    codec = shipped_codec
    symbols = np.stack(codec.quantize(codec.encode(Sample().load(0, 256)))).astype(np.int64).ravel()
    layout = SliceLayout.of(np.full(256 * 8, 16), [(8, 8, 2)] * 256)
    neighbourhood = Neighbourhood(
        unit_vectors(codec), 2, layout, symbols, np.ones(symbols.size, np.bool_)
    )
    drawn = np.random.default_rng(0).choice(256, symbols.size, p=codec.probabilities)
    rows = np.arange(256 * 8)
    true, random = (
        neighbourhood.log_likelihood_ratio(runs, rows).reshape(-1, 16).sum(axis=1)
        for runs in (symbols, drawn)
    )
    print(f"true rows are likelier than random ones in {np.mean(true > random):.1%}")
    assert np.mean(true > random) > 0.85


def test_unit_vectors_have_mean_0_and_variance_1(tiny_codec: Codec) -> None:
    vectors, shares = unit_vectors(tiny_codec), tiny_codec.probabilities
    assert np.allclose(shares @ vectors, 0, atol=1e-6)
    assert np.isclose(shares @ np.square(vectors).mean(axis=1), 1)
