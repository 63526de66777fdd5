"""Curves of theory over white Gaussian noise, to be drawn beside measured ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.choices import Theory
from semcomm.errors import ReportError
from semcomm.link.bit_error_rate import awgn_tail, gray_error_rate
from semcomm.link.modulation import BITS_PER_SYMBOL
from semcomm.link.normal_approximation import gaussian, normal_approximation
from semcomm.report.curves import IDEAL, Curve
from semcomm.report.results import optional_numbers
from semcomm.run.conditions import texts

POINTS = 200
FRAME_ERROR_RATE = 1e-3
"""Of the ideal code, where the results have none of their own."""

ESN0, BITS = "channel.esn0_db", "bits_per_image"
PER_BIT = "channel.ebn0_db", "ebn0_db"


@dataclass(frozen=True)
class Axes:
    """The columns that a theory says something of, and what makes its curves of the rows."""

    x: Sequence[str]
    y: Sequence[str]
    curves: Callable[[pd.DataFrame, str, NDArray[np.float64]], list[Curve]]


def theory_curves(
    names: Sequence[Theory], table: pd.DataFrame, x: str, y: str, measured: Sequence[Curve]
) -> list[Curve]:
    """Curves over the range of x that the measured ones have.

    uncoded: the bit error rate of each modulation of the rows.
    capacity: Shannon's, of the channel uses that the rows agree on for an image.
    ideal: bits of the best codes of that length by the normal approximation, Gaussian symbols, at
        the frame error rate of the rows' ideal code, or else 1e-3.
    Raises ReportError where a theory says nothing of these axes or rows.
    """
    ends = [curve.x[[0, -1]] for curve in measured]
    points = np.linspace(np.min(ends), np.max(ends), POINTS)
    curves = []
    for name in names:
        axes = THEORIES[name]
        if x not in axes.x or y not in axes.y:
            raise ReportError(
                f"the axes are {x} and {y}; --theory {name} is over {' or '.join(axes.x)}, of "
                f"{' or '.join(axes.y)}"
            )
        curves += axes.curves(table, x, points)
    lowest = min((curve.y[curve.y > 0].min(initial=np.inf) for curve in measured), default=np.inf)
    return [_above(curve, lowest / 10) for curve in curves] if np.isfinite(lowest) else curves


def _above(curve: Curve, lowest: float) -> Curve:
    """The points that are not far below all measured ones, where nobody looks."""
    shown = curve.y >= lowest
    return replace(curve, x=curve.x[shown], y=curve.y[shown])


def _uncoded(table: pd.DataFrame, x: str, points: NDArray[np.float64]) -> list[Curve]:
    used = {*texts(table, "link.modulation")} if "link.modulation" in table else set()
    modulations = [name for name in BITS_PER_SYMBOL if name in used]
    if not modulations:
        raise ReportError("--theory uncoded takes rows with a link.modulation, and none has one")
    curves = []
    for name in modulations:
        esn0_db = points + 10 * np.log10(BITS_PER_SYMBOL[name] if x in PER_BIT else 1)
        rates = [gray_error_rate(name, awgn_tail(esn0)) for esn0 in 10 ** (esn0_db / 10)]
        curves.append(Curve(f"{name}, uncoded, AWGN", points, np.array(rates), theory=True))
    return curves


def _capacity(table: pd.DataFrame, x: str, points: NDArray[np.float64]) -> list[Curve]:
    curves = []
    for uses, slices in _agreed(table, "capacity"):
        bits = [slices * uses * gaussian(esn0_db).capacity for esn0_db in points]
        label = f"AWGN capacity, {slices * uses} channel uses"
        curves.append(Curve(label, points, np.array(bits), theory=True))
    return curves


def _ideal(table: pd.DataFrame, x: str, points: NDArray[np.float64]) -> list[Curve]:
    own = {*optional_numbers(table, IDEAL)}
    curves = []
    for rate in sorted(rate for rate in own if rate == rate) or [FRAME_ERROR_RATE]:
        for uses, slices in _agreed(table, "ideal"):
            frames = [normal_approximation(gaussian(esn0_db), uses, rate) for esn0_db in points]
            label = f"ideal code, AWGN, frame error rate {rate:g}, {slices * uses} channel uses"
            bits = slices * np.array(frames)
            curves.append(Curve(label, points, bits, approximation=True, theory=True))
    return curves


def _agreed(table: pd.DataFrame, theory: Theory) -> list[tuple[int, int]]:
    """The channel uses of a frame and the frames of an image, each pair that rows agree on."""
    columns = "link.channel_uses", "framing.slices"
    rows = zip(*(optional_numbers(table, name) for name in columns), strict=True)
    pairs = {(int(uses), int(slices)) for uses, slices in rows if uses == uses}
    if not pairs:
        raise ReportError(
            f"--theory {theory} takes rows with link.channel_uses, which says how many uses of the "
            "channel a frame has, and none has any"
        )
    return sorted(pairs)


THEORIES: dict[Theory, Axes] = {
    "uncoded": Axes((ESN0, *PER_BIT), ("bit_error_rate", "post_fec_bit_error_rate"), _uncoded),
    "capacity": Axes((ESN0,), (BITS,), _capacity),
    "ideal": Axes((ESN0,), (BITS,), _ideal),
}
