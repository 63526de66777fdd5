"""What carries a signal: a link over a channel for frames of bits, a channel alone for symbols."""

from typing import Any

import numpy as np

from semcomm.channel import BitChannel, State, SymbolChannel
from semcomm.errors import ChannelError
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.link.checked_channel import channel_name, with_checks
from semcomm.link.link import Link


def carry(
    channel: BitChannel | SymbolChannel,
    signal: Any,
    rng: np.random.Generator,
    link: Link | None = None,
    framing: Framing | None = None,
    state: State | None = None,
) -> Any:
    """A block of frames over a link and a channel, or of symbols over a channel of symbols.

    framing: of the frames of bits; its CRC is what the link's retransmission looks at.
    state: of symbols, what the channel drew for them from `rng`; by default it draws now.
    Returns a Reception of frames, or a SymbolReception of symbols, as many frames as were sent.
    Raises ChannelError where the channel does not keep its side of the interface, as a new one may.
    """
    if isinstance(signal, Frames):
        link, framing = link or Link(), framing or Framing()
        link.check(channel, framing.crc)
        return link.wrap(channel, framing.crc_ok).transmit(signal, rng)
    if not isinstance(channel, SymbolChannel):
        raise ChannelError(f"channel {channel_name(channel)} carries bits, not symbols")
    return with_checks(channel).transmit(signal, rng, state)
