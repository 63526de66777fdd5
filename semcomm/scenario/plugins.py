"""Finding channels, systems and measures by a name, a file's path or an entry point."""

import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from semcomm.choices import ImageFormat
from semcomm.errors import ChannelError, CodecError, MeasureError
from semcomm.folders import shipped
from semcomm.measures import MEASURES
from semcomm.measures.accuracy import accuracy_by
from semcomm.measures.measure import Measure
from semcomm.scenario.channel_class import CHANNELS, Channel, channel_in, checked_channel
from semcomm.scenario.checking import build
from semcomm.scenario.document import Document
from semcomm.scenario.plugin_loading import (
    Kind,
    checked_class,
    entry_names,
    load_plugin,
    module_at,
)
from semcomm.systems.image_files import ImageFile
from semcomm.systems.mu_law import MuLaw
from semcomm.systems.system import System
from semcomm.validation import plain
from semcomm.zoo.names import CODEC_FILE, codec_file, codec_names

SYSTEMS = Kind("system", "semcomm.systems", CodecError)
MEASURED = Kind("measure", "semcomm.measures", MeasureError)


def channel_names() -> list[str]:
    """The channels that a scenario can name without a path."""
    return sorted({*_channel_files(), *entry_names(CHANNELS)})


def system_names() -> list[str]:
    """The systems that packages offer as entry points."""
    return sorted(entry_names(SYSTEMS))


def find_channel(name: str) -> type[Channel]:
    """The class of a channel, by the stem of its file in `channels/`, an entry point or a path.

    A path is `path/to/file.py:ClassName`. That file's code is run.
    Raises ChannelError when there is none, or more than one, or it is no channel.
    """
    files = _channel_files()
    if name in files and name in entry_names(CHANNELS):
        raise ChannelError(f"channel {name} is ambiguous: {files[name]} and an entry point")
    if name in files:
        return channel_in(module_at(files[name], CHANNELS), files[name])
    return checked_channel(load_plugin(name, CHANNELS, channel_names()), name)


def find_system(name: str) -> type[System]:
    """The class of a system, by what a scenario's `codec.model` names.

    That is an image format, `mu-law`, a trained codec's name or `.safetensors` file, an entry
    point, or `path/to/file.py:ClassName`, whose code is run. Raises CodecError for anything else.
    """
    if name in get_args(ImageFormat):
        return ImageFile
    if name == "mu-law":
        return MuLaw
    if ".py:" in name or name in entry_names(SYSTEMS):
        plugin = load_plugin(name, SYSTEMS, [])
        methods = "transmitter and receiver"
        system: type[System] = checked_class(plugin, name, SYSTEMS, (System,), methods)
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
    return [*trained, *get_args(ImageFormat), "mu-law", *entry_names(SYSTEMS)]


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
    plugin = load_plugin(name, MEASURED, [*MEASURES, *entry_names(MEASURED)])
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
