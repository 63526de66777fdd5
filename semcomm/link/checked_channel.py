"""Channels whose answers are checked before anything is computed from them.

docs/channel.md lists what a channel returns. What converts without loss is converted.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import BitChannel, GainKnowledge, State, SymbolChannel, SymbolReception
from semcomm.errors import ChannelError
from semcomm.frames import Counts, Frames, Reception, Symbols, lossless
from semcomm.link.modulation import LARGEST_LLR
from semcomm.plugin_code import plugin_code

MAX_COUNT = 2**32
"""Of channel uses and other counts of a frame, so that sums over frames stay exact."""

Signal = TypeVar("Signal", Frames, Symbols)


@dataclass(frozen=True)
class CheckedBits(BitChannel):
    """A channel of bits. Raises ChannelError where its answer is not as `BitChannel` asks."""

    channel: BitChannel

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        name = channel_name(self.channel)
        reception = _answer(self.channel, frames, rng, (frames.bits, frames.lengths))
        if not isinstance(reception, Reception) or not isinstance(reception.frames, Frames):
            raise _wrong_type(name, "Reception", len(frames), reception)
        arrived = _rebuilt(name, Frames, reception.frames.bits, reception.frames.lengths)
        if len(arrived) != len(frames):
            raise _wrong_type(name, "Reception", len(frames), f"{len(arrived)} frames")
        llrs = None if reception.llrs is None else _checked_llrs(name, reception.llrs, arrived.bits)
        counts = reception.counts
        counts = None if counts is None else _checked_counts(name, counts, len(frames))
        return Reception(arrived, llrs, counts)


@dataclass(frozen=True)
class CheckedSymbols(SymbolChannel):
    """A channel of symbols. Raises ChannelError where its answer is not as `SymbolChannel`
    asks.
    """

    channel: SymbolChannel

    @property
    def gain_knowledge(self) -> GainKnowledge:
        return self.channel.gain_knowledge

    def transmit(
        self, symbols: Symbols, rng: np.random.Generator, state: State | None = None
    ) -> SymbolReception:
        name = channel_name(self.channel)
        sent = symbols.values, symbols.lengths
        reception = _answer(self.channel, symbols, rng, sent, *([state] if state else []))
        if not isinstance(reception, SymbolReception):
            raise _wrong_type(name, "SymbolReception", len(symbols), reception)
        given: Any = reception.symbols
        bare = not isinstance(given, Symbols)
        parts = (given, symbols.lengths) if bare else (given.values, given.lengths)
        arrived = _rebuilt(name, Symbols, *parts)
        if len(arrived) != len(symbols):
            raise _wrong_type(name, "SymbolReception", len(symbols), f"{len(arrived)} frames")
        if not np.array_equal(arrived.lengths, symbols.lengths):
            frame = int(np.argmax(arrived.lengths != symbols.lengths))
            raise ChannelError(
                f"channel {name} returned {arrived.lengths[frame]} symbols of frame {frame}, which "
                f"was sent with {symbols.lengths[frame]}; it returns as many as were sent"
            )
        variances = _checked_variances(name, reception.noise_variances, arrived.values.size)
        values = _checked_symbols(name, arrived.values, variances)
        uses = _checked_count(name, "channel_uses", reception.channel_uses, len(symbols))
        return SymbolReception(Symbols(values, symbols.lengths), variances, uses)

    def draw(self, frames: int, rng: np.random.Generator) -> State | None:
        """As the channel draws. Raises ChannelError for gains that are not those of the frames."""
        name = channel_name(self.channel)
        with plugin_code(f"channel {name}", type(self.channel), ChannelError):
            state = self.channel.draw(frames, rng)
        if state is None:
            return None
        if not isinstance(state, State):
            raise ChannelError(
                f"channel {name} drew a {type(state).__name__}; it takes a State or None"
            )
        try:
            gains = lossless("gains", state.gains, np.complex128)
        except (ValueError, TypeError) as error:
            raise ChannelError(f"channel {name} drew wrong values: {error}") from error
        (variance,) = _array(name, "a noise variance", state.noise_variance, np.float64, 1)
        if gains.ndim != 2 or len(gains) != frames or not gains.size >= frames:
            raise ChannelError(
                f"channel {name} drew gains of the shape {gains.shape}; of {frames} frames it "
                f"takes a State with ({frames}, K), or None"
            )
        if not np.isfinite(gains).all() or not 0 < variance < np.inf:
            raise ChannelError(
                f"channel {name} drew gains or a noise variance ({variance}) that are not finite, "
                "or no noise at all"
            )
        return State(gains, float(variance))

    def symbols_in(self, channel_uses: int) -> int:
        """As the channel says. Raises ChannelError for what is no number of symbols."""
        name = channel_name(self.channel)
        with plugin_code(f"channel {name}", type(self.channel), ChannelError):
            symbols = self.channel.symbols_in(channel_uses)
        if not isinstance(symbols, int | np.integer) or not 1 <= symbols <= channel_uses:
            raise ChannelError(
                f"channel {name} has {symbols!r} symbols in {channel_uses} channel uses; it takes "
                f"a whole number from 1 to {channel_uses}"
            )
        return int(symbols)


def with_checks(channel: Any) -> Any:
    """The channel with checks of its answers; one that has them stays as it is."""
    if isinstance(channel, CheckedBits | CheckedSymbols):
        return channel
    return CheckedBits(channel) if isinstance(channel, BitChannel) else CheckedSymbols(channel)


def channel_name(channel: Any) -> str:
    """What messages call a channel, with checks or without."""
    bare = channel.channel if isinstance(channel, CheckedBits | CheckedSymbols) else channel
    return type(bare).__name__


def _answer(
    channel: Any,
    signal: Signal,
    rng: np.random.Generator,
    sent: tuple[NDArray[Any], NDArray[np.int64]],
    *state: State,
) -> Any:
    """What the channel returns of a read-only copy of the signal.

    Raises ChannelError where it raises, changes the copy all the same, or keeps state.
    """
    copies = sent[0].copy(), sent[1].copy()
    for copy in copies:
        copy.flags.writeable = False
    name, before = channel_name(channel), _state(channel)
    with plugin_code(f"channel {name}", type(channel), ChannelError):
        reception = channel.transmit(type(signal)(*copies), rng, *state)
    if not all(map(np.array_equal, copies, sent)):
        raise ChannelError(f"channel {name} changed what was sent; it takes a copy to change")
    if _state(channel) != before:
        raise ChannelError(
            f"channel {name} changed its own fields, so that results would depend on what it "
            "carried before; it keeps no state"
        )
    return reception


def _state(channel: Any) -> bytes | None:
    """A channel's attributes, without what it computes from them once; None where unknown."""
    attributes = {
        name: value
        for name, value in getattr(channel, "__dict__", {}).items()
        if not isinstance(getattr(type(channel), name, None), cached_property)
    }
    try:
        return pickle.dumps(attributes)
    except Exception:  # anything may stand in an attribute
        return None


