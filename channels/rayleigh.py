"""The flat Rayleigh fading channel."""

from dataclasses import dataclass

from semcomm.fading import FlatFading


@dataclass(frozen=True, kw_only=True)
class Rayleigh(FlatFading):
    """Fades without a line of sight: r = h x + n, with h complex Gaussian of mean 0 and E|h|^2 = 1.

    Tse and Viswanath, Fundamentals of Wireless Communication, section 2.4.2; block fading: Ozarow,
    Shamai and Wyner, Information theoretic considerations for cellular mobile radio, IEEE Trans.
    Veh. Technol. 43(2), 1994.
    """
