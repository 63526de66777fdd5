"""The lines of a figure for which no columns are named: one for each combination that was swept."""

from typing import Any

import pandas as pd

from semcomm.report.curves import IDEAL, Curve, labelled_curves
from semcomm.report.lines import RATE_SETTINGS, labels
from semcomm.run.conditions import SOURCE, texts

TOP_LEVEL = "scenario", "seed", "repeat", SOURCE
"""Settings whose key path has no dot, and the run that a row is of."""

AGREED = "codec.budget_bits", "link.channel_uses"
"""Settings that move a point along a curve over bits or channel uses, as `RATE_SETTINGS` do."""

ENERGIES = "channel.esn0_db", "channel.ebn0_db", "ebn0_db", "energy_per_payload_bit_db"
"""Of a symbol or a bit: where one of these is x, the others move with it."""

VALUES = {"": None, "True": True, "False": False}


def swept_curves(table: pd.DataFrame, x: str, y: str) -> list[Curve]:
    """A curve for each combination of settings in which rows differ, named by the fewest that tell
    the combinations apart.

    Where x is a setting, it moves a point along its curve, and all others make curves. Where x was
    measured, the codec's settings of rate move it, and a curve is of a quantizer or image format.
    table: as `read_results` returns it; rows of two runs are of two curves.
    Raises ReportError as `curves_of` does.

    Example: a sweep over two channels and four Es/N0 gives, over channel.esn0_db, the curves "awgn"
    and "rayleigh".
    """
    columns = [name for name in map(str, table) if "." in name or name in TOP_LEVEL]
    cells: list[dict[str, Any]] = [
        dict(zip(columns, (VALUES.get(text, text) for text in row), strict=True))
        for row in zip(*(texts(table, name) for name in columns), strict=True)
    ]
    without = [*ENERGIES] if x in ENERGIES else [x]
    if IDEAL in table and len({*texts(table, IDEAL)} - {""}) == 1:
        without.append(IDEAL)
    if x not in (*columns, *ENERGIES):
        without += [*RATE_SETTINGS, *AGREED]
        quantizers = texts(table, "quantizer") if "quantizer" in table else [""] * len(table)
        for cell, quantizer in zip(cells, quantizers, strict=True):
            cell["quantizer"] = quantizer or cell.get("codec.model")
    return labelled_curves(table, x, y, labels(cells, without))
