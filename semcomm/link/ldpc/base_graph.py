"""The two base graphs of 5G NR and how they are lifted: 3GPP TS 38.212, section 5.3.2."""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import LinkError

PAYLOAD_COLUMNS = {1: 22, 2: 10}
"""Payload columns of each base graph; it has one parity column per row besides."""

MAX_PAYLOAD_BITS = {1: 8448, 2: 3840}
"""Of one code block, by base graph: section 5.2.2."""

CORE_ROWS = 4
"""Rows whose parity is solved jointly. Each later row has a parity column of its own, with shift
0.
"""

LIFTING_SETS = tuple(
    tuple(odd << doubling for doubling in range(8) if odd << doubling <= 384)
    for odd in (2, 3, 5, 7, 9, 11, 13, 15)
)
"""Lifting sizes Z that share a column of shifts, in the order of table 5.3.2-1."""

LIFTING_SIZES = tuple(sorted(size for sizes in LIFTING_SETS for size in sizes))


class LiftedGraph(NamedTuple):
    """A base graph whose entries are shifted Z x Z identities, in a form that compiled code can
    take.

    Row r has the edges row_starts[r] to before row_starts[r + 1]. Its check i contains bit (i +
    shift) mod Z of the column of each of these edges. The first columns hold the payload; column
    payload_columns + r holds the parity of row r.

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
    """Base graph 1 or 2 lifted by `lifting`, without the payload columns from `payload_columns` on.

    The columns left out hold only filler bits, which are zero and affect no check.
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
    """Tables 5.3.2-2 and 5.3.2-3, (edges, 10): row, column, and the shift for each of the eight
    lifting sets.

    Sionna ships them as text. Reading that takes milliseconds; importing Sionna takes seconds.
    """
    try:
        file = files("sionna") / "phy" / "fec" / "ldpc" / "codes" / f"5G_bg{base_graph}.csv"
        lines = file.read_text(encoding="utf-8").splitlines()[2:]
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise LinkError(
            "the tables of the LDPC codes are read from Sionna 2, which is not installed "
            f"({error}): pip install 'sionna-no-rt>=2.2,<3'"
        ) from error
    edges: list[list[int]] = []
    for line in lines:
        row, column, *shifts = line.split(";")
        edges.append([int(row) if row else edges[-1][0], int(column), *map(int, shifts)])
    return np.array(edges, np.int64)
