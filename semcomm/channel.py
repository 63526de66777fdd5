"""The interface of channels. The channels themselves are the plug-in files of `channels/`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from semcomm.frames import Frames, Reception, Symbols
from semcomm.validation import Validated

GainKnowledge = Literal["known", "estimated", "none"]


class BitChannel(Validated, ABC):
    """Carries frames of bits: a frozen dataclass whose fields are its parameters, with their bounds
    in the type. Its constructor refuses other values, as a scenario does.
    """

    @abstractmethod
    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        """Carry a block of frames, drawing all randomness from `rng`.

        The reception holds as many frames as were sent, in the same order; their lengths may
        differ.
        """


@dataclass(frozen=True)
class SymbolReception:
    """What arrives of complex symbols, after the receiver has undone the gain that it knows.

    symbols: as many as were sent, each the symbol that was sent plus noise; times the gain, where
        the receiver does not know it.
    noise_variances: (sum(lengths),) float64, E|noise|^2 of each symbol, both dimensions together;
        infinite where nothing arrived.
    channel_uses: (F,) int64, complex symbols that each frame occupied the channel with, pilots
        included.
    """

    symbols: Symbols
    noise_variances: NDArray[np.float64]
    channel_uses: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class State:
    """The gains of a block, drawn before anything is sent, for a transmitter that knows them.

    gains: (F, K) complex128; the i-th symbol of a frame is multiplied by the gain i modulo K.
    noise_variance: E|noise|^2 of a symbol before the receiver divides by its gain.
    """

    gains: NDArray[np.complex128]
    noise_variance: float


class SymbolChannel(Validated, ABC):
    """Carries frames of complex symbols of unit mean energy: a frozen dataclass, as a `BitChannel`
    is.

    receiver_fields: the fields that say what the receiver knows of the channel. Noise and fades do
        not depend on them.
    """

    receiver_fields: ClassVar[frozenset[str]] = frozenset()

    @property
    def frame_gain_known(self) -> bool:
        """Whether each frame has one gain, which `draw` offers to the transmitter and which the
        receiver knows, too: its noise variances are those of `State` over |gain|^2.
        """
        return False

    @property
    def gain_knowledge(self) -> GainKnowledge:
        """What the receiver knows of the gains that symbols meet; a channel without gains has them
        known. Links take no channel where it is none, and loading takes known ones alone.
        """
        return "known"

    @abstractmethod
    def transmit(self, symbols: Symbols, rng: np.random.Generator) -> SymbolReception:
        """Carry a block of frames, drawing all randomness from `rng`, gains before noise.

        The channel's state starts anew with each frame. A channel with `draw` takes a state as a
        third argument, `state=None`, and then draws noise alone.
        """

    def draw(self, frames: int, rng: np.random.Generator) -> State | None:
        """The gains of so many frames, which `transmit` would draw first from this generator.

        None where there is nothing to know in advance: no gains, or gains that change within a
        frame.
        """
        return None

    def symbols_in(self, channel_uses: int) -> int:
        """The number of symbols of a frame that takes exactly this many channel uses.

        It is lower where pilots take some of them. Raises ChannelError where no frame takes so
        many.
        """
        return channel_uses
