"""Run folders, read back for a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.report.curves import ERRORS
from semcomm.report.intervals import Ends, interval
from semcomm.report.plot import axis_label
from semcomm.report.results import numbers, optional_numbers, read_results
from semcomm.run.checked_files import DamagedFileError, read_plain_json
from semcomm.run.conditions import number, texts
from semcomm.run.partial_run import read_partial
from semcomm.run.report_samples import ReportSample, load_report_sample

BITS, CHANNEL_USES, ACCURACY = "bits_per_image", "channel_uses_per_image", "accuracy"

NOT_QUALITY = {
    "images",
    BITS,
    CHANNEL_USES,
    "payload_bits_per_image",
    "entropy_bits_per_image",
    "coded_bits_per_image",
    "overhead_bits_per_image",
    "preamble_bits",
    "bpp",
    "bandwidth_ratio",
    "transmissions_per_frame",
    "index_error_rate",
    "unfit",
    "side_information_bits",
    "energy_per_channel_use",
    "damaged_images",
    "bit_errors",
    "bit_error_rate",
    "post_fec_bit_errors",
    "post_fec_bit_error_rate",
    "frames",
    "initial_frame_errors",
    "initial_frame_error_rate",
    "residual_frame_errors",
    "residual_frame_error_rate",
    "false_accepts",
    "outages",
    "ebn0_db",
    "energy_per_payload_bit_db",
    "results",
}
"""Measured columns of rate, errors and energy; all other measured columns are of quality."""

OF_CODEBOOKS = "flips_", "sub_vectors_"
"""How columns of the codebooks of an ESC codec begin."""

INTERVAL_ENDINGS = "_ci95", "_low", "_high"


@dataclass(frozen=True)
class Measure:
    """A column that the figures show.

    values: a row each, NaN where it was not measured; ends: of its 95 % intervals, if any.
    """

    column: str
    values: NDArray[np.float64]
    ends: Ends | None

    @classmethod
    def of(cls, table: pd.DataFrame, column: str) -> "Measure":
        return cls(column, optional_numbers(table, column), interval(table, column))

    @property
    def is_error(self) -> bool:
        """Whether a lower value is better."""
        return self.column in ERRORS

    @property
    def gain(self) -> NDArray[np.float64]:
        """What is higher the better a row is."""
        return -self.values if self.is_error else self.values

    @property
    def label(self) -> str:
        """The title of its axis. Example: "PSNR (dB)"."""
        return axis_label(self.column)


@dataclass(frozen=True)
class Runs:
    """N rows of results, one per cell, and the samples of each.

    table: as `read_results` returns it; samples: of each row.
    images: (N,) how many each cell sent.
    bits, channel_uses: per image; quality: what the figures' y axes show; accuracy: of a classifier
        of what was received, all NaN where none was asked.
    origins: for each folder, the command, date and versions that made it.
    unfinished: for each folder whose run has not ended, how many of its cells are here, and how
        many it has.
    """

    table: pd.DataFrame
    samples: list[ReportSample]
    images: NDArray[np.int64]
    bits: Measure
    channel_uses: Measure
    quality: Measure
    accuracy: Measure
    origins: dict[str, dict[str, Any]]
    unfinished: dict[str, tuple[int, int]]

    @property
    def rate(self) -> Measure:
        """The x axis of the rate figure: bits, or channel uses where a system sends no bits."""
        return self.channel_uses if np.isnan(self.bits.values).any() else self.bits

    @property
    def has_accuracy(self) -> bool:
        """Whether accuracy was measured beside another quality."""
        return self.quality.column != ACCURACY and bool(np.isfinite(self.accuracy.values).any())

    def folder(self, row: int) -> str:
        return str(self.table["results"][row])

    def quantizer(self, row: int) -> str:
        """The name of a cell's quantizer; empty where it has none."""
        return self._text("quantizer", row)

    def modulation_and_rate(self, row: int) -> str:
        """Those of a cell's link, of an adaptive one what it took; empty without a code.

        Example: "64qam 466/1024".
        """
        adapted = [self._text(f"adapted_{name}", row) for name in ("modulation", "code_rate")]
        given = [self._text(f"link.{name}", row) for name in ("modulation", "code.rate")]
        return next((" ".join(pair) for pair in (adapted, given) if all(pair)), "")

    def _text(self, column: str, row: int) -> str:
        return str(texts(self.table, column)[row]) if column in self.table else ""


def read_runs(folders: Sequence[Path]) -> Runs:
    """All that the report shows of these runs, of one that has not ended the cells that are done.

    Raises ReportError for a missing or damaged file, and for runs that sent different images.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ReportError(
                f"{folder}: a report takes folders of runs, as `semcomm run` writes them"
            )
    tables, samples, unfinished = [], list[ReportSample](), {}
    for folder in folders:
        if partial := read_partial(folder):
            tables.append(partial.table)
            samples += partial.samples
            unfinished[str(folder)] = len(partial.samples), partial.cells
            continue
        table = read_results([folder])
        tables.append(table)
        samples += [load_report_sample(folder, row) for row in range(len(table))]
    _check_same_images(samples)
    table = pd.concat(tables, ignore_index=True)
    return Runs(
        table,
        samples,
        numbers(table, "images").astype(np.int64),
        Measure.of(table, BITS),
        Measure.of(table, CHANNEL_USES),
        Measure.of(table, quality_column(table, samples)),
        Measure.of(table, ACCURACY),
        {str(folder): _read_origin(folder) for folder in folders},
        unfinished,
    )


def quality_column(table: pd.DataFrame, samples: Sequence[ReportSample]) -> str:
    """The column that figures show as quality: psnr_db or nmse_db, else the first measured one of
    numbers.

    Raises ReportError for a table without one.
    """
    settings = {key for sample in samples for key in sample.settings} | {"scenario", "quantizer"}
    for column in ("psnr_db", "nmse_db", *map(str, table.columns)):
        is_other = column in settings | NOT_QUALITY or column.startswith(OF_CODEBOOKS)
        is_measured = "." not in column and not is_other
        if column in table and is_measured and not column.endswith(INTERVAL_ENDINGS):
            values = [text for text in texts(table, column) if text]
            if values and all(number(text) is not None for text in values):
                return column
    raise ReportError(
        f"{', '.join(table['results'].unique())}: no column measures quality; `measures` in the "
        "scenario names some"
    )


def _read_origin(folder: Path) -> dict[str, Any]:
    path = folder / "origin.json"
    try:
        return read_plain_json(path, {"command": str, "date": str, "versions": dict})
    except (OSError, DamagedFileError) as error:
        raise ReportError(
            f"{path}: {error}; the same command of `semcomm run` writes it again"
        ) from error


def _check_same_images(samples: Sequence[ReportSample]) -> None:
    """The page compares the pictures of all rows with one sent image."""
    first = samples[0].first.sent
    for sample in samples:
        sent = sample.first.sent
        if len(sent) != len(first) or not all(map(np.array_equal, sent, first)):
            raise ReportError(
                f"{samples[0].name} and {sample.name} sent different images; a report compares "
                "systems that sent the same"
            )
