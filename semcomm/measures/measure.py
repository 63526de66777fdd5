"""What a measure is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.stages import Samples

Values = NDArray[np.float64]


@dataclass(frozen=True)
class OfMean:
    """A function of a mean, such as the PSNR of the mean MSE.

    name: its column of results.csv.
    terms: from the measure's values (B,) and the samples that were sent, what is averaged, (B,).
    value: from the mean to what stands in the column.
    """

    name: str
    terms: Callable[[Values, Samples], Values]
    value: Callable[[float], float]


@dataclass(frozen=True)
class Measure:
    """A value per sample, and how the values of all samples are summed up.

    of: from B samples as sent and B as received, of equal shapes, to (B,) float64, NaN where it is
        undefined. Where `labelled`, it takes the labels (B,) int64 of the samples as a third.
    unit: such as dB.
    mean: a column with the measure's name has the mean, and NAME_ci95 half the width of its 95 %
        interval, samples being taken as drawn independently.
    percentiles: shares of the samples by the end of their columns' names; each column has the value
        below which that share is. Values are rounded to whole multiples of `step` for it.
    of_mean: a further column, a function of a mean.

    Example: `blue_error = Measure(lambda sent, received: ...)` in a file blue.py is named
    `blue.py:blue_error` in a scenario and has the columns blue_error and blue_error_ci95.
    """

    of: Callable[..., Any]
    unit: str = ""
    labelled: bool = False
    mean: bool = True
    percentiles: Mapping[str, float] = field(default_factory=dict)
    step: float = 0.001
    of_mean: OfMean | None = None
