"""One code block: its lifting size, its mother codeword, and which bits of it are sent."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import LinkError
from semcomm.link.ldpc.base_graph import (
    LIFTING_SIZES,
    MAX_PAYLOAD_BITS,
    PAYLOAD_COLUMNS,
    LiftedGraph,
    lifted_graph,
)

START_COLUMNS = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}
"""The columns at which redundancy versions 0 to 3 start, counted without the two that are never
sent: table 5.4.2.1-2, unlimited buffer.
"""


def choose_base_graph(payload_bits: int, rate: Fraction) -> int:
    """The base graph, 1 or 2, for a whole payload at a code rate: sections 6.2.2 and 7.2.2."""
    small = payload_bits <= 292 or (payload_bits <= 3824 and rate <= Fraction(67, 100))
    return 2 if small or rate <= Fraction(1, 4) else 1


@dataclass(frozen=True)
class CodeBlock:
    """The code of a block of k payload bits, 12 to 8,448 on base graph 1 and to 3,840 on base graph
    2.

    The standard fills the payload with zeros to whole columns, encodes it, and does not send these
    fillers. The mother codeword here has no fillers: it is the k payload bits, of which the first
    2 Z are never sent, then all parity bits.
    """

    payload_bits: int
    base_graph: int

    def __post_init__(self) -> None:
        if not 12 <= self.payload_bits <= MAX_PAYLOAD_BITS[self.base_graph]:
            raise LinkError(
                f"a block of {self.payload_bits} bits on base graph {self.base_graph}; "
                f"it takes 12 to {MAX_PAYLOAD_BITS[self.base_graph]}"
            )

    @cached_property
    def lifting(self) -> int:
        """Z, the smallest size for which the payload fits into the columns that section 5.2.2
        assigns to it.
        """
        columns = PAYLOAD_COLUMNS[self.base_graph]
        if self.base_graph == 2:
            columns = next(
                columns
                for columns, most in ((6, 192), (8, 560), (9, 640), (10, 3840))
                if self.payload_bits <= most
            )
        return next(size for size in LIFTING_SIZES if columns * size >= self.payload_bits)

    @cached_property
    def graph(self) -> LiftedGraph:
        """The parity checks, without the columns that hold only fillers."""
        return lifted_graph(self.base_graph, self.lifting, ceil(self.payload_bits / self.lifting))

    @cached_property
    def mother_bits(self) -> int:
        return self.payload_bits + self.graph.parity_bits

    def rate_match(self, sent: int, version: int, bits_per_symbol: int = 1) -> NDArray[np.int64]:
        """The positions in the mother codeword of the bits that are sent, in order: section 5.4.2.

        Bits are read from a circular buffer, beginning at the start of the redundancy version, and
        as many times around as needed. With several bits per symbol, they are written row by row
        into a matrix of as many rows as a symbol has bits, and read column by column, so that the
        first bits have the best protected places of their symbols.

        sent: the number of bits, a multiple of bits_per_symbol. Returns (sent,) int64.
        """
        never_sent = 2 * self.lifting
        order = (self._start(version) + np.arange(sent)) % (
            self.mother_bits - never_sent
        ) + never_sent
        return order.reshape(bits_per_symbol, -1).T.ravel()

    def _start(self, version: int) -> int:
        """Where a redundancy version starts in the buffer, which holds no fillers. No version
        starts at a filler.
        """
        start = START_COLUMNS[self.base_graph][version] * self.lifting
        fillers = PAYLOAD_COLUMNS[self.base_graph] * self.lifting - self.payload_bits
        return start if start < self.payload_bits - 2 * self.lifting else start - fillers
