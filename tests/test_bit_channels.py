"""The bit-level channels against their theory.

Each family of checks holds with 99.9 % for right channels whatever the seeds, which are fixed; the
intervals come from the variance between independent frames, blocks or bursts.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chisquare, geom, norm

from semcomm.channel import BitChannel
from semcomm.errors import ScenarioError
from semcomm.frames import Frames, Reception
from semcomm.scenario.plugins import load_channel

FAMILY_ERROR = 1e-3
WRONG = 0.9

Flags = NDArray[np.bool_]


def ones(count: int, length: int) -> Frames:
    return Frames(np.ones(count * length, np.uint8), np.full(count, length, np.int64))


def through(channel: BitChannel, frames: Frames, seed: int = 0) -> Reception:
    return channel.transmit(frames, np.random.default_rng(seed))


def wrong_bits(channel: BitChannel, count: int, length: int) -> Flags:
    """(count, length), which bits of that many frames arrive wrong or, as they are ones, erased."""
    return through(channel, ones(count, length)).frames.bits.reshape(count, length) == 0


def lost(channel: BitChannel, blocks: int, count: int) -> Flags:
    """(blocks, count), which frames of that many blocks do not arrive."""
    frames, rng = ones(count, 1), np.random.default_rng(0)
    return np.array([channel.transmit(frames, rng).frames.lengths == 0 for _ in range(blocks)])


def has_mean(samples: NDArray[np.float64], mean: float, family: int) -> bool:
    """Whether the interval for the mean of independent samples, one of a family, holds this one."""
    deviations = norm.isf(FAMILY_ERROR / family / 2)
    return bool(
        abs(samples.mean() - mean) <= deviations * samples.std(ddof=1) / np.sqrt(samples.size)
    )


class Rate(NamedTuple):
    """units: independent frames of `size` bits or, where frames are lost, blocks of `size` frames.

    scaled: the parameters that the rate is proportional to.
    """

    channel: str
    parameters: dict[str, float]
    scaled: tuple[str, ...]
    units: int
    size: int
    rate: float

    def measured(self, scale: float = 1.0) -> NDArray[np.float64]:
        changed = {name: self.parameters[name] * scale for name in self.scaled}
        channel = load_channel(self.channel, **self.parameters | changed)
        damage = lost if self.channel == "packet_erasure" else wrong_bits
        return damage(channel, self.units, self.size).mean(axis=1)


def bursty_bits(
    bad_share: float, burst_bits: float, bad_crossover: float, good_crossover: float
) -> dict[str, float]:
    return {
        "bad_share": bad_share,
        "burst_bits": burst_bits,
        "bad_crossover": bad_crossover,
        "good_crossover": good_crossover,
    }


CROSSOVERS = ("bad_crossover", "good_crossover")
RATES = [
    Rate("binary_symmetric", {"crossover": 1e-3}, ("crossover",), 2000, 6000, 1e-3),
    Rate("binary_symmetric", {"crossover": 0.1}, ("crossover",), 2000, 500, 0.1),
    Rate("binary_erasure", {"erasure": 0.01}, ("erasure",), 2000, 1000, 0.01),
    Rate("binary_erasure", {"erasure": 0.6}, ("erasure",), 2000, 500, 0.6),
    Rate("gilbert_elliott", bursty_bits(0.1, 20, 0.5, 0), CROSSOVERS, 2000, 1000, 0.05),
    Rate(
        "gilbert_elliott",
        bursty_bits(0.3, 5, 0.2, 0.01),
        CROSSOVERS,
        2000,
        1000,
        0.3 * 0.2 + 0.7 * 0.01,
    ),
    Rate("gilbert_elliott", bursty_bits(0.6, 1.6, 1, 0.5), CROSSOVERS, 2000, 500, 0.6 + 0.4 * 0.5),
    # A frame's first bit: the chain starts stationary.
    Rate("gilbert_elliott", bursty_bits(0.6, 100, 1, 0), CROSSOVERS, 20_000, 1, 0.6),
    Rate("packet_erasure", {"loss": 0.05}, ("loss",), 4000, 60, 0.05),
    Rate("packet_erasure", {"loss": 0.2, "burst_frames": 3}, ("loss",), 3000, 50, 0.2),
    Rate("packet_erasure", {"loss": 0.6, "burst_frames": 1.5}, ("loss",), 2000, 30, 0.6),
    # A block's first frame.
    Rate("packet_erasure", {"loss": 0.6, "burst_frames": 50}, ("loss",), 20_000, 1, 0.6),
]


@pytest.mark.parametrize("case", RATES, ids=lambda case: f"{case.channel}-{case.parameters}")
def test_error_and_loss_rates_are_the_stationary_ones(
    case: Rate,
) -> None:
    """A rate that is off by a tenth would be detected."""
    rates = case.measured()
    assert rates.size >= 1000 and round(rates.sum() * case.size) >= 10_000
    assert has_mean(rates, case.rate, len(RATES))
    assert not has_mean(case.measured(WRONG), case.rate, len(RATES))


INDEPENDENT = [
    ("binary_symmetric", {"crossover": 0.1}, 0.1),
    ("binary_erasure", {"erasure": 0.3}, 0.3),
]
BAD_BITS = [(0.2, 10), (0.5, 100), (0.6, 1.6), (0.2, 1.25)]
LAGS = [1, 2, 5, 20]


def covariances(flags: Flags, lag: int, rate: float) -> NDArray[np.float64]:
    """Each frame's, of its flags with those `lag` later; unbiased, as the true mean is known."""
    return np.mean((flags[:, lag:] - rate) * (flags[:, :-lag] - rate), axis=1)


