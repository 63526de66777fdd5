"""Finding plug-ins: channels, systems and measures, by a name, a file's path or an entry point.

A plug-in's file is the one kind of file whose code semcomm runs.
"""

import hashlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, is_dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.choices import ImageFormat
from semcomm.errors import ChannelError, CodecError, MeasureError, SemcommError
from semcomm.folders import expanded, shipped
from semcomm.measures import MEASURES
from semcomm.measures.accuracy import accuracy_by
from semcomm.measures.measure import Measure
from semcomm.nearest import instead
from semcomm.plugin_code import plugin_line
from semcomm.scenario.checking import build
from semcomm.scenario.document import Document
from semcomm.systems.image_files import ImageFile
from semcomm.systems.mu_law import MuLaw
from semcomm.systems.system import System
from semcomm.validation import plain
from semcomm.zoo.names import CODEC_FILE, codec_file, codec_names

Channel = BitChannel | SymbolChannel

BIT_TRANSMIT = "(self, frames: Frames, rng) and returns a Reception"
SYMBOL_TRANSMIT = (
    "(self, symbols: Symbols, rng), with symbols.values and symbols.lengths, and returns a "
    "SymbolReception of Symbols"
)


@dataclass(frozen=True)
class Kind:
    """A kind of plug-in: what messages call it, the group of its entry points, and its error."""

    noun: str
    group: str
    error: type[SemcommError]


CHANNELS = Kind("channel", "semcomm.channels", ChannelError)
SYSTEMS = Kind("system", "semcomm.systems", CodecError)
MEASURED = Kind("measure", "semcomm.measures", MeasureError)


def channel_names() -> list[str]:
    """The channels that a scenario can name without a path."""
    return sorted({*_channel_files(), *_entry_names(CHANNELS)})


def system_names() -> list[str]:
    """The systems that packages offer as entry points."""
    return sorted(_entry_names(SYSTEMS))


def find_channel(name: str) -> type[Channel]:
    """The class of a channel, by the stem of its file in `channels/`, an entry point or a path.

    A path is `path/to/file.py:ClassName`. That file's code is run.
    Raises ChannelError when there is none, or more than one, or it is no channel.
    """
    files = _channel_files()
    if name in files and name in _entry_names(CHANNELS):
        raise ChannelError(f"channel {name} is ambiguous: {files[name]} and an entry point")
    if name in files:
        return _only_channel(files[name])
    return _checked_channel(_find(name, CHANNELS, channel_names()), name)


def find_system(name: str) -> type[System]:
    """The class of a system, by what a scenario's `codec.model` names.

    That is an image format, `mu-law`, a trained codec's name or `.safetensors` file, an entry
    point, or `path/to/file.py:ClassName`, whose code is run. Raises CodecError for anything else.
    """
    if name in get_args(ImageFormat):
        return ImageFile
    if name == "mu-law":
        return MuLaw
    if ".py:" in name or name in _entry_names(SYSTEMS):
        plugin = _find(name, SYSTEMS, [])
        methods = "transmitter and receiver"
        system: type[System] = _checked_class(plugin, name, SYSTEMS, (System,), methods)
        return system
    _, kind = codec_file(name, _codec_names)
    if kind.system == "classifier":
        raise CodecError(
            f"{name} is a classifier, which sends nothing; take a codec here, and name a "
            "classifier's file in `measures`, followed by `:accuracy`"
        )
    from semcomm.systems.analogue import AnalogueSystem  # they import PyTorch, which takes seconds
    from semcomm.systems.esc import EscSystem
    from semcomm.systems.learned import LearnedCodec

    systems: dict[str, type[System]] = {
        "digital": LearnedCodec,
        "analogue": AnalogueSystem,
        "esc": EscSystem,
    }
    return systems[kind.system]


def _codec_names() -> list[str]:
    """What `codec.model` takes but files."""
    trained = [name for kind in ("digital", "analogue", "esc") for name in codec_names(kind)]
    return [*trained, *get_args(ImageFormat), "mu-law", *_entry_names(SYSTEMS)]


def find_measure(name: str) -> Measure:
    """A measure, by its name, an entry point, `path/to/file.py:name`, whose code is run, or
    `path/to/classifier.safetensors:accuracy`.

    Raises MeasureError when there is none.
    """
    if name in MEASURES:
        return MEASURES[name]
    path, _, column = name.rpartition(":")
    if CODEC_FILE.search(path) and column == "accuracy":
        return accuracy_by(path)
    if CODEC_FILE.search(path) or CODEC_FILE.search(name):
        raise MeasureError(f"measure {name} is unknown; a classifier's file has `:accuracy` behind")
    plugin = _find(name, MEASURED, [*MEASURES, *_entry_names(MEASURED)])
    if not isinstance(plugin, Measure):
        raise MeasureError(f"measure {name} is no semcomm.measures.measure.Measure")
    return plugin