def _wrong_type(name: str, wanted: str, frames: int, given: Any) -> ChannelError:
    what = given if isinstance(given, str) else f"a {type(given).__name__}"
    return ChannelError(
        f"channel {name} should return a {wanted} of {frames} frames, as many as were sent; it "
        f"returned {what}"
    )


def _rebuilt(name: str, make: Callable[[Any, Any], Signal], values: Any, lengths: Any) -> Signal:
    """Frames or symbols again, as a channel may have written into them since they were made."""
    try:
        return make(values, lengths)
    except (ValueError, TypeError) as error:
        raise ChannelError(f"channel {name} returned what is no signal: {error}") from error


def _array(name: str, what: str, values: Any, dtype: Any, size: int) -> NDArray[Any]:
    """One number for all, or one for each, as an array of `size`."""
    try:
        array = lossless(what, values, dtype)
    except (ValueError, TypeError) as error:
        raise ChannelError(f"channel {name} returned wrong values: {error}") from error
    if array.shape in ((), (1,)):
        return np.full(size, array.reshape(-1)[0])
    if array.shape != (size,):
        raise ChannelError(
            f"channel {name} returned {what} of the shape {array.shape}; it takes ({size},)"
        )
    return array


def _checked_llrs(name: str, values: Any, bits: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n,) float32 within +-`LARGEST_LLR`, each of the sign that its bit has, or 0."""
    given = np.asarray(values)
    if given.shape != bits.shape:
        raise ChannelError(
            f"channel {name} returned {given.shape} LLRs; it takes {bits.shape}, one for each of "
            "the bits that it returned"
        )
    if given.dtype.kind not in "iuf" or not np.isfinite(given).all():
        raise ChannelError(
            f"channel {name} returned LLRs ({given.dtype}) that are NaN, infinite or no real "
            "numbers; an LLR is finite, and 0 for an erased bit"
        )
    llrs = given.clip(-LARGEST_LLR, LARGEST_LLR).astype(np.float32, copy=False)
    wrong = (llrs != 0) & ((llrs < 0) != bits)
    if wrong.any():
        place = int(np.argmax(wrong))
        raise ChannelError(
            f"channel {name} returned bit {place} as {bits[place]} with an LLR of {llrs[place]}; "
            "an LLR is ln P(0) / P(1), negative for a 1"
        )
    return llrs


def _checked_variances(name: str, values: Any, size: int) -> NDArray[np.float64]:
    variances = _array(name, "noise_variances", values, np.float64, size)
    wrong = ~(variances >= 0)
    if wrong.any():
        raise ChannelError(
            f"channel {name} returned a noise variance of {variances[wrong][0]}; it is 0 or more, "
            "and infinite where nothing arrived"
        )
    return variances


def _checked_symbols(
    name: str, values: NDArray[np.complex128], variances: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """The symbols, 0 where nothing arrived."""
    finite = np.isfinite(values)
    if finite.all():
        return values
    arrived = np.isfinite(variances)
    if np.any(arrived & ~finite):
        number = int(np.sum(arrived & ~finite))
        raise ChannelError(
            f"channel {name} returned {number} of {values.size} symbols as NaN or infinite; a "
            "symbol is finite, or its noise variance is infinite"
        )
    return np.where(finite, values, 0)


def _checked_counts(name: str, counts: Any, frames: int) -> Counts:
    if not isinstance(counts, Counts):
        raise ChannelError(
            f"channel {name} returned counts of the type {type(counts).__name__}; it takes Counts "
            "or None"
        )
    parts = {
        field.name: _checked_count(name, field.name, getattr(counts, field.name), frames)
        for field in fields(Counts)
    }
    made = Counts(**parts)
    for is_wrong, asked in (
        (made.transmissions < 1, "transmissions is at least 1"),
        (made.initial_errors > 1, "initial_errors is 0 or 1"),
        (made.bit_errors > made.channel_bits, "bit_errors is at most channel_bits"),
    ):
        if is_wrong.any():
            raise ChannelError(
                f"channel {name} returned wrong Counts of frame {int(np.argmax(is_wrong))}: {asked}"
            )
    return made


def _checked_count(name: str, what: str, values: Any, frames: int) -> NDArray[np.int64]:
    """(F,) whole numbers from 0 to `MAX_COUNT`."""
    counts = _array(name, what, values, np.int64, frames)
    wrong = (counts < 0) | (counts > MAX_COUNT)
    if wrong.any():
        raise ChannelError(
            f"channel {name} returned {counts[wrong][0]} as {what} of a frame; it takes a whole "
            f"number from 0 to {MAX_COUNT}"
        )
    return counts
