"""The flat Rayleigh fading channel."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import SymbolChannel, SymbolReception
from semcomm.fading import Estimation, FlatFading


@dataclass(frozen=True)
class Rayleigh(SymbolChannel):
    """Fades without a line of sight: r = h x + n, with h complex Gaussian of mean 0 and E|h|^2 = 1.

    Tse and Viswanath, Fundamentals of Wireless Communication, section 2.4.2; block fading: Ozarow,
    Shamai and Wyner, Information theoretic considerations for cellular mobile radio, IEEE Trans.
    Veh. Technol. 43(2), 1994.
    """

    esn0_db: Annotated[
        float,
        Ge(-30.0),
        Le(60.0),
        Unit("dB"),
        doc("mean over the fades of E|h x|^2 / E|n|^2; n is as in awgn"),
    ]
    coherence: Annotated[
        Annotated[int, Ge(1), Le(1_000_000_000), Unit("symbols")] | None,
        doc(
            "symbols for which a gain holds, pilots included, then comes an independent "
            "one. 1 is fast fading; by default a gain holds for one whole frame. The first "
            "block begins with the frame."
        ),
    ] = None
    estimation: Annotated[
        Estimation,
        doc(
            "the receiver has the gains given as they are (known), or makes the best of the "
            "pilots of each block (pilots): the linear minimum mean squared error estimate, "
            "Kay, Estimation Theory, theorem 12.1."
        ),
    ] = "known"
    pilots: Annotated[
        int,
        Ge(0),
        Le(1_000_000),
        Unit("symbols"),
        doc(
            "symbols at the head of each block that carry nothing and count as channel "
            "uses, fewer than `coherence`; estimation from pilots takes at least 1. With "
            "known gains they are sent all the same, so that the two differ in what the "
            "receiver knows alone."
        ),
    ] = 0

    def __post_init__(self) -> None:
        self._fading()  # refuses pilots that do not fit

    def transmit(
        self, symbols: NDArray[np.complex128], lengths: NDArray[np.int64], rng: np.random.Generator
    ) -> SymbolReception:
        return self._fading().transmit(symbols, lengths, rng)

    def _fading(self) -> FlatFading:
        return FlatFading(self.esn0_db, 0.0, self.coherence, self.estimation, self.pilots)
