"""What every training of networks has: its length, batches, learning rates and arithmetic."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MultipleOf, Unit, doc

from semcomm.choices import Device, DType
from semcomm.validation import Validated


@dataclass(frozen=True, kw_only=True)
class Schedule(Validated):
    """Epochs of an optimizer, with learning rates that follow half a cosine to 0."""

    epochs: Annotated[int, Ge(1), Le(100_000), doc("passes over all images")] = 128
    batch_size: Annotated[
        int, Ge(1), Le(65536), Unit("images"), doc("per step of the optimizer")
    ] = 64
    learning_rate: Annotated[
        float, Gt(0.0), Le(1.0), doc("of Adam, at the start of a cosine that ends at 0")
    ] = 1e-3
    kernel_learning_rate: Annotated[
        Annotated[float, Gt(0.0), Le(1.0)] | None,
        doc("the same of Muon, for the kernels of convolutions; by default Adam trains them, too"),
    ] = None
    warm_up_steps: Annotated[
        int,
        Ge(0),
        Le(1_000_000),
        Unit("steps"),
        doc("at the start, while all learning rates rise to their values"),
    ] = 0
    crop: Annotated[
        Annotated[int, Ge(4), Le(4096), MultipleOf(4)] | None,
        Unit("pixels"),
        doc(
            "height and width of random crops that it is trained on in place of whole images, "
            "which then may have any sizes; an epoch has as many of an image as have its pixels "
            "together, at most 64"
        ),
    ] = None
    device: Annotated[
        Device, doc("where the training runs; `auto` takes CUDA, else MPS, else the CPU")
    ] = "auto"
    dtype: Annotated[
        DType | Literal["auto"],
        doc(
            "of the networks' arithmetic; `auto` takes bfloat16 where the device has instructions "
            "for it, else float32. Weights and losses are always float32."
        ),
    ] = "auto"

    def learning_rate_at(self, step: int, progress: float) -> float:
        """The factor on the learning rates at a step of the optimizers, after a share of the
        training.

        It rises in equal steps to 1, then follows half a cosine down to 0.

        step: counted from 0.
        """
        rise = min(1.0, (step + 1) / (self.warm_up_steps + 1))
        return rise * (1 + math.cos(math.pi * progress)) / 2
