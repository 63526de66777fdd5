"""Repairs by hand: one or two flipped bits are corrected, outliers discarded, gaps interpolated."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec, Indices
from semcomm.concealment.repair import _best_cut
from semcomm.data.sample import Sample
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.receiver import Receiver
from semcomm.stages import Arrived, Encoded
from semcomm.transmitter import Transmitter


@pytest.fixture(scope="module")
def codec(shipped_codec: Codec) -> Codec:
    return shipped_codec


@pytest.fixture(scope="module")
def sample(codec: Codec) -> list[Indices]:
    return codec.quantize(codec.encode(Sample().load(0, 64)))


def encoded(grids: list[Indices]) -> Encoded:
    return {"indices": grids, "size": np.full((len(grids), 2), 32)}


def read(
    codec: Codec, framing: Framing, frames: Frames, coder: EntropyCoding = "huffman"
) -> Arrived:
    return Receiver(codec, coder, framing).depacketize(Reception.of(frames))


@pytest.mark.parametrize(
    ("coder", "crc", "flips"),
    [
        # Most of these frames have fewer than 127 bits, where this CRC distinguishes all flips.
        ("huffman", 8, 1),
        *(
            (coder, *check)
            for coder in ("huffman", "fixed_length")
            for check in ((16, 1), (24, 2), (32, 2))
        ),
    ],
)
def test_flipped_bits_are_corrected_at_any_position(
    codec: Codec, sample: list[Indices], coder: EntropyCoding, crc: int, flips: int
) -> None:
    framing = Framing(slices=8, crc=crc)
    sent = Transmitter(codec, coder, framing).packetize(encoded(sample))
    rng = np.random.default_rng(0)
    bits = sent.signal.bits.copy()
    for start, length in zip(sent.signal.starts, sent.signal.lengths, strict=True):
        bits[start + rng.choice(length, flips, replace=False)] ^= 1
    received = read(codec, framing, sent.signal.with_bits(bits), coder)
    assert received.damaged.all()
    right = [
        np.array_equal(*pair) for pair in zip(received.encoded["indices"], sample, strict=True)
    ]
    assert np.mean(right) > 0.97


def test_no_frame_affects_another_image(codec: Codec, sample: list[Indices]) -> None:
    framing = Framing(slices=5, crc=8)
    sent = Transmitter(codec, framing=framing).packetize(encoded(sample))
    rng = np.random.default_rng(1)
    flips = rng.random(sent.signal.bits.size) < 0.02
    parts = sent.signal.with_bits(sent.signal.bits ^ flips).split()
    for lost in rng.choice(len(parts), 30, replace=False):
        parts[lost] = np.empty(0, np.uint8)
    together = read(codec, framing, Frames.join(parts)).encoded["indices"]
    for number in range(64):
        alone = read(codec, framing, Frames.join(parts[5 * number : 5 * number + 5])).encoded[
            "indices"
        ]
        assert np.array_equal(alone[0], together[number])


def test_symbols_after_a_lost_codeword_count_from_the_end(
    codec: Codec, sample: list[Indices]
) -> None:
    """A whole codeword is removed: all decodes, but one position too early behind it."""
    framing = Framing.raw()
    moved, right = [], []
    for grid in sample:
        symbols = grid.ravel()
        ends = np.cumsum(codec.code_lengths[symbols], dtype=np.int64)
        payload = Transmitter(codec, framing=framing).packetize(encoded([grid])).signal.bits
        cut = np.concatenate([payload[: ends[39]], payload[ends[40] :]])
        received = read(codec, framing, Frames.join([cut])).encoded["indices"][0].ravel()
        shortened = np.delete(symbols, 40)
        moved.append(np.mean(np.append(shortened, codec.fill_index) == symbols))
        right.append(np.mean(received == symbols))
    print(
        f"{np.mean(right):.3f} of the symbols are right, of all that decodes {np.mean(moved):.3f}"
    )
    assert np.mean(right) > np.mean(moved) + 0.2


def test_noise_is_discarded(codec: Codec) -> None:
    framing = Framing(header=False, crc=16)
    rng = np.random.default_rng(2)
    frames = Frames.join([rng.integers(0, 2, 600, np.uint8) for _ in range(64)])
    flat = [
        np.mean(grid == codec.fill_index)
        for grid in read(codec, framing, frames).encoded["indices"]
    ]
    assert np.mean(flat) > 0.7


@given(st.integers(1, 7), st.data())
@settings(deadline=None, max_examples=60)
def test_best_cut_is_that_of_an_exhaustive_search(count: int, draw: st.DataObject) -> None:
    values = st.lists(st.floats(-9, 9).map(lambda x: round(x, 3)), min_size=count, max_size=count)
    heads, tails = np.array(draw.draw(values)), np.array(draw.draw(values))
    stop, resume = _best_cut(heads, tails, np.array([count]), 1.0)
    sums = {
        (first, last): heads[:first].sum() + tails[last:].sum()
        for first, last in product(range(count + 1), repeat=2)
        if first <= last
    }
    best = max(sums.values())
    if best <= heads.sum() + 1.0 + 1e-9:
        assert heads.sum() + 1.0 >= best - 1e-9
    chosen = (int(stop[0]), int(resume[0]))
    assert sums[chosen] == pytest.approx(best) or (
        chosen == (count, count) and heads.sum() + 1.0 >= best - 1e-9
    )
