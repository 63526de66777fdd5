"""A channel of symbols as one of bits, with modulation and energy by the gains of each frame."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import BitChannel, SymbolReception
from semcomm.choices import Decisions, Modulation
from semcomm.counting import counts_of
from semcomm.frames import Frames, Reception, Symbols
from semcomm.link.loading import LOADED, Loading, Loads
from semcomm.link.modulation import BITS_PER_SYMBOL, demap, modulate
from semcomm.ragged import gather_runs, offsets, ragged_arange, spans

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Loaded(BitChannel):
    """Sends frames in rounds of one symbol on each of K parallel channels, which are subcarriers;
    zeros fill the last round.

    A frame whose gains carry no bit is not sent, takes no channel use, and arrives with no bits.

    channel: of symbols, with a `draw`.
    decisions, hard_llr: as `Modulated` has them.
    """

    channel: Any
    loading: Loading
    decisions: Decisions = "soft"
    hard_llr: float = 1.0

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        state = self.channel.draw(len(frames), rng)
        loads = self.loading.loads(state)
        round_bits = loads.bits.sum(axis=1)
        is_sent = (round_bits > 0) | (frames.lengths == 0)
        sent = np.where(is_sent, frames.lengths, 0)
        rounds = -(-sent // np.maximum(round_bits, 1))
        layout = lay_out(loads, rounds)

        data = spans(offsets(round_bits * rounds), sent)
        bits = np.zeros((round_bits * rounds).sum(), np.uint8)
        bits[data] = gather_runs(frames.bits, frames.starts, sent)
        signal = Symbols(_modulated(layout, bits), layout.lengths)
        arrived = self.channel.transmit(signal, rng, state)
        llrs = _demapped(layout, arrived, bits.size, self.decisions)[data]
        if self.decisions == "hard":
            llrs *= np.float32(self.hard_llr)

        decided = Frames((llrs < 0).astype(np.uint8), sent)
        counts = counts_of(frames, decided, arrived.channel_uses)
        reports = np.full(len(frames), self.loading.feedback_bits(state.gains.shape[1]))
        errors = counts.bit_errors * is_sent
        counts = replace(counts, channel_bits=sent, bit_errors=errors, feedback_bits=reports)
        return Reception(decided, llrs, counts)


class Layout(NamedTuple):
    """Which bits each symbol of a block of frames carries.

    lengths: (F,) symbols of each frame.
    energies: (sum(lengths),) of each symbol.
    carried: of each modulation the symbols that have it, (n,), and the places of their bits,
        (n, bits per symbol), all frames' bits being one after the other.
    """

    lengths: Numbers
    energies: NDArray[np.float64]
    carried: Mapping[Modulation, tuple[Numbers, Numbers]]


def lay_out(loads: Loads, rounds: Numbers) -> Layout:
    """The symbols of frames that take so many rounds of all their parallel channels, (F,)."""
    frames, channels = loads.bits.shape
    lengths = channels * rounds
    frame, place = np.repeat(np.arange(frames), lengths), ragged_arange(lengths) % channels
    bits = loads.bits[frame, place]
    first, carried = offsets(bits), {}
    for modulation in LOADED:
        width = BITS_PER_SYMBOL[modulation]
        symbols = np.flatnonzero(bits == width)
        carried[modulation] = symbols, first[symbols, None] + np.arange(width)
    return Layout(lengths, loads.energies[frame, place], carried)


def _modulated(layout: Layout, bits: NDArray[np.uint8]) -> NDArray[np.complex128]:
    values = np.zeros(layout.energies.size, np.complex128)
    for modulation, (symbols, places) in layout.carried.items():
        values[symbols] = modulate(bits[places].ravel(), modulation)
    return values * np.sqrt(layout.energies)


def _demapped(
    layout: Layout, arrived: SymbolReception, count: int, decisions: Decisions
) -> NDArray[np.float32]:
    """(count,) of all bits, as `demap` has them."""
    llrs = np.empty(count, np.float32)
    for modulation, (symbols, places) in layout.carried.items():
        energies = layout.energies[symbols]
        values = arrived.symbols.values[symbols] / np.sqrt(energies)
        variances = arrived.noise_variances[symbols] / energies
        llrs[places] = demap(values, variances, modulation, decisions).reshape(places.shape)
    return llrs
