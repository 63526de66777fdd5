"""Runs in flat arrays against plain Python lists."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.ragged import (
    gather_runs,
    join_runs,
    offsets,
    ragged_arange,
    spans,
    split_runs,
    sum_runs,
)

counts_strategy = st.lists(st.integers(0, 8), max_size=6)
runs_strategy = st.lists(st.lists(st.integers(-9, 9), max_size=7), max_size=6)
spans_strategy = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 8)), max_size=6)


def integers(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, np.int64)


@given(counts_strategy)
def test_offsets_are_the_sums_of_the_counts_before(counts: list[int]) -> None:
    assert offsets(integers(counts)).tolist() == [sum(counts[:n]) for n in range(len(counts))]


@given(counts_strategy)
def test_ragged_arange_counts_from_0_in_each_run(counts: list[int]) -> None:
    expected = [position for count in counts for position in range(count)]
    assert ragged_arange(integers(counts)).tolist() == expected


@given(spans_strategy)
def test_spans_are_the_ranges_after_each_other(drawn: list[tuple[int, int]]) -> None:
    starts, lengths = (integers([pair[side] for pair in drawn]) for side in (0, 1))
    expected = [place for start, length in drawn for place in range(start, start + length)]
    assert spans(starts, lengths).tolist() == expected


@settings(deadline=None)  # the first call may compile
@given(spans_strategy)
def test_gather_runs_is_indexing_by_spans(drawn: list[tuple[int, int]]) -> None:
    values = np.random.default_rng(0).integers(0, 2, 60, dtype=np.uint8)
    starts, lengths = (integers([pair[side] for pair in drawn]) for side in (0, 1))
    gathered = gather_runs(values, starts, lengths)
    assert gathered.dtype == values.dtype
    assert gathered.tolist() == values[spans(starts, lengths)].tolist()


@given(runs_strategy)
def test_joined_runs_split_into_the_same(runs: list[list[int]]) -> None:
    values, lengths = join_runs([integers(run) for run in runs], np.int64)
    assert (values.dtype, lengths.dtype) == (np.int64, np.int64)
    assert [run.tolist() for run in split_runs(values, lengths)] == runs


@given(runs_strategy)
def test_sum_runs_is_the_sum_of_each(runs: list[list[int]]) -> None:
    values, lengths = join_runs([integers(run) for run in runs], np.int64)
    assert sum_runs(values.astype(np.float64), lengths).tolist() == [sum(run) for run in runs]


def test_split_runs_are_views() -> None:
    values = np.zeros(5)
    split_runs(values, integers([2, 3]))[1][:] = 1.0
    assert values.tolist() == [0, 0, 1, 1, 1]
