"""Modulation and code rate by a gain that the transmitter knows, from a run with several of them.

In each row of the run all images have one modulation and code rate. Each image is a frame of
equally many channel uses in all these rows, which met the same gain and the same noise, and is
decoded by itself. So what arrives of it is the same whatever other images are sent with, and a
block whose images have each their own modulation and code rate can be put together from the rows.
The choice looks at the gain alone, and never at what arrived.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from semcomm.errors import ReportError
from semcomm.link.adaptation import rows_for
from semcomm.report.chosen import Chosen, cell_images, choose_images
from semcomm.report.per_image import read_per_image
from semcomm.report.results import read_results
from semcomm.run.conditions import select, texts

SWEPT = ("link.modulation", "link.code.rate")
FOLLOWS = "channel.ebn0_db"
"""A setting that differs wherever those do."""

GAIN = "gain_db"


def adapted(folder: Path, conditions: Sequence[str]) -> list[Chosen]:
    """For each group of rows that differ in `link.modulation` and `link.code.rate` alone, one row
    in which each image has those for Es/N0 plus its gain: of the group's, the ones with the highest
    Es/N0 in the table of `link.modulation: adaptive` that is not above; the first below that.

    Its scenario is called NAME-known-gain.
    Raises ReportError for rows whose images have no gain, with retransmission, whose later noise
    depends on which frames were lost, without others to choose from, and with a modulation and code
    rate that the table lacks.
    """
    images = read_per_image(folder)
    table = select(read_results([folder]), conditions)
    settings = [*table.columns[: table.columns.get_loc("images")]]
    shared = [name for name in settings if name not in (*SWEPT, FOLLOWS)]
    groups = table.groupby([texts(table, name) for name in shared], sort=False)
    return [_adapted(rows, shared, images) for _, rows in groups]


def _adapted(rows: pd.DataFrame, settings: Sequence[str], images: pd.DataFrame) -> Chosen:
    values = {name: str(texts(rows, name).iloc[0]) for name in settings}
    _check(values, len(rows))
    lowest = [_lowest_esn0_db(row, int(values["link.channel_uses"])) for _, row in rows.iterrows()]
    order = np.argsort(lowest)
    parts = cell_images(images, rows.index[order].tolist())
    gains_db = parts[0].reindex(columns=[GAIN])[GAIN].to_numpy(np.float64)
    if np.isnan(gains_db).any():
        raise ReportError(
            f"{values['scenario']}: an image has no single gain: take rayleigh or rician without "
            "coherence, and one slice per image"
        )
    esn0_db = float(values["channel.esn0_db"]) + gains_db
    choice = np.searchsorted(np.array(lowest)[order], esn0_db, side="right") - 1
    chosen = choose_images(parts, np.maximum(choice, 0))
    return Chosen.of(
        values | {"scenario": f"{values['scenario']}-known-gain"}, chosen, rows.columns
    )


def _check(values: Mapping[str, str], rows: int) -> None:
    """Raises ReportError for settings at which no image has a choice."""
    reasons = {
        "has one modulation and code rate at its settings": rows < 2,
        "has retransmission": values.get("link.retransmission.model"),
        "has repetitions": values.get("repeat") != "1",
        "has no link.channel_uses": not values.get("link.channel_uses"),
    }
    for reason in filter(reasons.get, reasons):
        raise ReportError(
            f"{values['scenario']} {reason}, so that no image has a choice: leave it out by "
            "--where, or sweep link.modulation and link.code.rate with link.channel_uses"
        )


def _lowest_esn0_db(row: "pd.Series[str]", channel_uses: int) -> float:
    """At which the table has this row's modulation and code rate."""
    modulation, rate = (row[name] for name in SWEPT)
    for choice in rows_for(channel_uses):
        if choice.modulation == modulation and rate and Fraction(choice.rate) == Fraction(rate):
            return choice.esn0_db
    raise ReportError(
        f"{row['scenario']}: the table of link.modulation: adaptive has no {modulation} with the "
        f"code rate {rate} at {channel_uses} channel uses; semcomm/link/adaptation.csv has those "
        "that it has"
    )
