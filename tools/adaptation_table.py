"""Make the table of link adaptation, semcomm/link/adaptation.csv, and the scenario it comes from.

python tools/adaptation_table.py provisional > semcomm/link/adaptation.csv
python tools/adaptation_table.py scenario > experiments/adaptation/adaptation.yaml
python tools/adaptation_table.py best BEST.csv > semcomm/link/adaptation.csv

`best` takes the table of `semcomm table results/adaptation --best psnr_db --per
link.channel_uses,channel.esn0_db`. docs/decisions/0015-adaptation.md says which table ships.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path
from typing import NamedTuple

from scipy.optimize import brentq

from semcomm.choices import Modulation
from semcomm.link.adaptation import Choice
from semcomm.link.modulation import BITS_PER_SYMBOL
from semcomm.link.normal_approximation import modulated, normal_approximation

RATES: dict[Modulation, Sequence[float]] = {
    "qpsk": (120, 157, 193, 251, 308, 379, 449, 526, 602, 679),
    "16qam": (340, 378, 434, 490, 553, 616, 658),
    "64qam": (438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948),
    "256qam": (682.5, 711, 754, 797, 841, 885, 916.5, 948),
}
"""Code rates times 1024: 3GPP TS 38.214, tables 5.1.3.1-1 and 5.1.3.1-2."""

CHANNEL_USES = (256, 512)
ESN0_DB = range(-4, 21)

FRAME_ERROR_RATE, GAP_DB = 1e-2, 1.0
"""Of the provisional table: what the normal approximation is asked for, and how much more Es/N0 the
LDPC codes of 5G NR take.
"""

HOPELESS, WINDOW_DB = 0.1, 4.0
"""Of the scenario: a point is left out where even the normal approximation loses this share of
frames, and where it would not at an Es/N0 that is lower by the window, so that a higher rate wins.
"""


class Point(NamedTuple):
    """A modulation and a code rate."""

    modulation: Modulation
    rate: Fraction

    @property
    def efficiency(self) -> Fraction:
        """Payload bits per symbol."""
        return BITS_PER_SYMBOL[self.modulation] * self.rate

    def __str__(self) -> str:
        whole = self.rate * 1024
        return f"{whole}/1024" if whole.denominator == 1 else f"{2 * whole}/2048"


POINTS = sorted(
    (Point(name, Fraction(rate) / 1024) for name, rates in RATES.items() for rate in rates),
    key=lambda point: point.efficiency,
)


@cache
def required_esn0_db(point: Point, uses: int, frame_error_rate: float) -> float:
    """The Es/N0 from which on a transport block of so many uses reaches this frame error rate, by
    the normal approximation.
    """
    bits = floor(uses * point.efficiency)

    def surplus(esn0_db: float) -> float:
        use = modulated(point.modulation, esn0_db)
        return normal_approximation(use, uses, frame_error_rate) - bits

    return float(brentq(surplus, -30, 60))


def provisional() -> Iterator[Choice]:
    """At each Es/N0 the highest spectral efficiency that the normal approximation allows, with the
    gap; the lowest where it allows none.
    """
    for uses in CHANNEL_USES:
        for esn0_db in ESN0_DB:
            limit = esn0_db - GAP_DB
            usable = [p for p in POINTS if required_esn0_db(p, uses, FRAME_ERROR_RATE) <= limit]
            point = [POINTS[0], *usable][-1]
            yield Choice(uses, esn0_db, point.modulation, str(point))


def candidates(uses: int, esn0_db: float) -> list[Point]:
    """The points that may be the best there; the lowest rate where there is none."""
    lowest = esn0_db - WINDOW_DB
    needs = {point: required_esn0_db(point, uses, HOPELESS) for point in POINTS}
    return [p for p in POINTS if lowest <= needs[p] <= esn0_db] or [POINTS[0]]


HEAD = """\
# The best modulation and code rate at each Es/N0, for the table of link adaptation. Made by `python
# tools/adaptation_table.py scenario`, which leaves out what cannot win by the normal approximation.

data: {name: cifar10, split: validation}
codec: {model: ecvq-levels}
framing: {header: false, crc: 16}
link: {code: {model: ldpc}}
channel: {model: awgn}
images: 512
seed: 0
sweep:
"""


def scenario() -> Iterator[str]:
    """The lines of the scenario, one grid for each Es/N0 and number of channel uses."""
    yield HEAD.rstrip()
    for uses in CHANNEL_USES:
        for esn0_db in ESN0_DB:
            pairs = ", ".join(f"[{p.modulation}, {p}]" for p in candidates(uses, esn0_db))
            yield f"  - link.channel_uses: [{uses}]"
            yield f"    channel.esn0_db: [{esn0_db}]"
            yield f"    link.modulation, link.code.rate: [{pairs}]"


def best(path: Path) -> Iterator[Choice]:
    """The rows of a table of the best. Raises ValueError where a place has two."""
    places = set()
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            uses, esn0_db = int(row["link.channel_uses"]), float(row["channel.esn0_db"])
            if (uses, esn0_db) in places:
                raise ValueError(f"{path}: two rows have {uses} channel uses at {esn0_db} dB")
            places.add((uses, esn0_db))
            yield Choice(uses, esn0_db, row["link.modulation"], row["link.code.rate"])  # type: ignore[arg-type]


def write(rows: Iterator[Choice]) -> None:
    """Write the table to standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(Choice._fields)
    for row in sorted(rows):
        writer.writerow([row.channel_uses, f"{row.esn0_db:g}", row.modulation, row.rate])


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["provisional", "scenario", "best"])
    parser.add_argument("table", nargs="?", type=Path, help="of the best, for `best`")
    given = parser.parse_args()
    if (given.what == "best") != bool(given.table):
        parser.error("`best`, and it alone, takes a table")
    if given.what == "scenario":
        print("\n".join(scenario()))
    else:
        write(best(given.table) if given.table else provisional())


if __name__ == "__main__":
    main()
