"""What a measure is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import ModalityName
from semcomm.errors import MeasureError
from semcomm.modalities.modality import MODALITIES
from semcomm.stages import Samples

Values = NDArray[np.float64]

SHOWN = 10
"""Classes that a message names."""


@dataclass(frozen=True)
class OfMean:
    """A function of a mean, such as the PSNR of the mean MSE.

    name: its column of results.csv.
    terms: from the measure's values (B,) and the samples that were sent, what is averaged, (B,).
    value: from the mean to what stands in the column.
    is_error: a lower value is better.
    """

    name: str
    terms: Callable[[Values, Samples], Values]
    value: Callable[[float], float]
    is_error: bool = False


@dataclass(frozen=True)
class Measure:
    """A value per sample, and how the values of all samples are summed up.

    of: from B samples as sent and B as received, of equal shapes, to (B,) float64, NaN where it is
        undefined. Where `labelled`, it takes the labels (B,) int64 of the samples as a third.
    unit: such as dB.
    is_error: a lower value is better, as tables, figures and comparisons have to know.
    mean: a column with the measure's name has the mean, and NAME_ci95 half the width of its 95 %
        interval, samples being taken as drawn independently.
    percentiles: shares of the samples by the end of their columns' names; each column has the value
        below which that share is. Values are rounded to whole multiples of `step` for it.
    of_mean: a further column, a function of a mean.
    share: values are 0 or 1, and Wilson's interval, NAME_low to NAME_high, stands in place of
        NAME_ci95.
    beside: measures that come with it, by the names of their columns.
    classes: of a labelled measure that knows certain classes alone, their names, which have to be
        the data set's.
    file: whose content the values depend on.
    modality: what the samples have to be; None where they may be anything.

    Example: `blue_error = Measure(lambda sent, received: ...)` in a file blue.py is named
    `blue.py:blue_error` in a scenario and has the columns blue_error and blue_error_ci95.
    """

    of: Callable[..., Any]
    unit: str = ""
    is_error: bool = False
    labelled: bool = False
    mean: bool = True
    percentiles: Mapping[str, float] = field(default_factory=dict)
    step: float = 0.001
    of_mean: OfMean | None = None
    share: bool = False
    beside: Mapping[str, "Measure"] = field(default_factory=dict)
    classes: Callable[[], Sequence[str]] | None = None
    file: Path | None = None
    modality: ModalityName | None = None

    def columns(self, name: str) -> list[str]:
        """The names that its columns may have, of which `name` is that of its values."""
        spread = ("low", "high") if self.share else ("ci95",)
        ends = [f"{name}_{end}" for end in (*spread, *self.percentiles)]
        return [name, *ends, *([self.of_mean.name] if self.of_mean else [])]

    def check_classes(self, name: str, there: Sequence[str]) -> None:
        """Raises MeasureError for a measure of labels where a data set has none, or others.

        there: the classes of the data set.
        """
        if not self.labelled:
            return
        if not there:
            raise MeasureError(
                f"measure {name} takes labels, and the data set has none: take `sample`, "
                "`cifar10`, or a folder that holds a folder of images for each class"
            )
        known = tuple(self.classes()) if self.classes else tuple(there)
        if known != tuple(there):
            raise MeasureError(
                f"measure {name} knows {_listed(known)}; the data set has {_listed(there)}"
            )

    def check_modality(self, name: str, there: ModalityName) -> None:
        """Raises MeasureError where the samples of a data set are not what it measures."""
        if self.modality not in (None, there):
            takes = " and ".join(MODALITIES[there].measures)
            raise MeasureError(
                f"measure {name} is of {MODALITIES[self.modality].nouns}; the data are "
                f"{MODALITIES[there].nouns}, which {takes} measure"
            )


def _listed(classes: Sequence[str]) -> str:
    """Example: "2 classes (cat, dog)"."""
    more = ", ..." if len(classes) > SHOWN else ""
    return f"{len(classes)} classes ({', '.join(classes[:SHOWN])}{more})"
