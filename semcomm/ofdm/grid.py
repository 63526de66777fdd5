"""The grid of an OFDM frame: which cells of subcarriers and OFDM symbols carry pilots and data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Grid:
    """Frames fill whole OFDM symbols, one after the other, each from the lowest subcarrier up.

    subcarriers: N of each OFDM symbol.
    pilot_spacing: subcarriers from one pilot to the next, the first subcarrier has one; None sends
        no pilots.
    pilot_period: OFDM symbols from one with pilots to the next; the first has them.
    """

    subcarriers: int
    pilot_spacing: int | None
    pilot_period: int

    @property
    def pilot_subcarriers(self) -> NDArray[np.int64]:
        """Those that carry pilots in OFDM symbols with pilots, (P,)."""
        return np.arange(0, self.subcarriers if self.pilot_spacing else 0, self.pilot_spacing or 1)

    def pilot_symbols(self, symbols: int) -> NDArray[np.int64]:
        """Those of the first so many OFDM symbols that carry pilots."""
        return np.arange(0, symbols, self.pilot_period)

    def is_data(self, symbols: int) -> NDArray[np.bool_]:
        """(symbols, N) whether a cell carries data or padding, and no pilot."""
        is_data = np.ones((symbols, self.subcarriers), np.bool_)
        is_data[np.ix_(self.pilot_symbols(symbols), self.pilot_subcarriers)] = False
        return is_data

    def room(self, symbols: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many cells without pilots frames of so many OFDM symbols have.

        Example: 8 subcarriers with pilots on every fourth of every second OFDM symbol have room for
        6, 14 and 20 in 1, 2 and 3 OFDM symbols.
        """
        pilots = -(-symbols // self.pilot_period) * self.pilot_subcarriers.size
        return symbols * self.subcarriers - pilots

    def symbols_for(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """The fewest OFDM symbols with room for frames of these lengths."""
        period = self.pilot_period
        per_period = period * self.subcarriers - self.pilot_subcarriers.size
        most = period * -(-lengths.max(initial=0) // per_period)
        return np.searchsorted(self.room(np.arange(most + 1)), lengths)
