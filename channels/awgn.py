"""The channel of additive white Gaussian noise."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le, Unit, doc

from semcomm.channel import SymbolChannel, SymbolReception
from semcomm.choices import Modulation
from semcomm.frames import Symbols
from semcomm.link.normal_approximation import ChannelUse, gaussian, modulated


@dataclass(frozen=True)
class Awgn(SymbolChannel):
    """Adds circularly symmetric complex Gaussian noise n to each symbol, E|n|^2 = 10^(-esn0_db /
    10).

    Proakis and Salehi, Digital Communications, 5th ed., section 4.2.
    """

    esn0_db: Annotated[
        float,
        Ge(-30.0),
        Le(60.0),
        Unit("dB"),
        doc(
            "mean energy of a symbol, which is 1, over E|n|^2, both dimensions together, which is "
            "N0"
        ),
    ]

    def transmit(self, symbols: Symbols, rng: np.random.Generator) -> SymbolReception:
        variance = 10 ** (-self.esn0_db / 10)
        draws = rng.normal(scale=np.sqrt(variance / 2), size=(symbols.values.size, 2))
        noise = draws.view(np.complex128)[:, 0]
        return SymbolReception(
            symbols.with_values(symbols.values + noise),
            noise_variances=np.full(noise.size, variance),
            channel_uses=symbols.lengths.copy(),
        )

    def channel_use(self, modulation: Modulation | Literal["gaussian"]) -> ChannelUse:
        """For the normal approximation."""
        if modulation == "gaussian":
            return gaussian(self.esn0_db)
        return modulated(modulation, self.esn0_db)
