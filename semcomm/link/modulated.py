"""A channel for symbols as one for bits."""

from dataclasses import dataclass

import numpy as np

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.choices import Decisions, Modulation
from semcomm.frames import Frames, Reception
from semcomm.link.modulation import BITS_PER_SYMBOL, demap, modulate
from semcomm.link.soft_bits import counts_of, spans


@dataclass(frozen=True)
class Modulated(BitChannel):
    """Sends frames as symbols; zeros fill up the last symbol of each.

    decisions: what is handed on of each bit, its exact LLR or a hard decision.
    hard_llr: the LLR that a hard decision counts as.
    """

    channel: SymbolChannel
    modulation: Modulation
    decisions: Decisions = "soft"
    hard_llr: float = 1.0

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        per_symbol = BITS_PER_SYMBOL[self.modulation]
        symbols = -(-frames.lengths // per_symbol)
        places = spans(per_symbol * (np.cumsum(symbols) - symbols), frames.lengths)
        bits = np.zeros(per_symbol * symbols.sum(), np.uint8)
        bits[places] = frames.bits
        arrived = self.channel.transmit(modulate(bits, self.modulation), symbols, rng)
        llrs = demap(arrived.symbols, arrived.noise_variances, self.modulation, self.decisions)[
            places
        ]
        if self.decisions == "hard":
            llrs *= np.float32(self.hard_llr)
        decided = frames.with_bits((llrs < 0).astype(np.uint8))
        return Reception(decided, llrs, counts_of(frames, decided, arrived.channel_uses))
