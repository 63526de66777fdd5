"""Loading: how many bits and how much energy each of a frame's parallel channels carries, by their
gains.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray
from scipy.optimize import brentq

from semcomm.channel import State
from semcomm.choices import Modulation
from semcomm.errors import LinkError
from semcomm.link.bit_error_rate import awgn_tail, gray_error_rate
from semcomm.validation import Validated

Reals = NDArray[np.float64]

LOADED: tuple[Modulation, ...] = ("qpsk", "16qam", "64qam", "256qam")
"""In steps of two bits; before them stands no bit at all."""

REPORTED_DB = (-20.0, 12.0)
"""The range of reported gains, |h|^2 over its mean: those below are not used, those above count as
the highest.
"""


class Loads(NamedTuple):
    """What each of K parallel channels of F frames carries, (F, K) each.

    bits: of a symbol, 0 where nothing is sent.
    energies: of a symbol; their mean over a frame is 1, or all are 0.
    """

    bits: NDArray[np.int64]
    energies: Reals


@dataclass(frozen=True)
class Loading(Validated, error=LinkError):
    """Modulation and energy of each subcarrier by its gain, which the receiver reports."""

    bit_error_rate: Annotated[
        float,
        Ge(1e-7),
        Le(0.1),
        doc(
            "target of each subcarrier that is used, before decoding; the higher it is, the fewer "
            "OFDM symbols a frame takes"
        ),
    ]
    model: Annotated[
        Literal["levin_campello", "water_filling"],
        doc(
            "levin_campello carries the most bits that the energy allows; water_filling takes the "
            "energies that would reach capacity, and the constellations that they allow"
        ),
    ] = "levin_campello"
    gain_bits: Annotated[
        int,
        Ge(1),
        Le(10),
        Unit("bits"),
        doc(
            "of each report, in equal steps of decibels from -20 to 12 about the mean gain, "
            "rounded down; they count as feedback of each transmission"
        ),
    ] = 5
    subband: Annotated[
        int,
        Ge(1),
        Le(8192),
        Unit("subcarriers"),
        doc(
            "neighbours that share one report, that of their lowest gain, so that each still meets "
            "the target; the last subband may be narrower"
        ),
    ] = 1

    def loads(self, state: State) -> Loads:
        """What both ends compute from the reports, which are always received correctly."""
        energies = np.abs(state.gains) ** 2
        channels = energies.shape[1]
        lowest = np.minimum.reduceat(energies, np.arange(0, channels, self.subband), axis=1)
        reports = self.reported(lowest).repeat(self.subband, axis=1)[:, :channels]
        snrs = reports / state.noise_variance
        load = levin_campello if self.model == "levin_campello" else water_filled
        return load(snrs, self.bit_error_rate)

    def feedback_bits(self, channels: int) -> int:
        """Of the reports of a frame's gains on so many parallel channels."""
        return self.gain_bits * -(-channels // self.subband)

    def reported(self, energies: Reals) -> Reals:
        """|h|^2 as the transmitter is told, never above what it is.

        Example: with 5 bits a step is 32 / 31 dB, so that -0.1 dB is reported as -0.387 dB.
        """
        lowest, highest = REPORTED_DB
        top = (1 << self.gain_bits) - 1
        step = (highest - lowest) / top
        decibels = 10 * np.log10(np.maximum(energies, 1e-300))
        levels = np.floor((decibels - lowest) / step).clip(-1, top - 1)
        return np.where(levels < 0, 0.0, 10 ** ((lowest + levels * step) / 10))


@cache
def thresholds(target: float) -> Reals:
    """The lowest Es/N0 at which 0, 2, 4, 6 and 8 bits per symbol have at most this bit error rate.

    It is convex in the bits, which makes greedy loading optimal.
    """

    def excess(esn0_db: float, modulation: Modulation) -> float:
        return gray_error_rate(modulation, awgn_tail(10 ** (esn0_db / 10))) - target

    decibels = [brentq(excess, -30, 50, args=(modulation,)) for modulation in LOADED]
    return np.array([0.0, *(10 ** (each / 10) for each in decibels)])


def levin_campello(snrs: Reals, target: float) -> Loads:
    """The most bits that a mean energy of 1 carries at this bit error rate, and among those the
    least energy; what is left of it is shared out in proportion.

    Two bits after the other go where they take the least energy: Campello, Practical bit loading
    for DMT, ICC 1999. As each further pair of a channel takes more, these are the cheapest pairs.

    snrs: (F, K) |h|^2 over the noise variance.
    """
    frames, channels = snrs.shape
    with np.errstate(divide="ignore"):
        costs = np.diff(thresholds(target)) / snrs[..., None]
    flat = costs.reshape(frames, -1)
    order = flat.argsort(axis=1, kind="stable")
    affordable = np.cumsum(np.take_along_axis(flat, order, axis=1), axis=1) <= channels
    taken = np.zeros_like(affordable)
    np.put_along_axis(taken, order, affordable, axis=1)
    return _shared(2 * taken.reshape(costs.shape).sum(axis=2), snrs, target)


def water_filled(snrs: Reals, target: float) -> Loads:
    """The constellations that the energies of water-filling allow at this bit error rate.

    Capacity is that of SNRs lower by the gap of 16-QAM: Forney and Ungerboeck, Modulation and
    coding for linear Gaussian channels, IEEE Trans. Inf. Theory 44(6), 1998, section III.
    """
    levels = thresholds(target)
    energies = water_filling(snrs * 15 / levels[2])
    steps = np.searchsorted(levels, energies * snrs * (1 + 1e-12), side="right") - 1
    return _shared(2 * steps, snrs, target)


def water_filling(snrs: Reals) -> Reals:
    """The energies of mean 1 in each row that maximize the sum of log(1 + energy snr): max(0, level
    - 1 / snr). Cover and Thomas, Elements of Information Theory, 2nd ed., section 9.4.

    Example: SNRs of 1 and 0.5 get 1.5 and 0.5; those of 1 and 0.2 get 2 and 0.
    """
    with np.errstate(divide="ignore"):
        floors = 1 / snrs
    ordered = np.sort(floors, axis=1)
    counts = np.arange(1, snrs.shape[1] + 1)
    levels = (snrs.shape[1] + np.cumsum(ordered, axis=1)) / counts
    used = np.maximum(1, (levels > ordered).sum(axis=1))
    level = np.take_along_axis(levels, used[:, None] - 1, axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(floors), np.maximum(level - floors, 0), 0)


def _shared(bits: NDArray[np.int64], snrs: Reals, target: float) -> Loads:
    """All energy of each frame, in proportion to what the bits take."""
    needed = np.zeros(snrs.shape)
    np.divide(thresholds(target)[bits // 2], snrs, out=needed, where=bits > 0)
    total = needed.sum(axis=1, keepdims=True)
    return Loads(bits, needed * snrs.shape[1] / np.where(total > 0, total, 1))
