"""A channel of symbols as one of bits."""

from dataclasses import dataclass

import numpy as np

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.choices import Decisions, Modulation
from semcomm.counting import counts_of
from semcomm.frames import Frames, Reception, Symbols
from semcomm.link.modulation import BITS_PER_SYMBOL, demap, modulate
from semcomm.ragged import offsets, spans


@dataclass(frozen=True)
class Modulated(BitChannel):
    """Sends frames as symbols; zeros fill the last symbol of each frame.

    decisions: what the demapper returns of each bit, its exact LLR or a hard decision.
    hard_llr: the LLR of a hard decision.
    """

    channel: SymbolChannel
    modulation: Modulation
    decisions: Decisions = "soft"
    hard_llr: float = 1.0

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        per_symbol = BITS_PER_SYMBOL[self.modulation]
        lengths = -(-frames.lengths // per_symbol)
        data = spans(per_symbol * offsets(lengths), frames.lengths)
        bits = np.zeros(per_symbol * lengths.sum(), np.uint8)
        bits[data] = frames.bits
        arrived = self.channel.transmit(Symbols(modulate(bits, self.modulation), lengths), rng)
        llrs = demap(
            arrived.symbols.values, arrived.noise_variances, self.modulation, self.decisions
        )[data]
        if self.decisions == "hard":
            llrs *= np.float32(self.hard_llr)
        decided = frames.with_bits((llrs < 0).astype(np.uint8))
        return Reception(decided, llrs, counts_of(frames, decided, arrived.channel_uses))
