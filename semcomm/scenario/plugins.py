"""Finding channels: files of the folder `channels/`, files anywhere, and other packages' entry
points.
"""

import hashlib
import importlib.util
import inspect
import re
import sys
from dataclasses import is_dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.errors import ChannelError
from semcomm.folders import expanded, shipped
from semcomm.scenario.checking import build
from semcomm.scenario.document import Document

ENTRY_POINTS = "semcomm.channels"

Channel = BitChannel | SymbolChannel

BIT_TRANSMIT = "(self, frames: Frames, rng) and returns a Reception"
SYMBOL_TRANSMIT = (
    "(self, symbols: Symbols, rng), with symbols.values and symbols.lengths, and returns a "
    "SymbolReception of Symbols"
)


def channel_names() -> list[str]:
    """The channels that a scenario can name without a path."""
    return sorted({*_files(), *(point.name for point in entry_points(group=ENTRY_POINTS))})


def find_channel(name: str) -> type[Channel]:
    """The class of a channel, by the stem of its file in `channels/`, an entry point's name, or a
    path.

    A path is `path/to/file.py:ClassName`. That file's code is run.
    Raises ChannelError when there is none, or more than one, or it is no channel.
    """
    if ".py:" in name:
        path, _, class_name = name.rpartition(":")
        return _class_in(_module(expanded(path)), class_name, name)
    found: list[Path | EntryPoint] = [path for stem, path in _files().items() if stem == name]
    found += entry_points(group=ENTRY_POINTS, name=name)
    if len(found) > 1:
        raise ChannelError(f"channel {name} is ambiguous: {' and '.join(map(str, found))}")
    if not found:
        raise ChannelError(
            f"channel {name} is not known; there are {', '.join(channel_names())}, or file.py:Class"
        )
    return (
        _only_class(found[0]) if isinstance(found[0], Path) else _checked(_loaded(found[0]), name)
    )


def load_channel(name: str, /, **parameters: Any) -> Channel:
    """A channel with these parameters, as in load_channel("binary_symmetric", crossover=0.01).

    Raises ScenarioError for parameters that the channel does not take.
    """
    document = Document.parse("{}", f"load_channel({name!r})")
    plain = {
        key: value.item() if isinstance(value, np.generic) else value
        for key, value in parameters.items()
    }
    document.put("channel", {"model": name, **plain}, document.place(""))
    return channel_of(document)


def channel_of(document: Document) -> Channel:
    """The channel that a document's section `channel` describes; raises ScenarioError with every
    mistake.
    """
    made = build(document, "channel", find_channel)
    document.finish()
    assert made is not None  # else finish has raised
    return made


def channel_name(channel: Channel) -> str:
    """What tables call a channel: the stem of the file that defines it."""
    module = sys.modules.get(type(channel).__module__)
    file = getattr(module, "__file__", None)
    return Path(file).stem if file else type(channel).__name__


def _files() -> dict[str, Path]:
    return {path.stem: path for path in sorted(shipped("channels").glob("[!_]*.py"))}


def _only_class(path: Path) -> type[Channel]:
    module = _module(path)
    members: list[type[Channel]] = [item for _, item in inspect.getmembers(module, _is_channel)]
    classes = [item for item in members if item.__module__ == module.__name__]
    if len(classes) != 1:
        names = ", ".join(item.__name__ for item in classes) or "none"
        raise ChannelError(
            f"{path} should define one channel, a subclass of BitChannel or SymbolChannel; it "
            f"defines {names}"
        )
    return _checked(classes[0], path.stem)


def _class_in(module: ModuleType, class_name: str, name: str) -> type[Channel]:
    return _checked(getattr(module, class_name, None), name)


def _checked(found: Any, name: str) -> type[Channel]:
    if not _is_channel(found):
        raise ChannelError(
            f"channel {name} is not a subclass of BitChannel or SymbolChannel that has its "
            "transmit method"
        )
    channel: type[Channel] = found
    if not is_dataclass(channel):
        raise ChannelError(
            f"channel {name} is no dataclass: write @dataclass(frozen=True) above its class"
        )
    try:
        inspect.signature(channel.transmit).bind("self", "signal", "rng")
    except TypeError:
        raise ChannelError(
            f"channel {name}: transmit has the parameters "
            f"{inspect.signature(channel.transmit)}; it takes "
            f"{SYMBOL_TRANSMIT if issubclass(channel, SymbolChannel) else BIT_TRANSMIT}"
        ) from None
    return channel


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:  # whatever the package raises is its author's to mend
        raise ChannelError(
            f"{point.value} does not load: {type(error).__name__}: {error}"
        ) from error


def _is_channel(item: Any) -> bool:
    return (
        inspect.isclass(item)
        and issubclass(item, BitChannel | SymbolChannel)
        and not inspect.isabstract(item)
    )


def _module(path: Path) -> ModuleType:
    """Run a plug-in file as a module of its own, which `typing` and `dataclasses` find by its
    name.
    """
    digest = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]
    name = f"semcomm_channel_{re.sub(r'[^0-9a-zA-Z]', '_', path.stem)}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not spec or not spec.loader or not path.is_file():
        raise ChannelError(f"there is no channel file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the file raises is its author's to mend
        raise ChannelError(f"{path} does not load: {type(error).__name__}: {error}") from error
    return module
