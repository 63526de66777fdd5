"""What a cell's results depend on, but for the machine and the other packages on it."""

import hashlib
import inspect
import json
import platform
from functools import cache
from pathlib import Path
from typing import Any

from semcomm.errors import RunError
from semcomm.folders import PACKAGE
from semcomm.scenario.scenario import Swept
from semcomm.systems.systems import CodecChoice
from semcomm.version import __version__
from semcomm.zoo.find import load_codec


def identity(cell: Swept) -> dict[str, Any]:
    """Its scenario, without where on this machine its files are, the names of a folder's images,
    and `digests`.
    """
    document = json.loads(cell.text)
    data = {key: value for key, value in document.get("data", {}).items() if key != "root"}
    sections = {"codec": document["codec"], "channel": document["channel"], "data": data}
    document |= {name: _without_folders(section) for name, section in sections.items()}
    names = " ".join(cell.scenario.data.open().names()) if cell.scenario.data.images else ""
    return {"scenario": document, "images": _digest(names.encode()), **digests(cell)}


def digests(cell: Swept) -> dict[str, str | None]:
    """Digests of its codec, its channel's file and semcomm."""
    return {
        "codec": _codec_digest(cell.scenario.codec)
        if isinstance(cell.scenario.codec, CodecChoice)
        else None,
        "channel": _channel_digest(type(cell.scenario.channel)),
        "semcomm": f"{__version__} {_own_digest()}",
    }


def check(cell: Swept, wanted: dict[str, str | None]) -> None:
    """Raises RunError where this machine has another codec, channel or semcomm than the one that
    wants it done.
    """
    if differs := difference(wanted, digests(cell)):
        raise RunError(
            f"the worker on {platform.node()} is not that of this run: {differs}; start it anew, "
            "or mend it"
        )


@cache
def _codec_digest(choice: CodecChoice) -> str:
    return load_codec(choice.model).digest.hex()


@cache
def _channel_digest(channel: type) -> str:
    return _source_digest(Path(inspect.getfile(channel)))


@cache
def _own_digest() -> str:
    files = sorted(path for path in PACKAGE.rglob("*.py"))
    return _digest("".join(_source_digest(path) for path in files).encode())


def _source_digest(path: Path) -> str:
    return _digest(path.read_bytes())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _without_folders(section: dict[str, Any]) -> dict[str, Any]:
    return section | {key: Path(section[key]).name for key in ("model", "images") if key in section}


def difference(there: Any, here: Any, name: str = "") -> str:
    """The first place where two runs differ, in words; nothing where they are the same.

    Example: of {"seed": 1} and {"seed": 2} it is "seed is 1 there, 2 here".
    """
    if there == here:
        return ""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted({*there, *here}):
            if found := difference(there.get(key), here.get(key), f"{name}.{key}".lstrip(".")):
                return found
    if isinstance(there, list) and isinstance(here, list) and name == "":
        if len(there) != len(here):
            return f"it has {len(there)} cells there, {len(here)} here"
        return next(filter(None, (difference(*pair) for pair in zip(there, here, strict=True))))
    return f"{name} is {json.dumps(there)} there, {json.dumps(here)} here"