@pytest.mark.parametrize(("bad_share", "burst_bits"), BAD_BITS)
def test_bit_states_are_correlated_as_in_the_markov_chain(
    bad_share: float, burst_bits: float
) -> None:
    begins, ends = bad_share / (1 - bad_share) / burst_bits, 1 / burst_bits
    bad = wrong_bits(
        load_channel("gilbert_elliott", **bursty_bits(bad_share, burst_bits, 1, 0)), 2000, 500
    )
    for lag in LAGS:
        expected = bad_share * (1 - bad_share) * (1 - begins - ends) ** lag
        assert has_mean(covariances(bad, lag, bad_share), expected, len(BAD_BITS) * len(LAGS))


def test_correlation_detects_bursts_a_tenth_too_short() -> None:
    bad = wrong_bits(
        load_channel("gilbert_elliott", **bursty_bits(0.2, 10 * WRONG, 1, 0)), 2000, 500
    )
    expected = 0.2 * 0.8 * (1 - 0.1 - 0.025) ** 5
    assert not has_mean(covariances(bad, 5, 0.2), expected, len(BAD_BITS) * len(LAGS))


@pytest.mark.parametrize(("name", "parameters", "rate"), INDEPENDENT)
def test_a_memoryless_channel_treats_bits_independently(
    name: str, parameters: dict[str, float], rate: float
) -> None:
    wrong = wrong_bits(load_channel(name, **parameters), 2000, 500)
    for lag in LAGS:
        assert has_mean(covariances(wrong, lag, rate), 0.0, len(INDEPENDENT) * len(LAGS))


def test_states_are_independent_between_frames() -> None:
    bad = wrong_bits(load_channel("gilbert_elliott", **bursty_bits(0.5, 1e6, 1, 0)), 20_000, 2)
    assert has_mean((bad[:-1, 1] - 0.5) * (bad[1:, 0] - 0.5), 0.0, 1)


