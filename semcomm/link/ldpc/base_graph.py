"""The two base graphs of 5G NR and how they are lifted: 3GPP TS 38.212, section 5.3.2."""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import LinkError

PAYLOAD_COLUMNS = {1: 22, 2: 10}
"""Columns of each base graph that hold payload; as many more as it has rows hold parity."""

MOST_PAYLOAD_BITS = {1: 8448, 2: 3840}
"""Of one code block, by base graph: section 5.2.2."""

CORE_ROWS = 4
"""Rows whose parity is solved together. Each row after them has a column of parity to itself, with
shift 0.
"""

LIFTING_SETS = tuple(
    tuple(odd << doubling for doubling in range(8) if odd << doubling <= 384)
    for odd in (2, 3, 5, 7, 9, 11, 13, 15)
)
"""Lifting sizes Z that share a column of shifts, in the order of table 5.3.2-1."""

LIFTING_SIZES = tuple(sorted(size for sizes in LIFTING_SETS for size in sizes))


class LiftedGraph(NamedTuple):
    """A base graph whose every entry stands for a shifted Z x Z identity; compiled code takes it as
    it is.

    Check i of row r holds the bits (i + shift) mod Z of the column of each of its edges, which are
    those from row_starts[r] to before row_starts[r + 1]. The first columns hold payload, then each
    row r brings column payload_columns + r of parity.

    row_starts: (rows + 1,) int64; columns, shifts: (edges,) int64; lifting: Z.
    """

    row_starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    shifts: NDArray[np.int64]
    lifting: int
    payload_columns: int

    @property
    def parity_bits(self) -> int:
        return (self.row_starts.size - 1) * self.lifting


@cache
def lifted_graph(base_graph: int, lifting: int, payload_columns: int) -> LiftedGraph:
    """Base graph 1 or 2 lifted by `lifting`, without the columns of payload from `payload_columns`
    on.

    Columns that are left out hold only filler bits, which are zero and take part in no check.
    """
    table = _table(base_graph)
    table = table[(table[:, 1] < payload_columns) | (table[:, 1] >= PAYLOAD_COLUMNS[base_graph])]
    rows, columns = table[:, 0], table[:, 1]
    lifting_set = next(number for number, sizes in enumerate(LIFTING_SETS) if lifting in sizes)
    return LiftedGraph(
        row_starts=np.searchsorted(rows, np.arange(rows[-1] + 2)),
        columns=np.where(
            columns < payload_columns,
            columns,
            columns - PAYLOAD_COLUMNS[base_graph] + payload_columns,
        ),
        shifts=table[:, 2 + lifting_set] % lifting,
        lifting=lifting,
        payload_columns=payload_columns,
    )


@cache
def _table(base_graph: int) -> NDArray[np.int64]:
    """Tables 5.3.2-2 and 5.3.2-3, (edges, 10): row, column, and the shift in each of the eight sets
    of sizes.

    Sionna ships them as text; reading it takes milliseconds, where importing Sionna's own reader
    takes seconds.
    """
    try:
        file = files("sionna") / "phy" / "fec" / "ldpc" / "codes" / f"5G_bg{base_graph}.csv"
        lines = file.read_text(encoding="utf-8").splitlines()[2:]
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise LinkError(
            f"the tables of the LDPC codes are read from Sionna 2, which is not there ({error}): "
            "pip install 'sionna-no-rt>=2.2,<3'"
        ) from error
    edges: list[list[int]] = []
    for line in lines:
        row, column, *shifts = line.split(";")
        edges.append([int(row) if row else edges[-1][0], int(column), *map(int, shifts)])
    return np.array(edges, np.int64)
