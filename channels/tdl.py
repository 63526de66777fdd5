"""The tapped delay lines of 3GPP TR 38.901, over OFDM."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le, Unit, doc

from semcomm.ofdm.channel import Ofdm
from semcomm.ofdm.taps import Taps

A_DELAYS = (
    *(0.0, 0.3819, 0.4025, 0.5868, 0.4610, 0.5375, 0.6708, 0.5750, 0.7618, 1.5375, 1.8978, 2.2242),
    *(2.1718, 2.4942, 2.5119, 3.0582, 4.0810, 4.4579, 4.5695, 4.7966, 5.0066, 5.3043, 9.6586),
)
A_ENERGIES_DB = (
    *(-13.4, 0.0, -2.2, -4.0, -6.0, -8.2, -9.9, -10.5, -7.5, -15.9, -6.6, -16.7),
    *(-12.4, -15.2, -10.8, -11.3, -12.7, -16.2, -18.3, -18.9, -16.6, -19.9, -29.7),
)
B_DELAYS = (
    *(0.0, 0.1072, 0.2155, 0.2095, 0.2870, 0.2986, 0.3752, 0.5055, 0.3681, 0.3697, 0.5700, 0.5283),
    *(1.1021, 1.2756, 1.5474, 1.7842, 2.0169, 2.8294, 3.0219, 3.6187, 4.1067, 4.2790, 4.7834),
)
B_ENERGIES_DB = (
    *(0.0, -2.2, -4.0, -3.2, -9.8, -1.2, -3.4, -5.2, -7.6, -3.0, -8.9, -9.0),
    *(-4.8, -5.7, -7.5, -1.9, -7.6, -12.2, -9.8, -11.4, -14.9, -9.2, -11.3),
)
C_DELAYS = (
    *(0.0, 0.2099, 0.2219, 0.2329, 0.2176, 0.6366, 0.6448, 0.6560, 0.6584, 0.7935, 0.8213, 0.9336),
    *(1.2285, 1.3083, 2.1704, 2.7105, 4.2589, 4.6003, 5.4902, 5.6077, 6.3065, 6.6374, 7.0427),
    8.6523,
)
C_ENERGIES_DB = (
    *(-4.4, -1.2, -3.5, -5.2, -2.5, 0.0, -2.2, -3.9, -7.4, -7.1, -10.7, -11.1),
    *(-5.1, -6.8, -8.7, -13.2, -13.9, -13.9, -15.8, -17.1, -16.0, -15.7, -21.6, -22.8),
)
D_DELAYS = (
    *(0.0, 0.0350, 0.6120, 1.3630, 1.4050, 1.8040, 2.5960, 1.7750, 4.0420, 7.9370, 9.4240, 9.7080),
    12.5250,
)
D_ENERGIES_DB = (
    *(-13.5, -18.8, -21.0, -22.8, -17.9, -20.1, -21.9, -22.9, -27.8, -23.6, -24.8, -30.0, -27.7),
)
E_DELAYS = (
    *(0.0, 0.5133, 0.5440, 0.5630, 0.5440, 0.7112, 1.9092, 1.9293, 1.9589, 2.6426, 3.7136, 5.4524),
    *(12.0034, 20.6519),
)
E_ENERGIES_DB = (
    *(-22.03, -15.8, -18.1, -19.8, -22.9, -22.4, -18.6, -20.8, -22.6, -22.3, -25.6, -20.2),
    *(-29.8, -29.2),
)

PROFILES = {
    "a": (A_DELAYS, A_ENERGIES_DB, None),
    "b": (B_DELAYS, B_ENERGIES_DB, None),
    "c": (C_DELAYS, C_ENERGIES_DB, None),
    "d": (D_DELAYS, D_ENERGIES_DB, -0.2),
    "e": (E_DELAYS, E_ENERGIES_DB, -0.03),
}
"""3GPP TR 38.901, tables 7.7.2-1 to 7.7.2-5: normalized delays, the mean energies of what is
scattered there, and the energy of the line of sight, in dB.
"""


@dataclass(frozen=True, kw_only=True)
class Tdl(Ofdm):
    """Frequency-selective fading on the tapped delay lines A to E of 3GPP TR 38.901, section 7.7.2,
    over OFDM: r = h x + n in each cell, with one gain h per subcarrier and OFDM symbol.

    Each frame is a grid of its own, of as few OFDM symbols as hold it; what is left of the last is
    padding. An OFDM symbol of N subcarriers with a cyclic prefix of C samples takes N + C channel
    uses, each of energy 1. docs/ofdm.md has the formulas.
    """

    profile: Annotated[
        Literal["a", "b", "c", "d", "e"],
        doc("a, b and c have no line of sight; d has one with a K-factor of 13.3 dB, e of 22 dB"),
    ]
    delay_spread_ns: Annotated[
        float,
        Ge(0.0),
        Le(10_000.0),
        Unit("ns"),
        doc(
            "what the normalized delays of the profile are multiplied by, the root mean square "
            "delay spread; that of the tables is 1 within 0.1 %, of profile d within 0.7 %"
        ),
    ]

    @property
    def taps(self) -> Taps:
        delays, energies_db, line_of_sight_db = PROFILES[self.profile]
        return Taps.of_decibels(
            self.delay_spread_ns * np.array(delays), energies_db, line_of_sight_db
        )
