"""Flat fading with gains that the receiver knows, estimates or ignores: the common part of the
channel files rayleigh and rician.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import GainKnowledge, State, SymbolChannel, SymbolReception
from semcomm.errors import ChannelError
from semcomm.frames import Symbols
from semcomm.ragged import offsets, ragged_arange

Estimation = Literal["known", "pilots", "none"]

DRAWS_AT_ONCE = 1 << 18
"""Gains drawn together. It bounds the memory; the gains do not depend on it."""


@dataclass(frozen=True, kw_only=True)
class FlatFading(SymbolChannel):
    """Multiplies the symbols of a coherence block by one gain h, and adds noise: r = h x + n.

    h is complex Gaussian with E|h|^2 = 1. A share k_factor / (1 + k_factor) of that is the energy
    of its mean, a line of sight of constant phase; the rest is scattered, independently from block
    to block and from frame to frame.
    """

    receiver_fields: ClassVar[frozenset[str]] = frozenset({"estimation", "pilots"})

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
            "symbols for which a gain holds, pilots included; an independent gain follows. 1 is "
            "fast fading; by default a gain holds for one whole frame. The first block begins "
            "with the frame."
        ),
    ] = None
    estimation: Annotated[
        Estimation,
        doc(
            "the receiver is given the gains (known), or estimates each from the pilots of its "
            "block (pilots) with linear minimum mean squared error: Kay, Estimation Theory, "
            "theorem 12.1; or it knows no gain (none) and takes h x + n as it is, which analogue "
            "codecs can be trained for and no link takes."
        ),
    ] = "known"
    pilots: Annotated[
        int,
        Ge(0),
        Le(1_000_000),
        Unit("symbols"),
        doc(
            "symbols at the head of each block that carry no data and count as channel uses, "
            "fewer than `coherence`; estimation from pilots takes at least 1. They are also sent "
            "where the gains are known, so that the two cases differ only in what the receiver "
            "knows."
        ),
    ] = 0

    def __post_init__(self) -> None:
        if self.estimation == "pilots" and self.pilots < 1:
            raise ValueError(
                f"pilots is {self.pilots}; estimation pilots takes at least 1 in each coherence "
                "block"
            )
        if self.coherence is not None and self.pilots >= self.coherence:
            raise ValueError(
                f"pilots is {self.pilots}, which leaves no room in blocks of coherence "
                f"{self.coherence}; there it is at most {self.coherence - 1}"
            )

    @property
    def frame_gain_known(self) -> bool:
        return self.coherence is None and self.estimation == "known"

    @property
    def k_factor(self) -> float:
        """|E h|^2 / E|h - E h|^2, the energy of the line of sight over the scattered energy."""
        return 0.0

    @property
    def gain_knowledge(self) -> GainKnowledge:
        return "estimated" if self.estimation == "pilots" else self.estimation

    @property
    def noise_variance(self) -> float:
        """E|n|^2, both dimensions together, for symbols of unit mean energy."""
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
        self, symbols: Symbols, rng: np.random.Generator, state: State | None = None
    ) -> SymbolReception:
        """As `SymbolChannel.transmit`: what was received, divided by the gain that the receiver
        assumes, which is 1 where it knows none; then the noise variance is that of n alone.

        With an estimate g of h whose error h - g has variance e, r / g = x + ((h - g) x + n) / g.
        The error is independent of the estimate, so given g the noise has variance (e E|x|^2 +
        E|n|^2) / |g|^2.
        """
        lengths = symbols.lengths
        room = lengths.max(initial=1) if self.coherence is None else self.coherence - self.pilots
        blocks = -(-lengths // room)
        block_of_symbol = offsets(blocks).repeat(lengths) + ragged_arange(lengths) // room
        gains = state.gains[lengths > 0, 0] if state else self.gains(blocks, rng)
        noise = np.sqrt(self.noise_variance) * complex_normals((symbols.values.size,), rng)
        estimates, error_variance = self._estimate(gains, rng)
        assumed = estimates[block_of_symbol]
        return SymbolReception(
            symbols.with_values((gains[block_of_symbol] * symbols.values + noise) / assumed),
            noise_variances=(error_variance + self.noise_variance) / np.abs(assumed) ** 2,
            channel_uses=lengths + self.pilots * blocks,
        )

    def draw(self, frames: int, rng: np.random.Generator) -> State | None:
        """As `SymbolChannel.draw`: one gain per frame, where it holds for a whole frame."""
        if self.coherence is not None:
            return None
        gains = self.gains(np.ones(frames, np.int64), rng)
        return State(gains[:, None], self.noise_variance)

    def symbols_in(self, channel_uses: int) -> int:
        """As `SymbolChannel.symbols_in`: each coherence block, the last one included, has its
        pilots.

        Example: with 2 pilots in blocks of 8, 20 channel uses hold 6 + 6 + 2 symbols. No frame
        takes 17 or 18.
        """
        length = channel_uses if self.coherence is None else self.coherence
        whole, rest = divmod(channel_uses, length)
        if 0 < rest <= self.pilots or length <= self.pilots:
            blocks = "of a whole frame" if self.coherence is None else f"of {length} symbols"
            raise ChannelError(
                f"no frame takes {channel_uses} channel uses: a coherence block {blocks} begins "
                f"with {self.pilots} pilots, and at least one symbol follows; "
                f"{(channel_uses - rest if rest else 0) + self.pilots + 1} would do"
            )
        return whole * (length - self.pilots) + max(rest - self.pilots, 0)

    def gains(self, blocks: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.complex128]:
        """The gain of each coherence block, (sum(blocks),), frame after frame.

        The first gains of all frames are drawn before all second ones, and so on, whether or not a
        frame is that long: the j-th gain of the f-th of F frames is the same in all systems that
        send F frames over this channel.

        blocks: (F,) the number of coherence blocks of each frame.
        """
        gains = np.full(blocks.sum(), self.line_of_sight, np.complex128)
        most, at_once = blocks.max(initial=0), max(1, DRAWS_AT_ONCE // max(1, blocks.size))
        for first in range(0, most, at_once):
            block = np.arange(first, min(first + at_once, most))[:, None]
            drawn = complex_normals((block.size, blocks.size), rng)
            reached = block < blocks
            gains[(offsets(blocks) + block)[reached]] += (
                np.sqrt(self.scattered_variance) * drawn[reached]
            )
        return gains

    def _estimate(
        self, gains: NDArray[np.complex128], rng: np.random.Generator
    ) -> tuple[NDArray[np.complex128], float]:
        """The gains that the receiver assumes, and the variance of their error.

        From pilots: the linear minimum mean squared error estimate, which for Gaussian gains is the
        best of all (Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, theorems
        11.1 and 12.1). It depends on p pilots only through the mean of r / x over them, which is h
        plus noise of variance E|n|^2 / p; so only that mean is drawn.
        """
        if self.estimation == "known":
            return gains, 0.0
        if self.estimation == "none":
            return np.ones_like(gains), 0.0
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
