"""What carries a signal: a link over a channel for frames of bits, a channel alone for symbols."""

from typing import Any

import numpy as np

from semcomm.channel import BitChannel, SymbolChannel, SymbolReception
from semcomm.errors import ChannelError, LinkError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.link import Link


def carry(
    channel: BitChannel | SymbolChannel,
    signal: Any,
    rng: np.random.Generator,
    link: Link | None = None,
    framing: Framing | None = None,
) -> Any:
    """A block of frames over a link and a channel, or of symbols over a channel of symbols.

    framing: of the frames of bits; its CRC is what the link's retransmission looks at.
    Returns a Reception of frames, or a SymbolReception of symbols, as many frames as were sent.
    Raises ChannelError where the channel does not keep its side of the interface, as a new one may.
    """
    name = type(channel).__name__
    expected: type[Reception] | type[SymbolReception] = Reception
    carrier: Any = channel
    if isinstance(signal, Frames):
        link, framing = link or Link(), framing or Framing()
        link.check(channel, framing.crc)
        carrier = link.wrap(channel, framing.crc_ok)
        sent = signal.bits, signal.lengths
    else:
        expected = SymbolReception
        sent = signal.values, signal.lengths
    for array in sent:  # what was sent is what is counted
        array.flags.writeable = False
    try:
        reception = carrier.transmit(signal, rng)
    except LinkError:
        raise
    except Exception as error:  # whatever a plug-in raises is its author's to mend
        raise ChannelError(f"channel {name} failed: {type(error).__name__}: {error}") from error
    frames = len(signal)
    if not isinstance(reception, expected) or _frames_in(reception) != frames:
        raise ChannelError(
            f"channel {name} should return a {expected.__name__} of {frames} frames, as many as "
            "were sent"
        )
    return reception


def _frames_in(reception: Reception | SymbolReception) -> int:
    return len(reception.frames if isinstance(reception, Reception) else reception.symbols)
