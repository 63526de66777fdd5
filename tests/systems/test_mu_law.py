"""Scalar quantization by a mu-law: the law itself, real bits, lost and cut frames, and settings."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.data.choice import DataChoice
from semcomm.errors import CodecError, FramingError, ScenarioError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.measures.csi import nmse
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import find_system, load_channel
from semcomm.scenario.scenario import read_scenario
from semcomm.systems.mu_law import MISSING, MuLaw, bits_of, codes_of
from semcomm.terms import Terms

RAW = Framing.raw()


@pytest.fixture(scope="module")
def matrices() -> list[NDArray[np.float32]]:
    return DataChoice(csi="sample").open().load(0, 32)


def sent_and_received(
    codec: MuLaw, matrices: list[NDArray[np.float32]], framing: Framing = RAW
) -> tuple[Any, Any]:
    transmitter = codec.transmitter(Terms(), framing)
    sent = transmitter.packetize(transmitter.encode(matrices))
    receiver = codec.receiver(Terms(), framing, "drop")
    return sent, receiver.reconstruct(receiver.depacketize(Reception.of(sent.signal)))


def test_the_law_is_that_of_g_711() -> None:
    """ITU-T G.711 in its continuous form: of peak 1 and mu = 255, F(0.5) is 0.8757."""
    codec = MuLaw("mu-law", bits=12, peak=1.0)
    codes = codec.quantize(np.array([0.5, -0.5, 0.0, 1.0, -1.0, 2.0], np.float32))
    half = int((0.8757 + 1) / 2 * 4096)
    assert codes.tolist()[:2] == [pytest.approx(half, abs=1), pytest.approx(4095 - half, abs=1)]
    assert codes.tolist()[2:] == [2048, 4095, 0, 4095]


@given(st.integers(1, 12), st.floats(0.1, 1.0), st.floats(1.0, 1e4), st.integers(0, 2**32 - 1))
def test_values_come_back_within_their_interval(
    bits: int, peak: float, mu: float, seed: int
) -> None:
    codec = MuLaw("mu-law", bits=bits, peak=peak, mu=mu)
    values = np.random.default_rng(seed).uniform(-peak, peak, 100).astype(np.float32)
    codes = codec.quantize(values)
    assert codes.max() < 1 << bits
    middles = codec.dequantize(codes)
    assert np.array_equal(codec.quantize(middles), codes)
    compressed, middle = (
        np.log1p(mu * np.abs(part) / peak) / np.log1p(mu) for part in (values, middles)
    )
    assert np.abs(compressed - middle).max() <= 2**-bits + 1e-6


@given(st.integers(1, 12), st.lists(st.integers(0, 4095), max_size=50))
def test_codes_come_back_from_their_bits(bits: int, numbers: list[int]) -> None:
    codes = np.array(numbers, np.uint16) % (1 << bits)
    assert np.array_equal(codes_of(bits_of(codes, bits), bits), codes)
    assert bits_of(codes, bits).size == bits * codes.size


def test_bits_are_those_of_the_rows_that_are_sent(matrices: list[NDArray[np.float32]]) -> None:
    codec = MuLaw("mu-law", bits=2, first_delay=5, delays=4)
    sent, received = sent_and_received(codec, matrices)
    assert sent.signal.lengths.tolist() == sent.payload_bits.tolist() == [2 * 4 * 32 * 2] * 32
    others = np.ones(32, np.bool_)
    others[5:9] = False
    assert not np.stack(received.samples)[:, others].any() and not received.damaged.any()


def test_more_bits_and_rows_are_nearer(matrices: list[NDArray[np.float32]]) -> None:
    errors = [
        nmse(matrices, sent_and_received(codec, matrices)[1].samples).mean()
        for codec in (
            MuLaw("mu-law", bits=2, first_delay=6, delays=1),
            MuLaw("mu-law", bits=4, first_delay=6, delays=1),
            MuLaw("mu-law", bits=4, first_delay=5, delays=8),
            MuLaw("mu-law", bits=12, peak=1.0),
        )
    ]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 1e-4


def test_a_frame_whose_crc_fails_becomes_zeros_or_is_kept(
    matrices: list[NDArray[np.float32]],
) -> None:
    codec, framing = MuLaw("mu-law"), Framing(crc=16)
    sent, whole = sent_and_received(codec, matrices, framing)
    flipped = sent.signal.bits.copy()
    flipped[sent.signal.starts[3] + 100] ^= 1
    reception = Reception.of(sent.signal.with_bits(flipped))
    for policy, is_zero in (("drop", True), ("keep", False), ("conceal", False)):
        receiver = codec.receiver(Terms(), framing, policy)
        received = receiver.reconstruct(receiver.depacketize(reception))
        assert received.damaged.tolist() == [number == 3 for number in range(32)]
        assert (not received.samples[3].any()) == is_zero
        assert np.array_equal(received.samples[4], whole.samples[4])


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_whatever_arrives_becomes_a_matrix(length: int, seed: int) -> None:
    bits = np.random.default_rng(seed).integers(0, 2, length, dtype=np.uint8)
    for framing in (RAW, Framing()):
        codec = MuLaw("mu-law", bits=3, delays=1)
        receiver = codec.receiver(Terms(), framing, "keep")
        arrived = receiver.depacketize(Reception.of(Frames(bits, np.array([length]))))
        assert arrived.encoded["codes"][0].size and arrived.damaged.tolist() == [True]
        (matrix,) = receiver.reconstruct(arrived).samples
        assert matrix.shape[2] == 2 and np.isfinite(matrix).all()


def test_parts_that_did_not_arrive_are_zeros() -> None:
    codec = MuLaw("mu-law", bits=3, delays=1)
    receiver = codec.receiver(Terms(), RAW, "keep")
    bits = np.ones(9, np.uint8)  # three whole codes of 64
    arrived = receiver.depacketize(Reception.of(Frames(bits, np.array([9]))))
    assert arrived.encoded["codes"][0].ravel().tolist() == [7, 7, 7] + [MISSING] * 61
    (matrix,) = receiver.reconstruct(arrived).samples
    assert np.count_nonzero(matrix) == 3


def test_rows_that_no_matrix_has_and_several_slices_are_refused(
    matrices: list[NDArray[np.float32]],
) -> None:
    with pytest.raises(CodecError, match="first_delay is 32; a channel matrix has 32 delays"):
        MuLaw("mu-law", first_delay=32).transmitter(Terms(), RAW).encode(matrices)
    with pytest.raises(FramingError, match="slices is 2"):
        MuLaw("mu-law").transmitter(Terms(), Framing(slices=2))


@pytest.mark.parametrize(
    ("codec", "mistake"),
    [
        ({"first_delay": 31, "bits": 1, "delays": 2}, ""),  # 2 x 32 x 1 bits of one row
        ({"first_delay": 32}, "scenario: codec.first_delay is 32; a channel matrix has 32 delays"),
        ({"bits": 1, "delays": 3}, ""),  # 192 bits, a CRC of 16 and one of filling are 209
        ({"bits": 2, "delays": 2}, "a frame has 209 bits, and a matrix takes 272 and at least one"),
    ],
)
def test_what_no_matrix_of_the_agreed_size_allows_is_a_mistake(
    codec: dict[str, int], mistake: str
) -> None:
    sections = {
        "codec": {"model": "mu-law"} | codec,
        "data": {"csi": "sample"},
        "framing": {"header": False, "crc": 16},
        "link": {"channel_uses": 209},
    }
    if not mistake:
        assert simulate(read_scenario(sections | {"images": 4})).summary["unfit"] == 0
        return
    with pytest.raises(ScenarioError, match=mistake):
        read_scenario(sections)


def test_a_scenario_names_it(tmp_path: Any) -> None:
    assert find_system("mu-law") is MuLaw
    made = read_scenario(
        {"name": "a", "codec": {"model": "mu-law", "bits": 2}, "data": {"csi": "sample"}}
    )
    assert made.codec == MuLaw("mu-law", bits=2) and made.measures == ("nmse", "cosine")
    assert made.channel == load_channel("error_free")
