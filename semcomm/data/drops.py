"""What drops are, of which channel matrices are generated (csi_drops.py)."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Unit, doc

from semcomm.validation import Validated

MAX_ENTRIES = 1 << 16
"""Of a matrix, so that a chunk takes no more than some hundred megabytes."""


@dataclass(frozen=True)
class Drops(Validated):
    """How channel matrices are generated, a new drop for each."""

    count: Annotated[int, Ge(1), Le(10_000_000), doc("how many there are")] = 10_000
    antennas: Annotated[
        int,
        Ge(2),
        Le(1024),
        doc(
            "of the base station, in a horizontal line, half a wavelength apart; a matrix has as "
            "many angles"
        ),
    ] = 32
    delays: Annotated[
        int, Ge(8), Le(1024), doc("rows of a matrix, the first of as many as there are subcarriers")
    ] = 32
    carrier_ghz: Annotated[float, Ge(0.5), Le(100.0), Unit("GHz"), doc("carrier frequency")] = 3.5
    subcarriers: Annotated[
        int, Ge(8), Le(8192), doc("on how many neighbouring ones the channel is known")
    ] = 256
    spacing_khz: Annotated[
        float, Ge(1.0), Le(960.0), Unit("kHz"), doc("from one subcarrier to the next")
    ] = 15.0
    seed: Annotated[
        int, Ge(0), Le(2**32 - 1), doc("of the drops; a run takes another one than a training")
    ] = 0

    def __post_init__(self) -> None:
        if self.delays > self.subcarriers:
            raise ValueError(
                f"delays is {self.delays}; {self.subcarriers} subcarriers have as many delays"
            )
        if self.delays * self.antennas > MAX_ENTRIES:
            raise ValueError(
                f"delays is {self.delays}, and antennas is {self.antennas}; a matrix takes at most "
                f"{MAX_ENTRIES} entries, delays times antennas"
            )
