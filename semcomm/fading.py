"""Flat fading, its gains known to the receiver or estimated: what the channel files rayleigh and
rician share.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import SymbolReception

Estimation = Literal["known", "pilots"]

DRAWS_AT_ONCE = 1 << 18
"""Gains drawn together; many more would only fill the memory, and how many does not change them."""


@dataclass(frozen=True)
class FlatFading:
    """Multiplies the symbols of a coherence block with one gain h, and adds noise: r = h x + n.

    h is complex Gaussian with E|h|^2 = 1. A share k_factor / (1 + k_factor) of that is its mean, a
    line of sight of constant phase; the rest is scattered, independently from block to block and
    from frame to frame.

    esn0_db: 10 log10(E|h x|^2 / E|n|^2), the mean over the gains.
    coherence: symbols of a block, pilots included; None for frames of one block each, however long.
    pilots: symbols at the head of each block that the receiver knows, of the energy of the others.
    estimation: the receiver knows the gains, or estimates each from its block's pilots alone.
    """

    esn0_db: float
    k_factor: float
    coherence: int | None
    estimation: Estimation
    pilots: int

    def __post_init__(self) -> None:
        if self.estimation == "pilots" and self.pilots < 1:
            raise ValueError(
                f"pilots is {self.pilots}; estimation pilots takes at least 1 in each coherence "
                "block"
            )
        if self.coherence is not None and self.pilots >= self.coherence:
            raise ValueError(
                f"pilots is {self.pilots}, which leaves no room in blocks of coherence "
                f"{self.coherence}; "
                f"there it is at most {self.coherence - 1}"
            )

    @property
    def noise_variance(self) -> float:
        """E|n|^2, both dimensions together, of symbols of unit mean energy."""
        return float(10 ** (-self.esn0_db / 10))

    @property
    def line_of_sight(self) -> float:
        """E h."""
        return float(np.sqrt(self.k_factor / (1 + self.k_factor)))

    @property
    def scattered_variance(self) -> float:
        """E|h - E h|^2."""
        return 1 / (1 + self.k_factor)

    def transmit(
        self, symbols: NDArray[np.complex128], lengths: NDArray[np.int64], rng: np.random.Generator
    ) -> SymbolReception:
        """As `SymbolChannel.transmit`: what was received over the gain that the receiver takes for
        true.

        With an estimate g of h, of which the error h - g has variance e, r / g = x + ((h - g) x +
        n) / g. The error is independent of the estimate, so given g the noise has variance (e
        E|x|^2 + E|n|^2) / |g|^2.
        """
        room = lengths.max(initial=1) if self.coherence is None else self.coherence - self.pilots
        blocks = -(-lengths // room)
        block_of_symbol = _offsets(blocks).repeat(lengths) + _places(lengths) // room
        gains = self.gains(blocks, rng)
        noise = np.sqrt(self.noise_variance) * complex_normals((symbols.size,), rng)
        estimates, error_variance = self._estimate(gains, rng)
        known = estimates[block_of_symbol]
        return SymbolReception(
            symbols=(gains[block_of_symbol] * symbols + noise) / known,
            noise_variances=(error_variance + self.noise_variance) / np.abs(known) ** 2,
            channel_uses=lengths + self.pilots * blocks,
        )

    def gains(self, blocks: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.complex128]:
        """The gain of each coherence block, (sum(blocks),), those of a frame after each other.

        All frames' first are drawn before all second ones, and so on, whether or not a frame is
        that long: the j-th gain of the f-th of F frames is the same in all systems that send F
        frames over this channel.

        blocks: (F,) how many each frame has.
        """
        gains = np.full(blocks.sum(), self.line_of_sight, np.complex128)
        most, at_once = blocks.max(initial=0), max(1, DRAWS_AT_ONCE // max(1, blocks.size))
        for first in range(0, most, at_once):
            block = np.arange(first, min(first + at_once, most))[:, None]
            drawn = complex_normals((block.size, blocks.size), rng)
            reached = block < blocks
            gains[(_offsets(blocks) + block)[reached]] += (
                np.sqrt(self.scattered_variance) * drawn[reached]
            )
        return gains

    def _estimate(
        self, gains: NDArray[np.complex128], rng: np.random.Generator
    ) -> tuple[NDArray[np.complex128], float]:
        """The gains as the receiver takes them, and the variance of the error.

        From pilots: the linear minimum mean squared error estimate, which for Gaussian gains is the
        best of all (Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, theorems
        11.1 and 12.1). It depends on p pilots through the mean of r / x over them, h plus noise of
        variance E|n|^2 / p, which is therefore all that is drawn.
        """
        if self.estimation == "known":
            return gains, 0.0
        pilot_variance = self.noise_variance / self.pilots
        measured = gains + np.sqrt(pilot_variance) * complex_normals(gains.shape, rng)
        trust = self.scattered_variance / (self.scattered_variance + pilot_variance)
        return self.line_of_sight + trust * (measured - self.line_of_sight), trust * pilot_variance


def complex_normals(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.complex128]:
    """Circularly symmetric complex Gaussian draws, E|z|^2 = 1."""
    draws: NDArray[np.complex128] = rng.normal(scale=np.sqrt(0.5), size=(*shape, 2)).view(
        np.complex128
    )[..., 0]
    return draws


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each one's begin when they stand after each other."""
    return np.cumsum(counts) - counts


def _places(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, ... within each one. Example: counts 2, 0, 3 give 0, 1, 0, 1, 2."""
    return np.arange(counts.sum()) - _offsets(counts).repeat(counts)
