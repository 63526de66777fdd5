"""The folder of a run: what is done in it stays, block by block, and the same run goes on from there."""

import hashlib
import inspect
import json
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from semcomm import __version__
from semcomm.codec.zoo import load_codec
from semcomm.errors import RunError
from semcomm.experiment.block import Block, Task
from semcomm.experiment.block_file import load_block, save_block
from semcomm.experiment.scenario import Swept
from semcomm.experiment.systems import CodecChoice
from semcomm.files import write_atomically
from semcomm.folders import PACKAGE

IDENTITY, ORIGIN, BLOCKS = "run.json", "origin.json", "blocks"
LONGEST_NAME = 100


class RunFolder:
    """Where a run of these cells keeps what is done.

    fresh: forget what is there.
    Raises RunError where another run was there, and says what differs.
    """

    def __init__(self, path: Path, cells: Sequence[Swept], fresh: bool = False) -> None:
        self.path = path
        identity = [_identity(cell) for cell in cells]
        if fresh:
            self.forget_blocks()
        elif (path / IDENTITY).exists():
            _check_same(path, identity)
        write_atomically(path / IDENTITY, json.dumps(identity, indent=1).encode())

    def block(self, task: Task) -> Block | None:
        """The block that a task is, where it was done before."""
        return load_block(self._file(task))

    def keep(self, task: Task, block: Block) -> None:
        """Keep the block that a task gave."""
        if not self._file(task).exists():
            save_block(block, self._file(task))

    def forget_blocks(self) -> None:
        """Remove what only an interrupted run needs."""
        shutil.rmtree(self.path / BLOCKS, ignore_errors=True)

    def _file(self, task: Task) -> Path:
        return self.path / BLOCKS / f"{task.place:06d}-{task.number:06d}.safetensors"


def folder_name(scenario: str, cells: Sequence[Swept], changes: Sequence[str]) -> str:
    """A folder for each thing that can be asked for. Example: "error-free, images=300" of images=300.

    It is called after the scenario, or its file where the cells' names differ.
    """
    names = {cell.scenario.name for cell in cells}
    name = names.pop() if len(names) == 1 else Path(scenario).stem
    asked = ", ".join([name, *(re.sub(r"[^\w.=+\- ]", "_", change) for change in changes)])
    digest = hashlib.sha256(repr(changes).encode()).hexdigest()[:8]
    return asked if len(asked) <= LONGEST_NAME else f"{name}, {digest}"


def told_scenario(cell: Swept) -> dict[str, Any]:
    """All sections of a cell's scenario, without where its data is on this machine."""
    document: dict[str, Any] = json.loads(cell.text)
    document["data"] = {key: value for key, value in document.get("data", {}).items() if key != "root"}
    return document


def write_origin(folder: Path, command: str) -> None:
    """Write origin.json: what was asked for, when, and with which versions."""
    names = ("numpy", "torch", "safetensors", "pillow", "pandas")
    origin = {
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"semcomm": __version__, "python": python_version(), **{name: version(name) for name in names}},
    }
    write_atomically(folder / ORIGIN, json.dumps(origin, indent=1).encode())


def _identity(cell: Swept) -> dict[str, Any]:
    """All that a cell's results depend on, but for the machine and the other packages on it."""
    return {
        "scenario": told_scenario(cell),
        "codec": _codec_digest(cell.scenario.codec) if isinstance(cell.scenario.codec, CodecChoice) else None,
        "channel": _source_digest(Path(inspect.getfile(type(cell.scenario.channel)))),
        "semcomm": f"{__version__} {_own_digest()}",
    }


@cache
def _codec_digest(choice: CodecChoice) -> str:
    return load_codec(choice.model).digest.hex()


@cache
def _own_digest() -> str:
    files = sorted(path for path in PACKAGE.rglob("*.py"))
    return hashlib.sha256("".join(_source_digest(path) for path in files).encode()).hexdigest()[:16]


@cache
def _source_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _check_same(path: Path, identity: list[dict[str, Any]]) -> None:
    try:
        there = json.loads((path / IDENTITY).read_text())
    except ValueError:
        there = None
    difference = _difference(there, identity, "")
    if difference:
        raise RunError(
            f"{path} holds the results of another run: {difference}. Name another folder with --out, "
            "or start over in this one with --fresh"
        )


def _difference(there: Any, here: Any, name: str) -> str:
    """The first place where two runs differ, in words; nothing where they are the same.

    Example: of {"seed": 1} and {"seed": 2} it is "seed is 1 there, 2 here".
    """
    if there == here:
        return ""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted({*there, *here}):
            if found := _difference(there.get(key), here.get(key), f"{name}.{key}".lstrip(".")):
                return found
    if isinstance(there, list) and isinstance(here, list) and name == "":
        if len(there) != len(here):
            return f"it has {len(there)} cells there, {len(here)} here"
        return next(filter(None, (_difference(*pair, "") for pair in zip(there, here, strict=True))))
    return f"{name} is {json.dumps(there)} there, {json.dumps(here)} here"
