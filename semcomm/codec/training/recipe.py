"""The settings of a training: every choice that shapes a codec; defaults are the baseline's."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le, doc

from semcomm.choices import TrainedQuantizerName
from semcomm.codec.quantizers import TRAINED
from semcomm.codec.training.bit_flips import BitFlips
from semcomm.codec.training.schedule import Schedule

LEVEL_BALANCE = 0.45
"""Levels' losses count in proportion to their rate weights to the power of minus this. Distortion
falls about as the square root of the rate weight, and without a balance the gradients of fine
levels would be lost among those of coarse ones.
"""


@dataclass(frozen=True)
class Recipe(Schedule):
    """Section IV of the paper, and what it leaves open (docs/decisions/0003-training.md)."""

    quantizer: Annotated[
        TrainedQuantizerName, doc("`vq` chooses the nearest codeword; `ecvq` counts its bits, too")
    ] = "ecvq"
    rate_weight: Annotated[
        Annotated[float, Ge(0.0), Le(1e6)] | None,
        doc(
            "the paper's nu, the squared latent distance that one bit costs; by default 1/16, "
            "and 0 for `vq`"
        ),
    ] = None
    finest_rate_weight: Annotated[
        Annotated[float, Gt(0.0), Le(1e6)] | None,
        doc(
            "with several levels, the lowest of their rate weights, which begin at "
            "`rate_weight` and have equal ratios"
        ),
    ] = None
    levels: Annotated[
        int,
        Ge(1),
        Le(64),
        doc(
            "number of rates of the codec, whose networks share their kernels; each level "
            "trains on its share of every batch"
        ),
    ] = 1
    level_groups: Annotated[
        tuple[Annotated[int, Ge(1)], ...] | None,
        doc(
            "with several levels, how many sub-vectors per position each of them uses, the first "
            "ones; by default all"
        ),
    ] = None
    commitment_weight: Annotated[float, Ge(0.0), Le(1e6), doc("the paper's beta")] = 0.25
    rate_ramp: Annotated[
        Annotated[float, Ge(0.0), Le(1.0)] | None,
        doc(
            "share of the training over which rate weights rise from 0 to their values; by default "
            "0.3, and 0 with a `start`, whose rates are there already"
        ),
    ] = None
    logit_learning_rate: Annotated[
        float, Gt(0.0), Le(10.0), doc("as `learning_rate`, for the codewords' logits")
    ] = 1e-2
    reseed_until: Annotated[
        float,
        Ge(0.0),
        Le(1.0),
        doc(
            "share of the training after which unused codewords are left alone; with a `channel` "
            "they always are, as they learn from bits that flip"
        ),
    ] = 0.75

    start: Annotated[
        str | None,
        doc(
            "a codec whose networks, codebooks and probabilities the training starts from: a "
            "shipped one's name or the path of its `.safetensors` file; geometry and levels are "
            "the same, and its context model stays. By default weights are random."
        ),
    ] = None

    channel: Annotated[
        BitFlips | None,
        doc(
            "a binary symmetric channel that flips bits of indices in training, so that codewords "
            "and decoder are learned from what arrives; it takes `vq`, whose indices have a fixed "
            "length, and as many codewords as a power of two"
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.channel and self.quantizer != "vq":
            raise ValueError(
                f"quantizer is {self.quantizer}; with a channel, which flips bits of fixed-length "
                "indices, it takes `vq`"
            )
        if self.rate_weight and not TRAINED[self.quantizer].default_rate_weight:
            raise ValueError(
                f"rate_weight is {self.rate_weight}; {self.quantizer} takes 0, or set quantizer "
                "to `ecvq`"
            )
        if self.levels > 1 and not (self.rate_weight and self.finest_rate_weight):
            raise ValueError(
                f"levels is {self.levels}; several levels need a rate_weight and a "
                "finest_rate_weight, both above 0"
            )
        if self.levels == 1 and self.finest_rate_weight:
            raise ValueError(
                f"finest_rate_weight is {self.finest_rate_weight}; it needs several levels, not 1"
            )
        if self.level_groups and len(self.level_groups) != self.levels:
            raise ValueError(
                f"level_groups has {len(self.level_groups)} numbers; it takes one per level, of "
                f"which there are {self.levels}"
            )
        if self.levels > self.batch_size:
            raise ValueError(
                f"levels is {self.levels}; each needs an image of every batch, which has "
                f"{self.batch_size}"
            )

    @property
    def rate_weights(self) -> list[float]:
        """The rate weight of each level, the highest first."""
        if self.rate_weight and self.finest_rate_weight:
            weights = np.geomspace(self.rate_weight, self.finest_rate_weight, self.levels)
            return [float(weight) for weight in weights]
        default = TRAINED[self.quantizer].default_rate_weight
        return [default if self.rate_weight is None else self.rate_weight]

    @property
    def level_weights(self) -> list[float]:
        """What each level's loss counts in the loss of a batch; their sum is 1."""
        weights = np.array(self.rate_weights)
        shares = weights**-LEVEL_BALANCE if self.levels > 1 else np.ones(1)
        return [float(share) for share in shares / shares.sum()]

    def rate_weights_at(self, progress: float) -> list[float]:
        """The rate weights after a share `progress` (0 to 1) of the training."""
        default = 0.0 if self.start else 0.3
        ramp = default if self.rate_ramp is None else self.rate_ramp
        risen = min(1.0, progress / ramp if ramp else 1.0)
        return [weight * risen for weight in self.rate_weights]
