"""The first images of a cell and all that became of them, kept in the run's folder for people to
look at.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from semcomm.codec.entropy_coding.code_table import CodeTable
from semcomm.errors import ReportError
from semcomm.files import write_atomically
from semcomm.frames import Frames
from semcomm.modalities.rgb8 import Image

COUNT = 8
LONGEST_SIDE = 512
FOLDER = "first-images"

Arrays = dict[str, NDArray[Any]]
Grids = list[NDArray[np.uint16]]


@dataclass(frozen=True)
class FirstImages:
    """Some images on their way.

    sent, received: the pictures, reduced where a side is above 512 pixels.
    frames: S an image, as the channel was handed them; symbols: (F,) how many indices each holds.
    crc: bits at the end of each frame.
    indices, arrived: a grid (h, w, g) an image, as sent and as received; empty where a system has
        none.
    """

    sent: list[Image]
    received: list[Image]
    frames: Frames
    symbols: NDArray[np.int64]
    crc: int
    indices: Grids
    arrived: Grids

    def to_arrays(self) -> Arrays:
        """All of it, by names that begin with "first "."""
        lists: dict[str, Sequence[NDArray[Any]]] = {
            "sent": self.sent,
            "received": self.received,
            "indices": self.indices,
            "arrived": self.arrived,
        }
        arrays: Arrays = {
            f"first {name} {number}": array
            for name, listed in lists.items()
            for number, array in enumerate(listed)
        }
        frames: Arrays = {"first bits": self.frames.bits, "first lengths": self.frames.lengths}
        return arrays | frames | {"first symbols": self.symbols, "first crc": np.array(self.crc)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "FirstImages | None":
        """Undo `to_arrays`, among other arrays; None where there are none."""
        if "first crc" not in arrays:
            return None
        frames = Frames(arrays["first bits"], arrays["first lengths"])
        sent, received, indices, arrived = (
            _listed(arrays, name) for name in ("sent", "received", "indices", "arrived")
        )
        crc = int(arrays["first crc"])
        return cls(sent, received, frames, arrays["first symbols"], crc, indices, arrived)


@dataclass(frozen=True)
class KeptCell:
    """What a cell's file holds.

    scenario: what made it, all its sections, by name.
    records: the rows of per_image.csv of these images.
    code, counts: of a system with indices, its code, and how often the whole cell sent each index,
        (at most K,) int64, up to the highest that was.
    """

    scenario: dict[str, Any]
    first: FirstImages
    records: list[dict[str, Any]]
    code: CodeTable | None
    counts: NDArray[np.int64]


def reduced(images: Sequence[Image]) -> list[Image]:
    """The first images, those of more than 512 pixels a side at a whole fraction of their size,
    box-filtered.
    """
    return [_reduced(image) for image in images[:COUNT]]


def save_cell(folder: Path, row: int, cell: KeptCell) -> None:
    """Keep the first images of the cell that is this row of results.csv, from 0, in the run's
    folder.
    """
    arrays = cell.first.to_arrays() | {"index counts": cell.counts}
    if cell.code:
        arrays |= {"code lengths": cell.code.lengths, "probabilities": cell.code.probabilities}
    told = {"scenario": json.dumps(cell.scenario), "records": json.dumps(cell.records)}
    write_atomically(_file(folder, row), save(arrays, told))


def forget_cells(folder: Path) -> None:
    """Remove what is kept of a run's cells."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def load_cell(folder: Path, row: int) -> KeptCell:
    """Undo `save_cell`. Raises ReportError where there is no such file."""
    path = _file(folder, row)
    try:
        with safe_open(path, framework="np") as file:
            told = {name: json.loads(text) for name, text in file.metadata().items()}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError) as error:
        raise ReportError(
            f"{path} is {_state(path)}; a run writes it at its end, and again with --fresh"
        ) from error
    first = FirstImages.from_arrays(arrays)
    if first is None:
        raise ReportError(f"{path} holds no images; a run with --fresh writes it again")
    code = (
        CodeTable(arrays["code lengths"], arrays["probabilities"])
        if "code lengths" in arrays
        else None
    )
    return KeptCell(told["scenario"], first, told["records"], code, arrays["index counts"])


def _state(path: Path) -> str:
    return "damaged" if path.exists() else "not there"


def _file(folder: Path, row: int) -> Path:
    return folder / FOLDER / f"{row:06d}.safetensors"


def _listed(arrays: Arrays, name: str) -> list[NDArray[Any]]:
    count = sum(key.startswith(f"first {name} ") for key in arrays)
    return [arrays[f"first {name} {number}"] for number in range(count)]


def _reduced(image: Image) -> Image:
    times = -(-max(image.shape[:2]) // LONGEST_SIDE)
    return image if times == 1 else np.asarray(PIL.Image.fromarray(image).reduce(times))