def measure_name(name: str) -> str:
    """What columns call a measure: its name, without the path of its file."""
    return name.rpartition(":")[2]


def load_channel(name: str, /, **parameters: Any) -> Channel:
    """A channel with these parameters, as in load_channel("binary_symmetric", crossover=0.01).

    Raises ScenarioError for parameters that the channel does not take.
    """
    document = Document.parse("{}", f"load_channel({name!r})")
    written = {key: plain(value) for key, value in parameters.items()}
    document.put("channel", {"model": name, **written}, document.place(""))
    return channel_of(document)


def channel_of(document: Document) -> Channel:
    """The channel that a document's section `channel` describes.

    Raises ScenarioError with every mistake.
    """
    made = build(document, "channel", find_channel)
    document.finish()
    assert made is not None  # else finish has raised
    return made


def plugin_name(plugin: object) -> str:
    """What tables call a plug-in that was made in Python: the stem of the file that defines it."""
    module = sys.modules.get(type(plugin).__module__)
    file = getattr(module, "__file__", None)
    return Path(file).stem if file else type(plugin).__name__


def _channel_files() -> Mapping[str, Path]:
    folder = shipped("channels")
    return _files_in(folder, folder.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _files_in(folder: Path, changed: int) -> Mapping[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("[!_]*.py"))}


@lru_cache(maxsize=8)
def _entry_points(group: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=group))


def _entry_names(kind: Kind) -> list[str]:
    return [point.name for point in _entry_points(kind.group)]


def _find(name: str, kind: Kind, names: list[str]) -> Any:
    """What a path or an entry point names."""
    if ".py:" in name:
        path, _, attribute = name.rpartition(":")
        return getattr(_module(expanded(path), kind), attribute, None)
    points = [point for point in _entry_points(kind.group) if point.name == name]
    if len(points) > 1:
        several = " and ".join(point.value for point in points)
        raise kind.error(f"{kind.noun} {name} is ambiguous: {several}")
    if not points:
        raise kind.error(f"{kind.noun} {name} is unknown; {instead(name, names)}, or file.py:Name")
    try:
        with redirect_stdout(sys.stderr):
            return points[0].load()
    except (Exception, SystemExit) as error:  # whatever it raises is its author's to mend
        what = f"{type(error).__name__}: {error}"
        raise kind.error(f"{points[0].value} does not load: {what}") from error


def _only_channel(path: Path) -> type[Channel]:
    return _channel_in(_module(path, CHANNELS), path)


@lru_cache(maxsize=64)
def _channel_in(module: ModuleType, path: Path) -> type[Channel]:
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
    return _checked_channel(classes[0], path.stem)


def _checked_channel(plugin: Any, name: str) -> type[Channel]:
    bases = (BitChannel, SymbolChannel)
    channel: type[Channel] = _checked_class(plugin, name, CHANNELS, bases, "transmit")
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


def _checked_class(
    plugin: Any, name: str, kind: Kind, bases: tuple[type, ...], methods: str
) -> Any:
    """The class itself, where it is a concrete subclass of one of these, and a dataclass."""
    if not inspect.isclass(plugin) or not issubclass(plugin, bases) or inspect.isabstract(plugin):
        parents = " or ".join(base.__name__ for base in bases)
        raise kind.error(f"{kind.noun} {name} is not a subclass of {parents} that has {methods}")
    if not is_dataclass(plugin):
        raise kind.error(
            f"{kind.noun} {name} is no dataclass: write @dataclass(frozen=True) above its class"
        )
    if not plugin.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise kind.error(
            f"{kind.noun} {name} is a dataclass that can be changed: write "
            "@dataclass(frozen=True) above its class"
        )
    return plugin


def _module(path: Path, kind: Kind) -> ModuleType:
    if not path.is_file():
        raise kind.error(f"there is no {kind.noun} file {path}")
    return _loaded(path.absolute(), path.stat().st_mtime_ns, kind)


@lru_cache(maxsize=256)
def _loaded(path: Path, changed: int, kind: Kind) -> ModuleType:
    """A plug-in file, run once as a module of its own, which `typing` finds by its name."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"semcomm_{kind.noun}_{re.sub(r'[^0-9a-zA-Z]', '_', path.stem)}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not spec or not spec.loader:
        raise kind.error(f"there is no {kind.noun} file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever it raises is its author's to mend
        what = f"{type(error).__name__}: {error}{plugin_line(error, str(path))}"
        raise kind.error(f"{path} does not load: {what}") from error
    return module
