"""The assignment of codebooks, modulations and energies of each frame, by its noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcomm.link.codebook_assignment import Assignment

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]

LEAST_NOISE = 1e-12
"""Lower noise variances are raised to it, so that no symbol's energy is 0."""


@dataclass(frozen=True)
class Plan:
    """What both ends choose from, by what both know; so nothing is sent of the choice.

    assignments: from the least energy to the least distortion.
    spreads: whether energy that no bit needs is sent all the same.
    """

    assignments: Sequence[Assignment]
    channel_uses: int
    spreads: bool

    def chosen(self, noise_variances: Reals) -> tuple[Numbers, Reals]:
        """For frames of these noise variances, (F,), the assignment of least distortion whose
        energy they have, or the first one where they have too little for any; and the energy of a
        symbol that needs an Es/N0 of 1.
        """
        noise = np.maximum(noise_variances, LEAST_NOISE)
        energies = np.array([each.energy for each in self.assignments])
        numbers = np.searchsorted(energies, self.channel_uses / noise, side="right") - 1
        numbers = np.maximum(numbers, 0)
        units = self.channel_uses / energies[numbers]
        return numbers, units if self.spreads else np.minimum(units, noise)
