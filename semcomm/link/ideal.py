"""The ideal code: a carrier of frames that is as good as the normal approximation says codes are.

It is no code, and it bounds nothing: it carries frames of the length that the approximation gives,
and loses some of them.
"""

from dataclasses import dataclass, replace
from math import floor
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt, Lt, doc

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.counting import counts_of
from semcomm.errors import ChannelError, LinkError
from semcomm.frames import Frames, Reception
from semcomm.link.checked_channel import channel_name
from semcomm.link.normal_approximation import ChannelUse, normal_approximation
from semcomm.plugin_code import plugin_code
from semcomm.ragged import gather_runs
from semcomm.validation import Validated


@dataclass(frozen=True)
class IdealCode(Validated, error=LinkError):
    """In place of modulation and code, frames of the length that the normal approximation allows,
    of which a share is lost.
    """

    frame_error_rate: Annotated[
        float,
        Gt(0.0),
        Lt(1.0),
        doc("the share of frames that are lost; the higher, the longer frames are"),
    ]

    def frame_bits(
        self,
        channel: BitChannel | SymbolChannel,
        modulation: str | None,
        channel_uses: int,
    ) -> int:
        """The length of every frame, rounded down.

        modulation: of a channel of symbols, or `gaussian`; None for a channel of bits.
        Raises LinkError for a channel without a `channel_use`, and where no bit is left.
        """
        name = channel_name(channel)
        of_channel: Any = getattr(channel, "channel_use", None)
        if of_channel is None:
            raise LinkError(
                "link.ideal takes a channel whose normal approximation is known: awgn, "
                f"binary_symmetric or binary_erasure, not {name}"
            )
        with plugin_code(f"channel {name}", type(channel), ChannelError):
            use = of_channel(modulation) if isinstance(channel, SymbolChannel) else of_channel()
        if not isinstance(use, ChannelUse):
            raise ChannelError(
                f"channel {name} returned a {type(use).__name__} as its channel_use; it takes a "
                "ChannelUse"
            )
        bits = normal_approximation(use, channel_uses, self.frame_error_rate)
        if bits < 1:
            raise LinkError(
                f"link.ideal: {channel_uses} uses of channel {name} carry no bit at a frame error "
                f"rate of {self.frame_error_rate} ({bits:.1f} by the normal approximation): take "
                "more of them (link.channel_uses) or a better channel"
            )
        return floor(bits)


@dataclass(frozen=True)
class IdealCarrier(BitChannel):
    """Loses each frame independently with probability `loss`, which then arrives with no bits; the
    others arrive as they were sent.

    frame_bits: of every frame.
    channel_uses: of every frame.
    """

    frame_bits: int
    channel_uses: int
    loss: float

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        """As `BitChannel.transmit`; raises LinkError for a frame of another length.

        No bits are on the channel, so none of these are counted.
        """
        wrong = frames.lengths[frames.lengths != self.frame_bits]
        if wrong.size:
            raise LinkError(
                f"a frame has {wrong[0]} bits, but with link.ideal each has {self.frame_bits}: the "
                "system has to fill it up"
            )
        arrives = rng.random(len(frames)) >= self.loss
        lengths = np.where(arrives, frames.lengths, 0)
        arrived = Frames(gather_runs(frames.bits, frames.starts, lengths), lengths)
        uses, none = np.full(len(frames), self.channel_uses), np.zeros(len(frames), np.int64)
        counts = counts_of(frames, arrived, uses)
        return Reception(arrived, None, replace(counts, channel_bits=none, bit_errors=none))
