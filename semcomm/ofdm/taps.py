"""Tapped delay lines: which paths a frequency-selective channel has, and how they fade."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import j0

SPEED_OF_LIGHT = 299_792_458.0
"""In metres per second."""

INNOVATION = 1e-10
"""Share of each gain's energy that is independent of all other gains: without it, the matrix of the
autocorrelation of slow fading is singular in float64.
"""


@dataclass(frozen=True, eq=False)
class Taps:
    """The L paths of a channel, whose mean energies add up to 1.

    delays_ns: (L,) in nanoseconds; a line of sight has the first one.
    energies: (L,) mean energy of what is scattered on each path, complex Gaussian.
    line_of_sight: energy of the line of sight, 0 where there is none.
    """

    delays_ns: NDArray[np.float64]
    energies: NDArray[np.float64]
    line_of_sight: float = 0.0

    @classmethod
    def of_decibels(
        cls,
        delays_ns: Sequence[float] | NDArray[np.float64],
        energies_db: Sequence[float],
        line_of_sight_db: float | None = None,
    ) -> Self:
        """Taps of these mean energies, of any sum."""
        energies = 10 ** (np.asarray(energies_db, np.float64) / 10)
        line_of_sight = 0.0 if line_of_sight_db is None else 10 ** (line_of_sight_db / 10)
        total = energies.sum() + line_of_sight
        return cls(np.asarray(delays_ns, np.float64), energies / total, line_of_sight / total)

    @property
    def profile(self) -> NDArray[np.float64]:
        """(L,) the power delay profile: mean energy of each path, the line of sight included."""
        profile = self.energies.copy()
        profile[0] += self.line_of_sight
        return profile

    @property
    def delay_spread_ns(self) -> float:
        """Root mean square of the delays about their mean, weighted by the power delay profile."""
        mean = self.profile @ self.delays_ns
        return float(np.sqrt(self.profile @ (self.delays_ns - mean) ** 2))

    def responses(self, frequencies_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """(N, L) the gain of each frequency where one path alone has the gain 1."""
        delays = 1e-9 * self.delays_ns
        responses: NDArray[np.complex128] = np.exp(-2j * np.pi * frequencies_hz[:, None] * delays)
        return responses

    def frequency_correlation(self, spacings_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """E h(f + spacing) h*(f) of the gains h, the Fourier transform of the profile: Proakis and
        Salehi, Digital Communications, 5th ed., section 13.1.
        """
        correlation: NDArray[np.complex128] = self.responses(spacings_hz) @ self.profile
        return correlation


def jakes(doppler_hz: float, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The autocorrelation of a gain whose waves arrive evenly from all directions of a plane.

    J0(2 pi doppler_hz time): Clarke, A statistical theory of mobile-radio reception, Bell System
    Technical Journal 47, 1968; the spectrum is that of TR 38.901, section 7.7.2.

    times: in seconds.
    """
    correlation: NDArray[np.float64] = j0(2 * np.pi * doppler_hz * times)
    return correlation


def correlated(
    white: NDArray[np.complex128], autocorrelation: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Gaussian gains of this autocorrelation, of independent draws: (T, F, L) to (F, T, L).

    The gains of the first moments depend on no later draw, and nothing is computed by a library
    whose sums depend on the number of threads.

    white: draws of variance 1 by moment, frame and path.
    autocorrelation: (T,) at lags of 0, 1, ... moments.
    """
    lags = np.abs(np.subtract.outer(np.arange(len(white)), np.arange(len(white))))
    covariance = (1 - INNOVATION) * autocorrelation[lags] + INNOVATION * np.eye(len(white))
    root = np.zeros_like(covariance)  # its Cholesky factor
    for column in range(len(root)):
        rest = covariance[column:, column] - np.einsum(
            "tj,j->t", root[column:, :column], root[column, :column]
        )
        root[column:, column] = rest / np.sqrt(rest[0])
    gains: NDArray[np.complex128] = np.einsum("ts,sfl->ftl", root, white)
    return gains
