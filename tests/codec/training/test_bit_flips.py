"""Flipped bits of indices: how many, of which images, and as the simulation's channel flips them."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from semcomm.codec.training.bit_flips import BitFlips
from semcomm.errors import SettingError
from semcomm.frames import Frames
from semcomm.scenario.plugins import load_channel

IMAGES, EACH, CODEWORDS, BITS = 500, 40, 32, 5


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def flipped(crossover: float | tuple[float, float], seed: int = 0) -> NDArray[np.bool_]:
    """Which bits arrive flipped, (images, indices of each, bits) bool."""
    sent = torch.randint(CODEWORDS, (IMAGES * EACH,), generator=generator(99))
    arrived = BitFlips(crossover).transmit(sent, IMAGES, CODEWORDS, generator(seed))
    assert arrived.dtype == torch.int64 and arrived.min() >= 0 and arrived.max() < CODEWORDS
    changes = (sent ^ arrived).numpy().reshape(IMAGES, EACH, 1)
    flips: NDArray[np.bool_] = (changes >> np.arange(BITS)) & 1 == 1
    return flips


@pytest.mark.parametrize("crossover", [0.003, 0.1, 0.5])
def test_every_bit_flips_as_often_as_the_simulations(crossover: float) -> None:
    flips = flipped(crossover)
    # Counts of independent flips lie in this interval but for one in ten million.
    low, high = stats.binom.interval(1 - 1e-7, IMAGES * EACH, crossover)
    assert np.all((low <= flips.sum(axis=(0, 1))) & (flips.sum(axis=(0, 1)) <= high))
    both = (flips[..., 0] & flips[..., 1]).sum()
    least, most = stats.binom.interval(1 - 1e-7, IMAGES * EACH, crossover**2)
    assert least <= both <= most

    frames = Frames(np.zeros(IMAGES * EACH, np.uint8), np.array([IMAGES * EACH]))
    channel = load_channel("binary_symmetric", crossover=crossover)
    simulated = channel.transmit(frames, np.random.default_rng(0)).frames.bits.sum()
    assert low <= simulated <= high


def test_nothing_flips_at_a_crossover_of_0() -> None:
    assert not flipped(0.0).any()


def test_a_range_gives_each_image_a_crossover_of_its_own() -> None:
    shares = flipped((0.1, 0.3)).mean(axis=(1, 2))
    # The variance of a uniform crossover, and that of 200 flips with it: 0.2^2 / 12 and
    # (0.2 0.8 - 0.2^2 / 12) / 200; of 500 images the estimate is within a quarter of the sum.
    variance = 0.2**2 / 12
    variance += (0.2 * 0.8 - variance) / (EACH * BITS)
    assert shares.mean() == pytest.approx(0.2, abs=5 * np.sqrt(variance / IMAGES))
    assert shares.var() == pytest.approx(variance, rel=0.25)
    assert np.array_equal(flipped((0.1, 0.1)), flipped(0.1))


def test_flips_depend_on_the_generator_alone() -> None:
    assert np.array_equal(flipped(0.1), flipped(0.1))
    assert not np.array_equal(flipped(0.1), flipped(0.1, seed=1))


@pytest.mark.parametrize(
    ("crossover", "message"),
    [
        (0.6, "crossover is 0.6; it takes a number from 0 to 0.5 or a list of 2 numbers"),
        ([0.1], r"crossover is \[0.1\]; it takes"),
        ([0.2, 0.1], r"crossover is \[0.2, 0.1\]; the lower one comes first"),
    ],
)
def test_other_crossovers_are_refused(crossover: object, message: str) -> None:
    with pytest.raises((SettingError, ValueError), match=message):
        BitFlips(crossover)  # type: ignore[arg-type]
