"""What the class of a channel has to be."""

import inspect
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.errors import ChannelError
from semcomm.scenario.plugin_loading import Kind, checked_class

Channel = BitChannel | SymbolChannel

CHANNELS = Kind("channel", "semcomm.channels", ChannelError)

BIT_TRANSMIT = "(self, frames: Frames, rng) and returns a Reception"
SYMBOL_TRANSMIT = (
    "(self, symbols: Symbols, rng), with symbols.values and symbols.lengths, and returns a "
    "SymbolReception of Symbols"
)


@lru_cache(maxsize=64)
def channel_in(module: ModuleType, path: Path) -> type[Channel]:
    """The channel that a file's module defines. Raises ChannelError for none and for several."""
    classes = [
        item
        for _, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, BitChannel | SymbolChannel)
        and not inspect.isabstract(item)
        and item.__module__ == module.__name__
    ]
    if len(classes) != 1:
        names = ", ".join(item.__name__ for item in classes) or "none"
        raise ChannelError(
            f"{path} should define one channel, a subclass of BitChannel or SymbolChannel; "
            f"it defines {names}"
        )
    return checked_channel(classes[0], path.stem)


def checked_channel(plugin: Any, name: str) -> type[Channel]:
    """The plug-in, where it is a channel's class; else raises ChannelError."""
    bases = (BitChannel, SymbolChannel)
    channel: type[Channel] = checked_class(plugin, name, CHANNELS, bases, "transmit")
    _check_transmit(channel, name)
    return channel


@lru_cache(maxsize=64)
def _check_transmit(channel: type[Channel], name: str) -> None:
    try:
        inspect.signature(channel.transmit).bind("self", "signal", "rng")
    except TypeError:
        takes = SYMBOL_TRANSMIT if issubclass(channel, SymbolChannel) else BIT_TRANSMIT
        raise ChannelError(
            f"channel {name}: transmit has the parameters "
            f"{inspect.signature(channel.transmit)}; it takes {takes}"
        ) from None
