"""The first samples of a cell and what became of them, stored in the run's folder for the report.

A run stores one `ReportSample` per row of results.csv. Its file is not executable and carries a
digest of its content, so that `semcomm report` can trust it without the codec or the channel.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from semcomm.choices import ModalityName
from semcomm.codec.entropy_coding.code_table import CodeTable
from semcomm.errors import ReportError
from semcomm.frames import Frames
from semcomm.modalities.modality import MODALITIES
from semcomm.modalities.rgb8 import Image
from semcomm.run.checked_files import DamagedFileError, load_arrays, require_kinds, save_arrays
from semcomm.stages import Samples
from semcomm.terminal import terminal_safe

COUNT = 8
MAX_SIDE = 512
FOLDER = "samples"

Arrays = dict[str, NDArray[Any]]
Setting = int | float | bool | str | None


@dataclass(frozen=True)
class FirstSamples:
    """The first B samples of a block, as sent and as received.

    sent, received: pictures, reduced where a side is above 512 pixels.
    frames: of a system that sends bits, S frames per sample as the channel received them.
    crc: bits at the end of each frame.
    indices, received_indices: of a system with a codebook, a grid (h, w, g) per sample.
    indices_per_frame: (B * S,) how many indices each frame holds.
    symbols: of an analogue system, (n,) complex channel symbols per sample, as sent.
    gains_db: over a frequency-selective channel, (B, K) |h|^2 on each subcarrier of each sample's
        first frame, as `first_gains` has it.
    loads: with loading, (B, K) bits that each of these subcarriers carries.
    """

    sent: list[Image]
    received: list[Image]
    frames: Frames | None = None
    crc: int | None = None
    indices: list[NDArray[np.uint16]] | None = None
    received_indices: list[NDArray[np.uint16]] | None = None
    indices_per_frame: NDArray[np.int64] | None = None
    symbols: list[NDArray[np.complex128]] | None = None
    gains_db: NDArray[np.float32] | None = None
    loads: NDArray[np.uint8] | None = None

    def to_arrays(self) -> Arrays:
        """All fields that are not None, under names that begin with "first "."""
        lists: dict[str, Sequence[NDArray[Any]]] = {
            "sent": self.sent,
            "received": self.received,
            "indices": self.indices or [],
            "received_indices": self.received_indices or [],
            "symbols": [_as_pairs(symbols) for symbols in self.symbols or []],
        }
        arrays: Arrays = {
            f"first {name} {number}": array
            for name, listed in lists.items()
            for number, array in enumerate(listed)
        }
        if self.frames is not None:
            arrays |= {"first bits": self.frames.bits, "first lengths": self.frames.lengths}
        if self.crc is not None:
            arrays["first crc"] = np.array([self.crc])
        for name in ("indices_per_frame", "gains_db", "loads"):
            if (array := getattr(self, name)) is not None:
                arrays[f"first {name}"] = array
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "FirstSamples | None":
        """Undo `to_arrays`, among other arrays; None where they hold no samples."""

        def listed(name: str) -> list[NDArray[Any]]:
            count = sum(key.startswith(f"first {name} ") for key in arrays)
            return [arrays[f"first {name} {number}"] for number in range(count)]

        if not (sent := listed("sent")):
            return None
        return cls(
            sent,
            listed("received"),
            Frames(arrays["first bits"], arrays["first lengths"])
            if "first bits" in arrays
            else None,
            int(arrays["first crc"][0]) if "first crc" in arrays else None,
            listed("indices") or None,
            listed("received_indices") or None,
            arrays.get("first indices_per_frame"),
            [pairs.view(np.complex128)[:, 0] for pairs in listed("symbols")] or None,
            arrays.get("first gains_db"),
            arrays.get("first loads"),
        )


@dataclass(frozen=True)
class ReportSample:
    """What the report shows of a cell beyond its row of results.csv.

    settings: all that its scenario sets, by key path, defaults included; for example
        {"channel.esn0_db": 4.0, "link.code": None}.
    rows: the rows of per_image.csv of the samples in `first`.
    code: of a system with a prefix code, this code.
    index_counts: (at most K,) int64, how often the whole cell sent each index, up to the highest
        that it sent; empty for a system without indices.
    """

    settings: dict[str, Setting]
    first: FirstSamples
    rows: list[dict[str, Any]]
    code: CodeTable | None
    index_counts: NDArray[np.int64]

    @property
    def name(self) -> str:
        """The name of its scenario."""
        return str(self.settings.get("name", self.settings.get("scenario", "")))


def report_pictures(samples: Samples, modality: ModalityName = "rgb8") -> list[Image]:
    """Pictures of the first eight samples; one of more than 512 pixels a side is reduced by a whole
    factor, each pixel the mean of those it stands for.
    """
    pictures = []
    for image in map(MODALITIES[modality].picture, samples[:COUNT]):
        factor = -(-max(image.shape[:2]) // MAX_SIDE)
        reduced = image if factor == 1 else PIL.Image.fromarray(image).reduce(factor)
        pictures.append(np.asarray(reduced))
    return pictures


def save_report_sample(folder: Path, row: int, sample: ReportSample) -> None:
    """Store the samples of a row of results.csv, counted from 0, in the run's folder."""
    write_report_sample(_sample_file(folder, row), sample)


