"""Link adaptation: modulation and code rate by a channel's Es/N0, from a stored table."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from semcomm.choices import Modulation

TABLE = Path(__file__).with_name("adaptation.csv")
"""Made by tools/adaptation_table.py; docs/decisions/0015-adaptation.md says how."""


class Choice(NamedTuple):
    """A row of the table: what to send with, over so many channel uses at this Es/N0 or above.

    rate: of the LDPC code.
    """

    channel_uses: int
    esn0_db: float
    modulation: Modulation
    rate: str


def choose(channel_uses: int, esn0_db: float) -> Choice:
    """The row of the highest Es/N0 that is not above the channel's; the first row below that."""
    rows = rows_for(channel_uses)
    return [rows[0], *(row for row in rows if row.esn0_db <= esn0_db)][-1]


def rows_for(channel_uses: int) -> list[Choice]:
    """The rows of the most channel uses that are not above these, by rising Es/N0: of fewer uses,
    which need a higher Es/N0 at the same frame error rate. Below the fewest of the table they are
    those of the fewest.
    """
    sizes = {row.channel_uses for row in table()}
    size = max((uses for uses in sizes if uses <= channel_uses), default=min(sizes))
    return [row for row in table() if row.channel_uses == size]


@cache
def table() -> tuple[Choice, ...]:
    """All rows, by rising channel uses and Es/N0."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [
            Choice(int(row["channel_uses"]), float(row["esn0_db"]), row["modulation"], row["rate"])  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        ]
    return tuple(sorted(rows))
