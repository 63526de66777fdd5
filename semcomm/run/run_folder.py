"""The folder of a run: what is done in it stays, block by block, and the same run goes on from
there.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from semcomm.errors import RunError
from semcomm.files import write_atomically
from semcomm.run.block import Block, Task
from semcomm.run.block_file import is_whole, load_block, save_block
from semcomm.run.fingerprint import difference, identity
from semcomm.run.simulation import Results
from semcomm.scenario.scenario import Cell
from semcomm.version import __version__

IDENTITY, RESULTS, ORIGIN = "run.json", "results.csv", "origin.json"
BLOCKS, GOING, ROW = "blocks", ".blocks", "row.json"
LONGEST_NAME = 100


@dataclass(frozen=True)
class CellBlocks:
    """The blocks of a cell that is done, read one after the other, each time anew."""

    files: list[Path]

    def __iter__(self) -> Iterator[Block]:
        for file in self.files:
            block = load_block(file)
            if block is None:
                raise RunError(
                    f"{file} was damaged while the run went on; the same command computes it again"
                )
            yield block


class RunFolder:
    """Where a run of these cells keeps what is done.

    `blocks/000003/000017.safetensors` is a block, both numbers from 0 on; `blocks/000003/row.json`
    is the row of a cell that is done. Once all are, and the tables are written, `blocks` goes.

    fresh: delete what is there.
    Raises RunError where another run was there, and says what differs.
    """

    def __init__(self, path: Path, cells: Sequence[Cell], fresh: bool = False) -> None:
        self.path = path
        here = [identity(cell) for cell in cells]
        if fresh:
            (path / RESULTS).unlink(missing_ok=True)
            self.delete_blocks()
        elif (path / IDENTITY).exists():
            _check_same(path, here)
        write_atomically(path / IDENTITY, json.dumps(here, indent=1).encode())

    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return (self.path / RESULTS).exists() and not (self.path / BLOCKS).exists()

    def block(self, task: Task) -> Block | None:
        """The block that a task is, where it was done before."""
        return load_block(self._file(task.place, task.number))

    def keep(self, task: Task, block: Block) -> None:
        """Keep the block that a task gave."""
        if not self._file(task.place, task.number).exists():
            save_block(block, self._file(task.place, task.number))

    def results(self, place: int) -> Results | None:
        """What the cell at this place gave, where it is done and all its blocks are there."""
        file = self._cell(place) / ROW
        row: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"blocks": 0}
        whole = row["blocks"] and all(
            is_whole(self._file(place, number)) for number in range(row["blocks"])
        )
        return Results(row["summary"], row["link_columns"], row["tallies"]) if whole else None

    def keep_results(self, place: int, results: Results) -> None:
        """Keep what the cell at this place gave, whose blocks are all kept."""
        row = {
            "summary": results.summary,
            "link_columns": list(results.link_columns),
            "tallies": {name: list(counts) for name, counts in results.tallies.items()},
            "blocks": len(self._files(place)),
        }
        write_atomically(self._cell(place) / ROW, json.dumps(row).encode())

    def blocks(self, place: int) -> "CellBlocks":
        """The blocks of a cell that is done."""
        return CellBlocks(self._files(place))

    def delete_blocks(self) -> None:
        """Remove what only an interrupted run needs, at one stroke."""
        if (self.path / BLOCKS).exists():
            shutil.rmtree(self.path / GOING, ignore_errors=True)
            (self.path / BLOCKS).rename(self.path / GOING)
        shutil.rmtree(self.path / GOING, ignore_errors=True)

    def _files(self, place: int) -> list[Path]:
        return sorted(self._cell(place).glob("*.safetensors"))

    def _cell(self, place: int) -> Path:
        return self.path / BLOCKS / f"{place:06d}"

    def _file(self, place: int, number: int) -> Path:
        return self._cell(place) / f"{number:06d}.safetensors"


def folder_name(scenario: str, cells: Sequence[Cell], changes: Sequence[str]) -> str:
    """A folder for each thing that can be asked for. Example: "error-free, images=300" of
    images=300.

    It is called after the scenario, or its file where the cells' names differ.
    """
    names = {cell.scenario.name for cell in cells}
    name = names.pop() if len(names) == 1 else Path(scenario).stem
    asked = ", ".join([name, *(re.sub(r"[^\w.=+\- ]", "_", change) for change in changes)])
    digest = hashlib.sha256(repr(changes).encode()).hexdigest()[:8]
    return asked if len(asked) <= LONGEST_NAME else f"{name}, {digest}"


def write_origin(folder: Path, command: str) -> None:
    """Write origin.json: what was asked for, when, and with which versions."""
    names = ("numpy", "torch", "safetensors", "pillow", "pandas")
    origin = {
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "semcomm": __version__,
            "python": python_version(),
            **{name: version(name) for name in names},
        },
    }
    write_atomically(folder / ORIGIN, json.dumps(origin, indent=1).encode())


def _check_same(path: Path, here: list[dict[str, Any]]) -> None:
    try:
        there = json.loads((path / IDENTITY).read_text())
    except ValueError:
        there = None
    if differs := difference(there, here):
        raise RunError(
            f"{path} holds the results of another run: {differs}. Name another folder with --out, "
            "or start over in this one with --fresh"
        )
