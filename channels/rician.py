"""The flat Rician fading channel."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import SymbolChannel, SymbolReception
from semcomm.fading import Estimation, FlatFading


@dataclass(frozen=True)
class Rician(SymbolChannel):
    """Fades with a line of sight: r = h x + n, with h complex Gaussian and E|h|^2 = 1.

    Tse and Viswanath, Fundamentals of Wireless Communication, section 2.4.2.
    """

    esn0_db: Annotated[float, Ge(-30.0), Le(60.0), Unit("dB"), doc("as in rayleigh")]
    k_factor_db: Annotated[
        float,
        Ge(-60.0),
        Le(60.0),
        Unit("dB"),
        doc(
            "10 log10(|E h|^2 / E|h - E h|^2), the line of sight over what is scattered. "
            "Towards -infinity the channel is rayleigh, towards infinity awgn. The line of "
            "sight's phase is constant: the receiver has locked on to it, and knows E h "
            "also where it estimates h."
        ),
    ]
    coherence: Annotated[
        Annotated[int, Ge(1), Le(1_000_000_000), Unit("symbols")] | None, doc("as in rayleigh")
    ] = None
    estimation: Annotated[Estimation, doc("as in rayleigh")] = "known"
    pilots: Annotated[int, Ge(0), Le(1_000_000), Unit("symbols"), doc("as in rayleigh")] = 0

    def __post_init__(self) -> None:
        self._fading()  # refuses pilots that do not fit

    def transmit(
        self, symbols: NDArray[np.complex128], lengths: NDArray[np.int64], rng: np.random.Generator
    ) -> SymbolReception:
        return self._fading().transmit(symbols, lengths, rng)

    def _fading(self) -> FlatFading:
        return FlatFading(
            self.esn0_db,
            10 ** (self.k_factor_db / 10),
            self.coherence,
            self.estimation,
            self.pilots,
        )
