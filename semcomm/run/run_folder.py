"""The folder of a run: what is done in it stays, block by block, and the same run goes on from
there.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semcomm.errors import RunError
from semcomm.run.block import Block, Task
from semcomm.run.block_file import load_block, save_block
from semcomm.run.checked_files import DamagedFileError, file_digest, read_json, write_json
from semcomm.run.fingerprint import difference, identities
from semcomm.run.origin import ORIGIN
from semcomm.run.report_samples import FOLDER as SAMPLES
from semcomm.run.report_samples import ReportSample, write_report_sample
from semcomm.run.run_lock import Holder, locked, require_alone
from semcomm.run.simulation import Results
from semcomm.scenario.scenario import Cell

IDENTITY, RESULTS, DONE = "run.json", "results.csv", "done.json"
TABLES = (IDENTITY, ORIGIN, RESULTS, "per_image.csv", "per_image.parquet", "pictures.png", SAMPLES)
"""Files and folders of a finished run, of which `done.json` has the digests."""

BLOCKS, GOING, ROW, SAMPLE = "blocks", ".blocks", "row.json", "sample.safetensors"
FILES_SHOWN = 5
LONGEST_NAME = 100

OF_IDENTITY = {"cells": list}
OF_DONE = {"files": dict}
OF_ROW = {"cell": str, "summary": dict, "link_columns": list, "tallies": dict, "blocks": int}
"""What `run.json`, `done.json` and a row hold."""


@dataclass(frozen=True)
class CellBlocks:
    """The blocks of a cell that is done, read one after the other, each time anew.

    sources: what each file has to say that it is.
    """

    files: list[Path]
    sources: list[str]

    def __iter__(self) -> Iterator[Block]:
        for file, source in zip(self.files, self.sources, strict=True):
            block = load_block(file, source)
            if block is None:
                raise RunError(
                    f"{file} was damaged while the run went on; the same command computes it again"
                )
            yield block


class RunFolder:
    """Where a run of these cells keeps what is done.

    `blocks/000003/000017.safetensors` is a block, both numbers from 0 on; `blocks/000003/row.json`
    is the row of a cell that is done, and `sample.safetensors` there what reports show of it. Each
    carries a digest of its content and says which cell it
    belongs to; one of which either is wrong is computed again. Once all cells are done, and the
    tables are written, `done.json` has their digests, and `blocks` goes.

    fresh: delete what is there.
    known: the cells' identities, where they are known.
    holder: who holds the folder, where it is locked.
    Raises RunError where another run was there, and says what differs. A folder in which no block
    was finished is taken over.
    """

    def __init__(
        self,
        path: Path,
        cells: Sequence[Cell],
        fresh: bool = False,
        known: list[dict[str, Any]] | None = None,
        holder: Holder | None = None,
    ) -> None:
        self.path, self._holder = path, holder
        here = known or identities(cells)
        self._sources = [_digest_of(cell) for cell in here]
        self._block_counts: dict[int, int] = {}
        if fresh:
            (path / DONE).unlink(missing_ok=True)
            (path / RESULTS).unlink(missing_ok=True)
            self.delete_blocks()
        elif self._is_begun():
            _check_same(path, here)
        write_json(path / IDENTITY, {"cells": here})

    def is_done(self) -> bool:
        """Whether nothing is left to do.

        Raises RunError where a file of a finished run is missing or is not as the run left it.
        """
        if (self.path / BLOCKS).exists() or not (self.path / DONE).exists():
            return False
        _check_tables(self.path)
        return True

    def require_alone(self) -> None:
        """Raises RunError where another part of the run is at work, which may write the tables."""
        if self._holder:
            require_alone(self.path, self._holder)

    def reopen(self) -> None:
        """Before tables are written again, forget that they were all there."""
        (self.path / DONE).unlink(missing_ok=True)

    def finish(self) -> None:
        """Keep the digests of all tables, and remove what only an interrupted run needs."""
        digests = {_name_in(self.path, file): file_digest(file) for file in _table_files(self.path)}
        write_json(self.path / DONE, {"files": digests})
        self.delete_blocks()

    def block(self, task: Task) -> Block | None:
        """The block that a task is, where it was done before."""
        return load_block(*self._file(task.place, task.number))

    def keep(self, task: Task, block: Block) -> None:
        """Keep the block that a task gave; they come in the order of their numbers."""
        self._block_counts[task.place] = task.number + 1
        file, source = self._file(task.place, task.number)
        if not file.exists():
            save_block(block, file, source)

    def results(self, place: int, check_blocks: bool = True) -> Results | None:
        """What the cell at this place gave, where it is done and all its blocks are there.

        check_blocks: read them all, too; else damage is found when the tables are written.
        """
        try:
            row = read_json(self._cell(place) / ROW, OF_ROW)
        except (FileNotFoundError, DamagedFileError):
            return None
        if row["cell"] != self._sources[place]:
            return None
        for number in range(row["blocks"]):
            file, source = self._file(place, number)
            if not file.exists() or (check_blocks and load_block(file, source) is None):
                return None
        self._block_counts[place] = row["blocks"]
        return Results(row["summary"], row["link_columns"], row["tallies"])

    def keep_results(self, place: int, results: Results, sample: ReportSample) -> None:
        """Keep what the cell at this place gave, whose blocks are all kept.

        sample: what a report of the run shows of it before the run ends.
        """
        write_report_sample(self._cell(place) / SAMPLE, sample)
        row = {
            "cell": self._sources[place],
            "summary": results.summary,
            "link_columns": list(results.link_columns),
            "tallies": {name: list(counts) for name, counts in results.tallies.items()},
            "blocks": self._block_counts[place],
        }
        write_json(self._cell(place) / ROW, row)

    def blocks(self, place: int) -> CellBlocks:
        """The blocks of a cell that is done."""
        numbers = range(self._block_counts[place])
        files = [self._file(place, number) for number in numbers]
        return CellBlocks([file for file, _ in files], [source for _, source in files])

    def delete_blocks(self) -> None:
        """Remove what only an interrupted run needs, at one stroke."""
        if (self.path / BLOCKS).exists():
            shutil.rmtree(self.path / GOING, ignore_errors=True)
            (self.path / BLOCKS).rename(self.path / GOING)
        shutil.rmtree(self.path / GOING, ignore_errors=True)

    def _is_begun(self) -> bool:
        """Whether a block, a row or a table is here that was not there before a run."""
        stored = (self.path / BLOCKS).glob("*/*")
        tables = (self.path / name for name in (DONE, RESULTS))
        return any(True for _ in stored) or any(table.exists() for table in tables)

    def _cell(self, place: int) -> Path:
        return self.path / BLOCKS / f"{place:06d}"

    def _file(self, place: int, number: int) -> tuple[Path, str]:
        """The file of a block, and what it has to say that it is."""
        file = self._cell(place) / f"{number:06d}.safetensors"
        return file, f"block {number} of cell {self._sources[place]}"


@contextmanager
def open_folder(
    path: Path, cells: Sequence[Cell], places: Sequence[int], command: str, fresh: bool = False
) -> Iterator[RunFolder]:
    """The folder of a run, held for the cells at these places.

    Raises RunError where another process runs one of them there, or another run was there.
    """
    here = identities(cells)
    holder = Holder.here(_digest_of(here), places, command)
    with locked(path, holder, fresh):
        yield RunFolder(path, cells, fresh, here, holder)


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


def _check_same(path: Path, here: list[dict[str, Any]]) -> None:
    again = "Name another folder with --out, or start over in this one with --fresh"
    if not (path / DONE).exists() and not (path / BLOCKS).exists():
        raise RunError(f"{path} holds {RESULTS} of no run that could be checked. {again}")
    try:
        there = read_json(path / IDENTITY, OF_IDENTITY)["cells"]
    except FileNotFoundError:
        raise RunError(f"{path} holds a run whose {IDENTITY} is missing. {again}") from None
    except DamagedFileError as error:
        raise RunError(f"{path / IDENTITY} is damaged ({error}). {again}") from error
    if differs := difference(there, here):
        raise RunError(f"{path} holds the results of another run: {differs}. {again}")


def _check_tables(path: Path) -> None:
    try:
        wanted = read_json(path / DONE, OF_DONE)["files"]
    except DamagedFileError as error:
        raise RunError(
            f"{path / DONE} is damaged ({error}), so that the tables beside it cannot be checked; "
            "--fresh makes them again"
        ) from error
    there = {_name_in(path, file): file for file in _table_files(path)}
    changes = [
        f"{name} is missing" if name not in there else f"{name} was changed"
        for name, digest in wanted.items()
        if name not in there or file_digest(there[name]) != digest
    ]
    changes += [f"{name} was added" for name in there if name not in wanted]
    if changes:
        more = [f"and {len(changes) - FILES_SHOWN} more"] if len(changes) > FILES_SHOWN else []
        raise RunError(
            f"{path} holds this run, done to its end, but since then "
            f"{', '.join([*changes[:FILES_SHOWN], *more])}; --fresh makes all its files again, "
            "and overwrites what was changed"
        )


def _table_files(path: Path) -> list[Path]:
    roots = [path / name for name in TABLES]
    inside = (file for root in roots if root.is_dir() for file in sorted(root.rglob("*")))
    return [file for file in [*roots, *inside] if file.is_file()]


def _name_in(path: Path, file: Path) -> str:
    return file.relative_to(path).as_posix()


def _digest_of(identities: object) -> str:
    return hashlib.sha256(json.dumps(identities, sort_keys=True).encode()).hexdigest()
