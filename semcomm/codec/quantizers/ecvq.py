"""Entropy-constrained vector quantization: a codeword's bits count besides its distance."""

from typing import Any, ClassVar

from semcomm.codec.quantizers.codebook import TrainedQuantizer


class Ecvq(TrainedQuantizer):
    """Criterion (3) of the paper, whose rate weight is nu; its loss (5) trains it."""

    default_rate_weight: ClassVar[float] = 1 / 16

    @staticmethod
    def costs(bits: Any, rate_weight: float) -> Any:
        return rate_weight * bits
