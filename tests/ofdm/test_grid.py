"""The cells of a grid: pilots, room and the fewest OFDM symbols of a frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.ofdm.grid import Grid

grids = st.builds(Grid, st.integers(2, 40), st.none() | st.integers(1, 50), st.integers(2, 5))


def test_a_pilot_pattern_by_hand() -> None:
    grid = Grid(8, pilot_spacing=3, pilot_period=2)
    assert (~grid.is_data(3)).astype(int).tolist() == [
        [1, 0, 0, 1, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [1, 0, 0, 1, 0, 0, 1, 0],
    ]
    assert grid.room(np.array([0, 1, 2, 3])).tolist() == [0, 5, 13, 18]
    assert grid.symbols_for(np.array([0, 1, 5, 6, 13, 14, 18, 19])).tolist() == [
        *(0, 1, 1, 2, 2, 3, 3, 4)
    ]


def test_an_ofdm_symbol_of_pilots_alone_ends_no_frame() -> None:
    grid = Grid(4, pilot_spacing=1, pilot_period=2)
    assert grid.room(np.array([1, 2, 3, 4])).tolist() == [0, 4, 4, 8]
    assert grid.symbols_for(np.array([1, 4, 5])).tolist() == [2, 2, 4]


@given(grids, st.lists(st.integers(0, 300), max_size=5))
@settings(deadline=None)
def test_frames_take_the_fewest_symbols_that_hold_them(grid: Grid, lengths: list[int]) -> None:
    for length, symbols in zip(lengths, grid.symbols_for(np.array(lengths, np.int64)), strict=True):
        assert grid.is_data(symbols).sum() == grid.room(np.array(symbols)) >= length
        assert symbols == 0 or grid.is_data(symbols - 1).sum() < length


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_empty_frames_take_no_symbol(lengths: list[int]) -> None:
    counts = Grid(8, 2, 1).symbols_for(np.array(lengths, np.int64))
    assert counts.tolist() == lengths
