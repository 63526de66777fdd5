"""The settings of the training of an ESC codec."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le, Lt, doc

from semcomm.codec.training.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class EscRecipe(Schedule):
    """Codebooks, and what energy costs each."""

    codebooks: Annotated[int, Ge(1), Le(16), doc("V; with 1 it is ESC-SVQ")] = 1
    energy_weight: Annotated[
        float,
        Gt(0.0),
        Le(1e3),
        doc(
            "squared error of an image, values of pixels being from 0 to 1, that a symbol of one "
            "bit with an Es/N0 of 1 costs the most noise-proof codebook; the higher it is, the "
            "more bits flip"
        ),
    ] = 0.04
    finest_energy_weight: Annotated[
        Annotated[float, Gt(0.0), Le(1e3)] | None,
        doc("with several codebooks, that of the last; those between have equal ratios"),
    ] = None
    mixed: Annotated[
        float,
        Ge(0.0),
        Le(1.0),
        doc(
            "share of the images whose sub-vectors are of two codebooks that are drawn for each "
            "image, with a share of each that is drawn as well; the others have one codebook"
        ),
    ] = 0.5
    temperature: Annotated[
        float, Gt(0.0), Le(10.0), doc("of relaxed flips; the lower it is, the nearer to true ones")
    ] = 0.5
    crossover_learning_rate: Annotated[
        float, Gt(0.0), Le(10.0), doc("as `learning_rate`, for the flip probabilities' logits")
    ] = 1e-2
    crossover_start: Annotated[
        float,
        Ge(0.0),
        Lt(1.0),
        doc(
            "share of the training after which flip probabilities are trained; before it, "
            "codebooks that fit nothing yet would make every flip look cheap"
        ),
    ] = 0.1
    commitment_weight: Annotated[float, Ge(0.0), Le(1e6), doc("the paper's beta")] = 1.0

    def __post_init__(self) -> None:
        if (self.codebooks > 1) != (self.finest_energy_weight is not None):
            raise ValueError(
                f"codebooks is {self.codebooks} and finest_energy_weight "
                f"{self.finest_energy_weight}; several codebooks need one, and one takes none"
            )
        if self.codebooks > self.batch_size:
            raise ValueError(
                f"codebooks is {self.codebooks}; each needs an image of every batch, which has "
                f"{self.batch_size}"
            )

    @property
    def energy_weights(self) -> list[float]:
        """That of each codebook, (V,)."""
        finest = self.finest_energy_weight or self.energy_weight
        weights = np.geomspace(self.energy_weight, finest, self.codebooks)
        return [float(weight) for weight in weights]
