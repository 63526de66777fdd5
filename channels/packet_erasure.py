"""The packet erasure channel: whole frames are lost."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception


@dataclass(frozen=True)
class PacketErasure(BitChannel):
    """Loses each frame with probability `loss`, independently or in bursts; a lost frame arrives
    with no bits.

    Gilbert, Capacity of a burst-noise channel, Bell System Technical Journal 39, 1960; for packets,
    Hasslinger and Hohlfeld, The Gilbert-Elliott model for packet loss in real time services on the
    Internet, MMB 2008.
    """

    loss: Annotated[float, Ge(0.0), Le(1.0), doc("probability that a frame is lost")]
    burst_frames: Annotated[
        Annotated[float, Ge(1.0), Le(1e9), Unit("frames")] | None,
        doc(
            "mean number of frames lost in a row; by default losses are independent, which "
            "gives 1 / (1 - loss). Losses are a Markov chain over the frames of a block: after a "
            "lost frame they end with probability 1 / burst_frames, after a frame that arrived "
            "they begin with probability loss / (1 - loss) / burst_frames. The chain starts anew "
            "with each block, in its stationary distribution."
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.burst_frames and self.loss > self.burst_frames / (1 + self.burst_frames):
            raise ValueError(
                f"loss is {self.loss}; with burst_frames {self.burst_frames} it is at most "
                f"{self.burst_frames / (1 + self.burst_frames)}, as at least one frame arrives "
                "between two bursts"
            )

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        arrives = ~self._lost(rng.random(len(frames)))
        bits = frames.bits[np.repeat(arrives, frames.lengths)]
        return Reception.of(Frames(bits, frames.lengths * arrives))

    def _lost(self, draws: NDArray[np.float64]) -> NDArray[np.bool_]:
        if self.burst_frames is None:
            return draws < self.loss
        begins, lasts = self.loss / (1 - self.loss) / self.burst_frames, 1 - 1 / self.burst_frames
        lost = np.empty(draws.size, np.bool_)
        probability = self.loss
        for frame, draw in enumerate(draws):
            lost[frame] = draw < probability
            probability = lasts if lost[frame] else begins
        return lost
