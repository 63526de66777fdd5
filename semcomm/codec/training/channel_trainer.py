"""What trainings of both networks through a channel share."""

import math

import torch

from semcomm.codec.training.epochs import CodecTrainer, QualityProgress
from semcomm.codec.training.images import key_of
from semcomm.modalities.rgb8 import psnr_db


class ChannelTrainer(CodecTrainer["SquaresTally"]):
    """Trains through a channel whose noise is new in each step.

    A step returns the squared error per image, pixels being from 0 to 1, which an epoch reports.
    """

    def _start_epoch(self) -> "SquaresTally":
        self._noise = torch.Generator().manual_seed(key_of(self.seed, "channel", self.epoch))
        return SquaresTally()

    def _progress(self, tally: "SquaresTally", steps: int) -> QualityProgress:
        loss = tally.squares / tally.steps
        return QualityProgress(
            epoch=self.epoch,
            images=tally.steps * self.batch_size,
            of_images=steps * self.batch_size,
            loss=loss,
            quality_db=psnr_db(loss, math.prod(self.grid)),
            held_out=self.measured,
        )


class SquaresTally:
    """Sums over an epoch."""

    def __init__(self) -> None:
        self.steps, self.squares = 0, 0.0

    def add(self, squares: float) -> None:
        self.steps += 1
        self.squares += squares
