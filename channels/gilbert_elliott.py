"""The Gilbert-Elliott channel: bit errors that come in bursts."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Lt, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.compiled import compiled
from semcomm.frames import Frames, Reception


@dataclass(frozen=True)
class GilbertElliott(BitChannel):
    """Flips bits with a probability that depends on a state, good or bad, which is a Markov chain
    over the bits.

    The state starts anew with each frame, bad with probability `bad_share`. Each frame has its own
    draws, so its bursts do not depend on its length or on that of other frames.

    Gilbert, Capacity of a burst-noise channel, Bell System Technical Journal 39, 1960;
    Elliott, Estimates of error rates for codes on burst-noise channels, ibid. 42, 1963.
    """

    bad_share: Annotated[float, Ge(0.0), Lt(1.0), doc("share of all bits that meet the bad state")]
    burst_bits: Annotated[
        float,
        Ge(1.0),
        Le(1e9),
        Unit("bits"),
        doc(
            "mean duration of the bad state; it ends after each bit with probability 1 / "
            "burst_bits and begins with probability bad_share / (1 - bad_share) / burst_bits. "
            "With 1 / (1 - bad_share) bits are independent."
        ),
    ]
    bad_crossover: Annotated[
        float,
        Ge(0.0),
        Le(1.0),
        doc("probability of a flip in the bad state"),
    ]
    good_crossover: Annotated[
        float,
        Ge(0.0),
        Le(0.5),
        doc("probability of a flip in the good state; 0 in Gilbert's model"),
    ] = 0.0

    def __post_init__(self) -> None:
        most = self.burst_bits / (1 + self.burst_bits)
        if self.bad_share > most:
            raise ValueError(
                f"bad_share is {self.bad_share}; bursts of burst_bits {self.burst_bits} cover at "
                f"most {most} of all bits, as at least one good bit is between two"
            )

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        seeds = rng.integers(np.iinfo(np.int64).max, size=len(frames))
        flips = [
            self._flips(length, seed) for length, seed in zip(frames.lengths, seeds, strict=True)
        ]
        return Reception.of(frames.with_bits(frames.bits ^ Frames.join(flips).bits))

    def _flips(self, length: int, seed: int) -> NDArray[np.uint8]:
        draws = np.random.default_rng(seed).random((length, 2))
        begins = self.bad_share / (1 - self.bad_share) / self.burst_bits
        bad = _bad_bits(draws[:, 0], self.bad_share, begins, 1 - 1 / self.burst_bits)
        return (draws[:, 1] < np.where(bad, self.bad_crossover, self.good_crossover)).astype(
            np.uint8
        )


@compiled
def _bad_bits(
    draws: NDArray[np.float64], first: float, begins: float, lasts: float
) -> NDArray[np.bool_]:
    """Which bits meet the bad state. Its probability is `first` for the first bit, `begins` after a
    good bit and `lasts` after a bad one.
    """
    bad = np.empty(draws.size, np.bool_)
    probability = first
    for bit in range(draws.size):
        bad[bit] = draws[bit] < probability
        probability = lasts if bad[bit] else begins
    return bad
