"""The flat Rician fading channel."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Unit, doc

from semcomm.fading import FlatFading


@dataclass(frozen=True, kw_only=True)
class Rician(FlatFading):
    """Fades with a line of sight: r = h x + n, with h complex Gaussian and E|h|^2 = 1.

    Tse and Viswanath, Fundamentals of Wireless Communication, section 2.4.2.
    """

    k_factor_db: Annotated[
        float,
        Ge(-60.0),
        Le(60.0),
        Unit("dB"),
        doc(
            "10 log10(|E h|^2 / E|h - E h|^2), the line of sight over what is scattered. "
            "Towards -infinity the channel is rayleigh, towards infinity awgn. The phase of the "
            "line of sight is constant: the receiver has locked on to it, and knows E h even "
            "where it estimates h."
        ),
    ]

    @property
    def k_factor(self) -> float:
        return float(10 ** (self.k_factor_db / 10))