def write_report_sample(path: Path, sample: ReportSample) -> None:
    """Store them in this file."""
    arrays = sample.first.to_arrays() | {"index counts": sample.index_counts}
    if sample.code:
        arrays |= {"code lengths": sample.code.lengths, "probabilities": sample.code.probabilities}
    texts = {"settings": json.dumps(sample.settings), "rows": json.dumps(sample.rows)}
    save_arrays(path, texts, arrays)


def delete_report_samples(folder: Path) -> None:
    """Remove the samples of all cells from a run's folder."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def load_report_sample(folder: Path, row: int) -> ReportSample:
    """Undo `save_report_sample`. Raises ReportError for a missing or a damaged file."""
    return read_report_sample(_sample_file(folder, row))


def read_report_sample(path: Path) -> ReportSample:
    """Undo `write_report_sample`. Raises ReportError for a missing or a damaged file."""
    if not path.exists():
        raise ReportError(
            f"{path} does not exist; a run writes it at its end, and again with --fresh"
        )
    try:
        texts, arrays = load_arrays(path)
        first = FirstSamples.from_arrays(arrays)
        if first is None:
            raise ValueError("it holds no samples")
        code = None
        if "code lengths" in arrays:
            code = CodeTable(arrays["code lengths"], arrays["probabilities"])
        settings, rows = json.loads(texts["settings"]), json.loads(texts["rows"])
        sample = ReportSample(settings, first, rows, code, arrays["index counts"])
        _check_sample(sample)
        return sample
    except (OSError, DamagedFileError, LookupError, ValueError, TypeError) as error:
        reason = terminal_safe(str(error))
        raise ReportError(
            f"{path} is damaged ({reason}); `semcomm run` with --fresh writes it again"
        ) from error


def _check_sample(sample: ReportSample) -> None:
    """Raises DamagedFileError where its parts do not go together."""
    require_kinds(sample.settings, {})
    for row in sample.rows:
        require_kinds(row, {})
    first, counts = sample.first, sample.index_counts
    if len(first.received) != len(first.sent) or len(sample.rows) != len(first.sent):
        raise DamagedFileError(f"it holds {len(first.sent)} samples, and another number of rows")
    codewords = sample.code.lengths.shape if sample.code else (counts.size,)
    if counts.ndim != 1 or counts.dtype != np.int64 or (counts.size,) > codewords:
        raise DamagedFileError(f"it holds counts of {counts.shape} indices of {codewords}")


def _as_pairs(symbols: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(n, 2) real and imaginary parts, as safetensors has no complex numbers."""
    return np.ascontiguousarray(symbols, np.complex128).view(np.float64).reshape(-1, 2)


def _sample_file(folder: Path, row: int) -> Path:
    return folder / FOLDER / f"{row:06d}.safetensors"
