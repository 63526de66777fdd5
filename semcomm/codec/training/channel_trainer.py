"""What trainings of both networks through a channel share."""

import math

import torch

from semcomm.codec.training.epochs import CodecTrainer, QualityProgress, Sums
from semcomm.codec.training.images import key_of
from semcomm.modalities.rgb8 import psnr_db


class ChannelTrainer(CodecTrainer[Sums]):
    """Trains through a channel whose noise is new in each step.

    A step returns the squared error per image, pixels being from 0 to 1, which an epoch reports.
    """

    def _start_epoch(self) -> Sums:
        self._noise = torch.Generator().manual_seed(key_of(self.seed, "channel", self.epoch))
        return Sums(1)

    def _progress(self, tally: Sums, steps: int) -> QualityProgress:
        (loss,) = tally.means()
        return QualityProgress(
            epoch=self.epoch,
            images=tally.steps * self.batch_size,
            of_images=steps * self.batch_size,
            loss=loss,
            quality_db=psnr_db(loss, math.prod(self.grid)),
            held_out=self.measured,
        )
