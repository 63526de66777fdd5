"""What results have of a scenario: its settings by key path."""

import math
from collections.abc import Container, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.link.codes import CODES
from semcomm.link.link import Link
from semcomm.scenario.document import key_path
from semcomm.scenario.plugins import plugin_name
from semcomm.validation import as_yaml, checkers_of

OF_CHANNEL_MATRICES = ("data.csi", "data.drops")
"""Keys that tables have only where they are set."""


def settings_in(section: Any, key: str, by_name: Container[str]) -> Iterator[tuple[str, Any]]:
    """The leaves of a section and of those within it, with the names of plug-ins as `model`.

    by_name: the sections whose class is found by the name under their `model`.
    """
    kind: type = type(section)
    fields = checkers_of(kind)
    if key in by_name and "model" not in fields:
        codes = [name for name, kind in CODES.items() if isinstance(section, kind)]
        yield key_path(key, "model"), codes[0] if codes else plugin_name(section)
    for name, checker in fields.items():
        path, value = key_path(key, name), getattr(section, name)
        if path in ("name", "images", "measures", "data.root"):
            continue
        if value is None and path in OF_CHANNEL_MATRICES:
            continue
        if is_dataclass(value):
            yield from settings_in(value, path, by_name)
        elif value is None and checker.section:
            first = "model" if path in by_name else next(iter(checkers_of(checker.section)))
            yield key_path(path, first), None
        elif value is None or isinstance(value, bool | int | float | str):
            yield path, value
        else:
            yield path, value.name if isinstance(value, Path) else as_yaml(value)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of nested mappings by key path."""
    if path and not isinstance(value, Mapping):
        return {path: value}
    leaves: dict[str, Any] = {}
    for name, inner in value.items():
        leaves |= flat(inner, key_path(path, name))
    return leaves


def ebn0_db_of(link: Link, channel: BitChannel | SymbolChannel) -> dict[str, float | None]:
    """Eb/N0 of a payload bit at the link's nominal rate, None of an ideal code and with loading;
    nothing for channels of bits and symbols without a link.
    """
    esn0_db = getattr(channel, "esn0_db", None)
    if esn0_db is None or not (link.modulation or link.loading):
        return {}
    if link.ideal or link.loading:
        return {"channel.ebn0_db": None}
    efficiency = link.adapted(channel).efficiency
    return {"channel.ebn0_db": esn0_db - 10 * math.log10(efficiency)}
