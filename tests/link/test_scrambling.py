"""The scrambling sequence against another implementation, and what it is for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from semcomm.counting import frame_errors
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.link.codes import LdpcCode
from semcomm.link.link import Link
from semcomm.link.scrambling import scrambling_sequence
from semcomm.scenario.plugins import load_channel


@given(st.integers(1, 5000), st.integers(1, 2**31 - 1))
@settings(deadline=None, max_examples=20)
def test_the_sequence_is_that_of_sionna(length: int, seed: int) -> None:
    from sionna.phy.nr.utils import generate_prng_seq

    expected = generate_prng_seq(length, seed)
    assert scrambling_sequence(length, seed).tolist() == expected.astype(int).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("zeros", [0, 400])
def test_filled_frames_are_lost_as_rarely_as_random_ones(zeros: int) -> None:
    """Without scrambling, 28 of the 400 frames with 400 zeros each were lost, with it 3."""
    channel = load_channel("awgn", esn0_db=13.0)
    link = Link("64qam", code=LdpcCode("616/1024"), channel_uses=256)
    count, length = 400, link.terms(channel).frame_bits
    assert length == 924
    bits = np.random.default_rng(1).integers(0, 2, (count, length), dtype=np.uint8)
    bits[:, length - zeros :] = 0
    sent = Frames(bits.ravel(), np.full(count, length))
    arrived = link.wrap(channel, Framing().crc_ok).transmit(sent, np.random.default_rng(2)).frames
    assert frame_errors(sent, arrived).sum() <= binom.isf(0.001, count, 0.005)
