"""The interface of both codes: whole symbols, mother codewords, and round trips of payloads."""

from fractions import Fraction

import numpy as np
import pytest
from code_rates import RATES
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.errors import LinkError
from semcomm.frames import Frames
from semcomm.link.codes import (
    MIN_PAYLOAD_BITS,
    Code,
    LdpcCode,
    Rate,
    RepetitionCode,
    encode_all,
    find_code,
)

MORE_RATES = ("948/1024", 0.6426, 0.5)

# A busy machine may take longer for an example than hypothesis allows.
without_deadline = settings(deadline=None, max_examples=40)

every_code = st.one_of(
    st.sampled_from(RATES + MORE_RATES).map(LdpcCode), st.integers(1, 9).map(RepetitionCode)
)
payloads_of_bits = st.lists(st.text("01", max_size=200), min_size=1, max_size=5).map(
    lambda texts: Frames.join([np.array(list(text), np.uint8) for text in texts])
)


@given(every_code, payloads_of_bits, st.sampled_from([1, 2, 4, 6, 8]), st.integers(0, 3))
@without_deadline
def test_encode_rate_match_decode_identity(
    code: Code, payloads: Frames, bits_per_symbol: int, version: int
) -> None:
    """Version 0 and then any other: a later version alone may not contain the payload."""
    codes = [code.of(length) for length in payloads.lengths.tolist()]
    words = encode_all(codes, payloads)
    received = []
    for block_code, word in zip(codes, words.split(), strict=True):
        llrs = np.zeros(word.size, np.float32)
        for sent_version in (0, version):
            sent = block_code.sent_bits(bits_per_symbol)
            assert sent % bits_per_symbol == 0
            places = block_code.rate_match(sent, sent_version, bits_per_symbol)
            assert places.shape == (sent,)
            np.add.at(llrs, places, 5.0 - 10.0 * word[places])
        received.append(llrs)
    decoded = Frames(
        code.decode(codes, np.concatenate(received)),
        np.array([each.payload_bits for each in codes]),
    )
    for payload, bits in zip(decoded.split(), payloads.split(), strict=True):
        assert payload[: bits.size].tolist() == bits.tolist()
        assert not payload[bits.size :].any()


@given(every_code, payloads_of_bits)
@without_deadline
def test_encode_all_equals_encoding_each_payload_alone(code: Code, payloads: Frames) -> None:
    codes = [code.of(length) for length in payloads.lengths.tolist()]
    for block_code, bits, word in zip(
        codes, payloads.split(), encode_all(codes, payloads).split(), strict=True
    ):
        filled = np.concatenate([bits, np.zeros(block_code.payload_bits - bits.size, np.uint8)])
        assert word.tolist() == block_code.encode(filled[None])[0].tolist()


def test_encode_all_of_no_payloads_is_empty() -> None:
    assert len(encode_all([], Frames.join([]))) == 0


@pytest.mark.parametrize("rate", RATES + MORE_RATES)
def test_ldpc_sends_at_its_nominal_rate(rate: Rate) -> None:
    code = LdpcCode(rate)
    assert code.nominal_rate == Fraction(str(rate))
    sent = code.of(6000).sent_bits(4)
    assert sent % 4 == 0
    assert 0 <= sent - 6000 / code.nominal_rate < 4


def test_ldpc_fills_up_short_payloads() -> None:
    assert [LdpcCode().of(length).payload_bits for length in (0, 1, 11, 12, 13)] == [
        MIN_PAYLOAD_BITS
    ] * 4 + [13]


def test_ldpc_decoder_stops_after_its_iterations() -> None:
    """With noise that takes more than one iteration."""
    rng = np.random.default_rng(0)
    payload = rng.integers(0, 2, 500, dtype=np.uint8)
    few, many = LdpcCode("1/2", iterations=1), LdpcCode("1/2", iterations=20)
    block_code = few.of(500)
    word = block_code.encode(payload[None])[0]
    places = block_code.rate_match(block_code.sent_bits())
    llrs = np.zeros(word.size, np.float32)
    llrs[places] = 2 * (1.0 - 2.0 * word[places]) + rng.normal(size=places.size) * 2
    assert many.decode([block_code], llrs).tolist() == payload.tolist()
    assert few.decode([block_code], llrs).tolist() != payload.tolist()


@pytest.mark.parametrize(
    ("times", "length", "bits_per_symbol", "positions"),
    [
        (3, 2, 1, [0, 1] * 3),
        (3, 3, 4, [0, 1, 2] * 4),  # nine bits, and three more to fill the third symbol
        (1, 5, 2, [0, 1, 2, 3, 4, 0]),
        (2, 0, 1, [0, 0]),  # an empty frame sends one meaningless bit
    ],
)
def test_repetition_by_hand(
    times: int, length: int, bits_per_symbol: int, positions: list[int]
) -> None:
    code = RepetitionCode(times)
    block_code = code.of(length)
    sent = block_code.sent_bits(bits_per_symbol)
    assert block_code.rate_match(sent, 0, bits_per_symbol).tolist() == positions
    assert code.nominal_rate == Fraction(1, times)


def test_repetition_decides_by_the_sign_of_the_sum() -> None:
    """And for 0 where the sum is 0."""
    code = RepetitionCode(3)
    assert code.decode([code.of(3)], np.array([-0.5, 0.0, 2.0], np.float32)).tolist() == [1, 0, 0]


def test_find_code_by_name() -> None:
    assert find_code("ldpc") is LdpcCode
    assert find_code("repetition") is RepetitionCode
    with pytest.raises(LinkError, match=r"code turbo is unknown; .* ldpc, repetition"):
        find_code("turbo")