def run_lengths(flags: Flags) -> NDArray[np.int64]:
    """Of each run of true flags."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return edges[1::2] - edges[::2]


def are_geometric(lengths: NDArray[np.int64], mean: float, family: int) -> bool:
    """Whether a chi-square test over deciles, one of a family, finds geometric lengths of this
    mean.
    """
    edges = np.unique(geom.ppf(np.arange(0.1, 0.95, 0.1), 1 / mean))
    counts = np.bincount(np.searchsorted(edges, lengths), minlength=edges.size + 1)
    shares = np.diff(geom.cdf(edges, 1 / mean), prepend=0.0, append=1.0)
    return bool(chisquare(counts, shares * lengths.size).pvalue > FAMILY_ERROR / family)


CHAINS = [
    ("gilbert_elliott", 0.1, 20.0),
    ("gilbert_elliott", 0.4, 2.5),
    ("packet_erasure", 0.2, 3.0),
    ("packet_erasure", 0.1, 8.0),
]


def chain(name: str, share: float, burst: float) -> Flags:
    """Bad bits of one long frame, or lost frames of one long block."""
    if name == "packet_erasure":
        return lost(load_channel(name, loss=share, burst_frames=burst), 1, 500_000)[0]
    return wrong_bits(load_channel(name, **bursty_bits(share, burst, 1, 0)), 1, 2_000_000)[0]


@pytest.mark.parametrize(("name", "share", "burst"), CHAINS)
def test_bursts_and_gaps_have_geometric_lengths(name: str, share: float, burst: float) -> None:
    bad = chain(name, share, burst)
    assert are_geometric(run_lengths(bad), burst, 2 * len(CHAINS))
    assert are_geometric(run_lengths(~bad), burst * (1 - share) / share, 2 * len(CHAINS))
    assert has_mean(run_lengths(bad), burst, len(CHAINS))


@pytest.mark.parametrize(("name", "share", "burst"), CHAINS)
def test_lengths_detect_bursts_a_tenth_too_short(name: str, share: float, burst: float) -> None:
    lengths = run_lengths(chain(name, share, burst * WRONG))
    assert not are_geometric(lengths, burst, 2 * len(CHAINS))
    assert not has_mean(lengths, burst, len(CHAINS))


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.75])
def test_independent_losses_have_bursts_of_chance_length(loss: float) -> None:
    independent = lost(load_channel("packet_erasure", loss=loss), 1, 10_000)
    bursts = lost(load_channel("packet_erasure", loss=loss, burst_frames=1 / (1 - loss)), 1, 10_000)
    assert np.array_equal(independent, bursts)


BURSTY = load_channel("gilbert_elliott", **bursty_bits(0.4, 3, 0.7, 0.1))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8), st.integers(0, 100))
def test_bursts_are_independent_of_frame_lengths(lengths: list[tuple[int, int]], seed: int) -> None:
    one, other = (
        through(
            BURSTY, Frames.join([np.ones(pair[side], np.uint8) for pair in lengths]), seed
        ).frames.split()
        for side in (0, 1)
    )
    for first, second in zip(one, other, strict=True):
        shorter = min(first.size, second.size)
        assert first[:shorter].tolist() == second[:shorter].tolist()


bit_frames = st.lists(st.lists(st.integers(0, 1), max_size=30), max_size=8).map(
    lambda frames: Frames.join([np.array(bits, np.uint8) for bits in frames])
)
probabilities = st.sampled_from([0.0, 0.3, 0.9, 1.0])


@given(bit_frames, probabilities, st.integers(0, 100))
def test_llrs_of_bits_are_certain_or_0_where_erased(
    frames: Frames, erasure: float, seed: int
) -> None:
    reception = through(load_channel("binary_erasure", erasure=erasure), frames, seed)
    assert reception.llrs is not None and reception.llrs.dtype == np.float32
    arrived = reception.llrs != 0
    assert reception.frames.lengths.tolist() == frames.lengths.tolist()
    assert reception.frames.bits.tolist() == np.where(arrived, frames.bits, 0).tolist()
    assert reception.llrs[arrived].tolist() == np.where(frames.bits, -40.0, 40.0)[arrived].tolist()
    assert erasure > 0 or arrived.all()
    assert erasure < 1 or not arrived.any()


@given(bit_frames, probabilities, st.integers(0, 100))
def test_a_frame_arrives_whole_or_with_no_bits(frames: Frames, loss: float, seed: int) -> None:
    received = through(load_channel("packet_erasure", loss=loss), frames, seed).frames
    for sent, arrived in zip(frames.split(), received.split(), strict=True):
        assert arrived.tolist() in (
            sent.tolist() if loss < 1 else [],
            [] if loss > 0 else sent.tolist(),
        )


SHIPPED: dict[str, dict[str, float]] = {
    "binary_symmetric": {"crossover": 0.3},
    "binary_erasure": {"erasure": 0.3},
    "gilbert_elliott": bursty_bits(0.4, 5, 0.5, 0.1),
    "packet_erasure": {"loss": 0.4, "burst_frames": 2},
}


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("lengths", [(), (0,), (3, 0, 7), (1,) * 500])
def test_read_only_frames_pass_and_draws_are_reproducible(name: str, lengths: list[int]) -> None:
    frames = Frames.join([np.ones(length, np.uint8) for length in lengths])
    frames.bits.flags.writeable = frames.lengths.flags.writeable = False
    first, again = (through(load_channel(name, **SHIPPED[name]), frames) for _ in range(2))
    assert np.array_equal(first.frames.bits, again.frames.bits)
    assert np.array_equal(first.frames.lengths, again.frames.lengths)
    arrives = first.frames.lengths > 0 if name == "packet_erasure" else True
    assert np.array_equal(first.frames.lengths, frames.lengths * arrives)


@pytest.mark.parametrize("parameters", [bursty_bits(0, 5, 1, 0), bursty_bits(0.5, 5, 0, 0)])
def test_bits_arrive_where_bursts_are_absent_or_harmless(
    parameters: dict[str, float],
) -> None:
    assert not wrong_bits(load_channel("gilbert_elliott", **parameters), 100, 100).any()


@pytest.mark.parametrize("name", ["gilbert_elliott", "packet_erasure"])
def test_bursts_of_one_bit_at_share_one_half_alternate(name: str) -> None:
    bad = chain(name, 0.5, 1.0)
    assert (bad[1:] != bad[:-1]).all()


def test_loss_0_loses_no_frames_whatever_the_bursts() -> None:
    assert not lost(load_channel("packet_erasure", loss=0, burst_frames=4), 1, 10_000).any()


@pytest.mark.parametrize("burst", [1, 2, 9, 49, 10**9])
@pytest.mark.parametrize(
    ("name", "share"), [("gilbert_elliott", "bad_share"), ("packet_erasure", "loss")]
)
def test_largest_share_leaves_one_good_bit_between_bursts(
    name: str, share: str, burst: int
) -> None:
    burst_length = "burst_bits" if name == "gilbert_elliott" else "burst_frames"
    parameters, most = SHIPPED[name] | {burst_length: burst}, burst / (1 + burst)
    channel = load_channel(name, **parameters | {share: most})
    assert len(through(channel, ones(3, 2)).frames) == 3
    with pytest.raises(ScenarioError, match=f"channel: {share} is "):
        load_channel(name, **parameters | {share: np.nextafter(most, 1)})


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "binary_erasure",
            {"erasure": 1.01},
            "channel.erasure is 1.01; it takes a number from 0 to 1",
        ),
        (
            "binary_erasure",
            {"erasure": -0.1},
            "channel.erasure is -0.1; it takes a number from 0 to 1",
        ),
        (
            "gilbert_elliott",
            {"bad_share": 1.0},
            "channel.bad_share is 1.0; it takes a number of at least 0 and below",
        ),
        (
            "gilbert_elliott",
            {"burst_bits": 0.5},
            "channel.burst_bits is 0.5; it takes a number from 1 to",
        ),
        (
            "gilbert_elliott",
            {"bad_crossover": 1.5},
            "channel.bad_crossover is 1.5; it takes a number from 0 to 1",
        ),
        (
            "gilbert_elliott",
            {"good_crossover": 0.6},
            "channel.good_crossover is 0.6; it takes a number from 0 to 0.5",
        ),
        (
            "gilbert_elliott",
            {"bad_share": 0.9, "burst_bits": 4},
            "channel: bad_share is 0.9; bursts of burst_bits 4.0 cover at most 0.8 of all bits",
        ),
        ("packet_erasure", {"loss": 2}, "channel.loss is 2; it takes a number from 0 to 1"),
        (
            "packet_erasure",
            {"burst_frames": 0},
            "channel.burst_frames is 0; it takes a number from 1 to .* or null",
        ),
        (
            "packet_erasure",
            {"loss": 1, "burst_frames": 4},
            "channel: loss is 1.0; with burst_frames 4.0 it is at most 0.8, as at least one "
            "frame arrives between",
        ),
    ],
)
def test_invalid_parameters_are_refused_by_name(
    name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError, match=rf"load_channel\('{name}'\):1:1: {message}"):
        load_channel(name, **SHIPPED[name] | changes)
