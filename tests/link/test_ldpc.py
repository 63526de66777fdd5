"""LDPC codes against Sionna's, decoding of encoded payloads, and what a noisy link may do to
it.
"""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.errors import LinkError
from semcomm.link.ldpc import Decoded, Ldpc, decode
from semcomm.link.ldpc.base_graph import LIFTING_SETS, LIFTING_SIZES
from semcomm.link.ldpc.check_update import box_plus
from semcomm.link.ldpc.code_block import CodeBlock

Bits = NDArray[np.uint8]
Llrs = NDArray[np.float32]

RATES = [
    Fraction(rate)
    for rate in ("1/5", "1/4", "1/3", "2/5", "1/2", "2/3", "3/4", "5/6", "9/10", "11/12")
]
HALF = Fraction(1, 2)

rates = st.sampled_from(RATES)
# Half of them short, where lifting sizes and fillers vary most; the longest need two code blocks.
lengths = st.one_of(st.integers(12, 700), st.integers(12, 9000))


def random_payloads(frames: int, code: Ldpc, seed: int = 0) -> Bits:
    return np.random.default_rng(seed).integers(0, 2, (frames, code.payload_bits), dtype=np.uint8)


def received(
    code: Ldpc, bits: Bits, positions: NDArray[np.int64], sigma: float = 0.0, seed: int = 0
) -> Llrs:
    """LLRs of mother codewords whose bits at `positions` were sent by BPSK over noise; 8 times the
    sign without.
    """
    values = 1.0 - 2.0 * bits[:, positions]
    if sigma:
        values += sigma * np.random.default_rng(seed).standard_normal(values.shape)
    llrs = np.zeros(bits.shape, np.float32)
    np.add.at(
        llrs, (slice(None), positions), (values * (2 / sigma**2 if sigma else 8)).astype(np.float32)
    )
    return llrs


def sigma_of(code: Ldpc, ebn0_db: float) -> float:
    return float(10 ** (-ebn0_db / 20) / np.sqrt(2 * code.payload_bits / code.sent_bits()))


@cache
def sionna(payload_bits: int, sent_bits: int, bits_per_symbol: int | None = None) -> Any:
    """Its encoder; importing it takes seconds."""
    from sionna.phy.fec.ldpc import LDPC5GEncoder

    return LDPC5GEncoder(payload_bits, sent_bits, num_bits_per_symbol=bits_per_symbol)


def sionna_encode(encoder: Any, payloads: Bits, **arguments: Any) -> Bits:
    import torch

    return np.asarray(
        encoder(torch.from_numpy(payloads.astype(np.float32)), **arguments).numpy()
    ).astype(np.uint8)


def test_importing_it_imports_neither_sionna_nor_torch() -> None:
    program = "import sys, semcomm.link.ldpc; assert not {'torch', 'sionna'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("payload_bits", "rate"),
    [
        (12, "1/5"),
        (35, "11/12"),
        (107, "2/3"),
        (193, "3/4"),
        (291, "11/12"),
        (293, "3/4"),
        (512, "1/2"),
        (561, "1/3"),
        (641, "2/5"),
        (777, "1/5"),
        (1999, "5/6"),
        (3824, "2/3"),
        (3825, "2/5"),
        (8447, "11/12"),
        (900, "948/1024"),
        (1285, "3213/5000"),
    ],
)
def test_sent_bits_are_those_of_sionna(payload_bits: int, rate: str) -> None:
    code = Ldpc(payload_bits, Fraction(rate))
    sent, payloads = code.sent_bits(), random_payloads(3, code)
    theirs = sionna_encode(sionna(payload_bits, sent), payloads, rv=[0, 1, 2, 3])
    mother = code.encode(payloads)
    for version in range(4):
        np.testing.assert_array_equal(mother[:, code.rate_match(sent, version)], theirs[:, version])


@pytest.mark.parametrize("bits_per_symbol", [2, 4, 6])
def test_bits_are_interleaved_for_symbols_as_sionna_does(bits_per_symbol: int) -> None:
    code = Ldpc(301, HALF)
    sent, payloads = code.sent_bits(bits_per_symbol), random_payloads(3, code)
    ours = code.encode(payloads)[:, code.rate_match(sent, bits_per_symbol=bits_per_symbol)]
    np.testing.assert_array_equal(ours, sionna_encode(sionna(301, sent, bits_per_symbol), payloads))


@pytest.mark.parametrize("base_graph", [1, 2])
@pytest.mark.parametrize("lifting", [sizes[3] for sizes in LIFTING_SETS])
def test_mother_codewords_fulfil_every_check_of_sionnas_matrix(
    base_graph: int, lifting: int
) -> None:
    payload_bits = 22 * lifting - 1 if base_graph == 1 else 10 * lifting
    rate = Fraction(3, 4) if base_graph == 1 else Fraction(1, 5)
    code = Ldpc(payload_bits, rate)
    (block,) = code.blocks
    encoder = sionna(payload_bits, code.sent_bits())
    mother = code.encode(random_payloads(2, code)).astype(np.int64)
    fillers = np.zeros((2, encoder.k_filler), np.int64)
    codewords = np.concatenate(
        [mother[:, :payload_bits], fillers, mother[:, payload_bits:]], axis=1
    )
    assert (block.base_graph, block.lifting) == (base_graph, encoder.z)
    assert not (encoder.pcm @ codewords.T % 2).any()


@given(lengths, rates, st.integers(0, 3), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=150)
def test_encode_decode_identity_without_noise(
    length: int, rate: Fraction, version: int, seed: int
) -> None:
    code = Ldpc(length, rate)
    payloads = random_payloads(2, code, seed)
    mother = code.encode(payloads)
    llrs = received(code, mother, code.rate_match(code.sent_bits()))
    llrs += received(code, mother, code.rate_match(length // 3 + 1, version))
    decoded = code.decode(llrs)
    np.testing.assert_array_equal(decoded.payloads, payloads)
    assert decoded.converged.all()


@pytest.mark.parametrize("base_graph", [1, 2])
def test_without_noise_every_lifting_size_is_decoded(base_graph: int) -> None:
    for lifting in LIFTING_SIZES[4:] if base_graph == 1 else LIFTING_SIZES:
        payload_bits = lifting * (22 if base_graph == 1 else 6 if lifting < 32 else 10)
        code = Ldpc(payload_bits, Fraction(5, 6) if base_graph == 1 else Fraction(1, 5))
        payloads = random_payloads(1, code)
        decoded = code.decode(
            received(code, code.encode(payloads), code.rate_match(code.sent_bits()))
        )
        np.testing.assert_array_equal(decoded.payloads, payloads)


@pytest.mark.parametrize("rate", ["9/10", "10/11", "11/12"])
def test_short_payloads_are_decoded_at_high_rates(rate: str) -> None:
    for payload_bits in range(12, 200):
        code = Ldpc(payload_bits, Fraction(rate))
        payloads = random_payloads(1, code)
        decoded = code.decode(
            received(code, code.encode(payloads), code.rate_match(code.sent_bits()))
        )
        np.testing.assert_array_equal(decoded.payloads, payloads)


def test_version_0_skips_two_columns_and_wraps_around() -> None:
    code = Ldpc(
        512, HALF
    )  # 8 columns of Z = 64, then 42 of parity: 3200 bits, of which 128 are never sent
    assert code.mother_bits == 3200
    np.testing.assert_array_equal(code.rate_match(1024), np.arange(128, 1152))
    np.testing.assert_array_equal(code.rate_match(3075)[3070:], [3198, 3199, 128, 129, 130])


@pytest.mark.parametrize(
    ("payload_bits", "rate", "starts"),
    [
        # Base graph 2, Z = 64: columns 13, 25 and 43 of 64 bits behind the two never sent, less two
        # of fillers.
        (512, "1/2", [128, 832, 1600, 2752]),
        # Base graph 1, Z = 32 and four fillers: column 17 is payload, columns 33 and 56 stand
        # behind the fillers.
        (700, "3/4", [64, 64 + 17 * 32, 64 + 33 * 32 - 4, 64 + 56 * 32 - 4]),
    ],
)
def test_other_versions_start_where_the_standard_says(
    payload_bits: int, rate: str, starts: list[int]
) -> None:
    code = Ldpc(payload_bits, Fraction(rate))
    assert [code.rate_match(1, version)[0] for version in range(4)] == starts


def test_no_version_starts_at_a_filler() -> None:
    for base_graph, (columns, most, starts) in {
        1: (22, 8448, (17, 33, 56)),
        2: (10, 3840, (13, 25, 43)),
    }.items():
        for payload_bits in range(293 if base_graph == 1 else 12, most + 1):
            block = CodeBlock(payload_bits, base_graph)
            fillers = range(payload_bits - 2 * block.lifting, (columns - 2) * block.lifting)
            assert not any(start * block.lifting in fillers for start in starts)


@pytest.mark.parametrize(
    ("payload_bits", "rate", "bits_per_symbol", "sent"),
    # 600 / (2/3) = 900; 601 / (2/3) = 901.5; whole symbols of 6 bits: 906 = 151 * 6; too few at
    # 11/12: 24 + 1
    [
        (600, "2/3", 1, 900),
        (601, "2/3", 1, 902),
        (601, "2/3", 6, 906),
        (12, "1/5", 1, 60),
        (22, "11/12", 1, 25),
    ],
)
def test_sent_bits_follow_from_the_rate(
    payload_bits: int, rate: str, bits_per_symbol: int, sent: int
) -> None:
    assert Ldpc(payload_bits, Fraction(rate)).sent_bits(bits_per_symbol) == sent


@pytest.mark.parametrize(
    ("payload_bits", "rate", "sizes", "base_graph"),
    [
        (8448, "1/2", [8448], 1),
        (8449, "1/2", [4224, 4225], 1),
        (20_000, "3/4", [6666, 6667, 6667], 1),
        (3841, "1/5", [1920, 1921], 2),
        (5000, "3/10", [5000], 1),  # less than its 22 columns in 66 give: some bits are sent twice
    ],
)
def test_long_payloads_are_cut_into_equal_code_blocks(
    payload_bits: int, rate: str, sizes: list[int], base_graph: int
) -> None:
    code = Ldpc(payload_bits, Fraction(rate))
    assert [block.payload_bits for block in code.blocks] == sizes
    assert {block.base_graph for block in code.blocks} == {base_graph}
    payloads = random_payloads(2, code)
    positions = code.rate_match(code.sent_bits(4), bits_per_symbol=4)
    decoded = code.decode(received(code, code.encode(payloads), positions, sigma_of(code, 5.5)))
    np.testing.assert_array_equal(decoded.payloads, payloads)


def test_each_code_block_is_encoded_as_sionna_does() -> None:
    code = Ldpc(20_000, Fraction(3, 4))
    sent, payloads = (
        code.sent_bits(),
        random_payloads(1, code),
    )  # 26667: 8889 for each of three blocks
    ours = code.encode(payloads)[:, code.rate_match(sent)]
    np.testing.assert_array_equal(
        ours[:, -8889:], sionna_encode(sionna(6667, 8889), payloads[:, -6667:])
    )


@cache
def noisy_block() -> tuple[list[Ldpc], list[Llrs]]:
    """Frames of many codes, some of which cannot be decoded."""
    draws = np.random.default_rng(3)
    codes = [
        Ldpc(int(draws.integers(12, 900)), RATES[draws.integers(len(RATES))]) for _ in range(60)
    ]
    codes += [codes[0], Ldpc(9000, HALF), codes[0]]
    # More of one graph than are decoded at a time, each with other rows that carry information.
    codes += [Ldpc(512 - number % 8, RATES[number % 5]) for number in range(60)]
    llrs = []
    for number, code in enumerate(codes):
        mother = code.encode(random_payloads(1, code, number))
        positions = code.rate_match(code.sent_bits())
        llrs.append(
            received(code, mother, positions, sigma_of(code, draws.uniform(0, 4)), number)[0]
        )
    return codes, llrs


def frame_by_frame(codes: list[Ldpc], decoded: Decoded) -> list[tuple[bytes, int, bool]]:
    parts = np.split(decoded.payloads, np.cumsum([code.payload_bits for code in codes])[:-1])
    return [
        (part.tobytes(), int(iterations), bool(converged))
        for part, iterations, converged in zip(
            parts, decoded.iterations, decoded.converged, strict=True
        )
    ]


@pytest.mark.parametrize("seed", range(3))
def test_decoding_a_frame_is_independent_of_the_others(seed: int) -> None:
    codes, llrs = noisy_block()
    alone = [
        frame_by_frame([code], decode([code], part))[0]
        for code, part in zip(codes, llrs, strict=True)
    ]
    assert len({converged for _, _, converged in alone}) == 2
    order = np.random.default_rng(seed).permutation(len(codes))[seed:]
    mixed = [codes[number] for number in order]
    together = frame_by_frame(
        mixed, decode(mixed, np.concatenate([llrs[number] for number in order]))
    )
    assert together == [alone[number] for number in order]


def test_frames_of_one_code_are_decoded_as_those_of_many() -> None:
    code = Ldpc(300, HALF)
    mother = code.encode(random_payloads(8, code))
    llrs = received(code, mother, code.rate_match(600), sigma_of(code, 1.5))
    one, many = code.decode(llrs), decode([code] * 8, llrs.ravel())
    np.testing.assert_array_equal(one.payloads.ravel(), many.payloads)
    np.testing.assert_array_equal(one.iterations, many.iterations)


def test_no_frames_are_decoded_to_none() -> None:
    assert decode([], np.empty(0, np.float32)).payloads.size == 0


def test_erased_bits_are_recovered() -> None:
    code = Ldpc(500, Fraction(1, 3))
    payloads = random_payloads(20, code)
    mother = code.encode(payloads)
    positions = code.rate_match(code.sent_bits())
    llrs = received(code, mother, positions)
    llrs[np.random.default_rng(0).random(llrs.shape) < 0.5] = 0  # a rate of 1/3 stands 2/3 at most
    decoded = code.decode(llrs)
    np.testing.assert_array_equal(decoded.payloads, payloads)
    assert decoded.converged.all()


def test_frame_without_llrs_does_not_converge() -> None:
    code = Ldpc(100, HALF)
    decoded = code.decode(np.zeros((1, code.mother_bits), np.float32), max_iterations=7)
    assert not decoded.converged.any()
    assert decoded.iterations.tolist() == [7]


@pytest.mark.parametrize("value", [np.inf, 1e30])
def test_certain_bits_are_decoded(value: float) -> None:
    code = Ldpc(100, Fraction(3, 4))
    payloads = random_payloads(4, code)
    llrs = received(code, code.encode(payloads), code.rate_match(code.sent_bits()))
    certain = np.where(llrs == 0, llrs, np.copysign(np.float32(value), llrs)).astype(np.float32)
    np.testing.assert_array_equal(code.decode(certain).payloads, payloads)


@pytest.mark.parametrize("scale", [0.1, 5.0, 1e30])
def test_noise_alone_ends_after_the_most_iterations(scale: float) -> None:
    code = Ldpc(200, HALF)
    llrs = scale * np.random.default_rng(0).standard_normal((20, code.mother_bits))
    decoded = code.decode(llrs.astype(np.float32))
    assert not decoded.converged.any()
    assert set(decoded.iterations.tolist()) == {20}


def test_transmissions_that_fail_alone_succeed_combined() -> None:
    code = Ldpc(400, Fraction(3, 4))
    payloads = random_payloads(100, code)
    mother, sigma = code.encode(payloads), sigma_of(code, 1.0)

    def failures(llrs: Llrs) -> int:
        return int((code.decode(llrs).payloads != payloads).any(axis=1).sum())

    first = received(code, mother, code.rate_match(code.sent_bits()), sigma, seed=1)
    again = received(code, mother, code.rate_match(code.sent_bits()), sigma, seed=2)
    other = received(code, mother, code.rate_match(code.sent_bits(), version=2), sigma, seed=2)
    # Sending the same bits twice gives 4 dB, where this code rarely fails; new parity gains even
    # more.
    assert failures(first) > 95
    assert failures(again) > 95
    assert failures(first + again) < 5
    assert failures(first + other) < 1


def test_repetition_adds_up_what_is_sent_twice() -> None:
    code = Ldpc(30, Fraction(1, 5))
    mother = code.encode(random_payloads(1, code))
    round_once = mother.shape[1] - 2 * code.blocks[0].lifting
    twice = received(code, mother, code.rate_match(2 * round_once))
    np.testing.assert_array_equal(twice, 2 * received(code, mother, code.rate_match(round_once)))


@given(st.floats(-50, 50, width=32), st.floats(-50, 50, width=32))
@settings(deadline=None)
def test_box_plus_is_the_llr_of_the_sum(a: float, b: float) -> None:
    llr = float(box_plus(np.float32(a), np.float32(b)))
    exact = np.logaddexp(0, a + b) - np.logaddexp(a, b)
    assert abs(llr - exact) < 2 * 0.0091  # twice the error of the correction term
    assert abs(llr) <= min(abs(a), abs(b)) + 1e-5
    assert llr * exact >= 0 or abs(exact) < 1e-5
    assert (llr == 0) == (a == 0 or b == 0) or abs(exact) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("payload_bits", "rate", "ebn0_db"), [(64, "1/2", 1.8), (64, "11/12", 5.6)]
)
def test_frame_errors_are_at_most_a_tenth_more_than_sionnas(
    payload_bits: int, rate: str, ebn0_db: float
) -> None:
    import torch
    from sionna.phy.fec.ldpc import LDPC5GDecoder

    code = Ldpc(payload_bits, Fraction(rate))
    payloads = random_payloads(1300, code)
    positions = code.rate_match(code.sent_bits())
    llrs = received(code, code.encode(payloads), positions, sigma_of(code, ebn0_db))
    sionna_decoder = LDPC5GDecoder(sionna(payload_bits, code.sent_bits()), num_iter=20)
    with torch.no_grad():
        parts = np.split(-llrs[:, positions], 13)  # Sionna means ln P(1) / P(0)
        theirs = np.concatenate([sionna_decoder(torch.from_numpy(part)).numpy() for part in parts])
    their_errors = (theirs != payloads).any(axis=1)
    our_errors = (code.decode(llrs).payloads != payloads).any(axis=1)
    assert their_errors.sum() >= 200
    # Frame by frame on the same soft values; one-sided, 99 %.
    excess = our_errors - 1.1 * their_errors
    assert excess.mean() + 2.326 * excess.std() / np.sqrt(excess.size) < 0


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: Ldpc(11, HALF), "a payload of 11 bits; the LDPC codes of 5G NR take 12 or more"),
        (
            lambda: Ldpc(12, Fraction(1, 40)),
            "code rate 1/40; the LDPC codes of 5G NR take 15/512 to 237/256",
        ),
        (lambda: Ldpc(12, Fraction(19, 20)), "code rate 19/20"),
        (lambda: Ldpc(12, HALF).rate_match(24, 4), "redundancy version 4; there are 0 to 3"),
        (lambda: Ldpc(12, HALF).rate_match(25, 0, 4), "25 bits do not fill symbols of 4 bits"),
        (
            lambda: Ldpc(12, HALF).encode(np.zeros((2, 13), np.uint8)),
            r"payloads of shape \(2, 13\)",
        ),
        (
            lambda: Ldpc(12, HALF).decode(np.zeros((2, 24), np.float32)),
            r"LLRs of shape \(48,\); .* have 192 bits",
        ),
        (lambda: CodeBlock(3841, 2), "a block of 3841 bits on base graph 2; it takes 12 to 3840"),
    ],
)
def test_invalid_code_parameters_are_refused(attempt: Callable[[], object], message: str) -> None:
    with pytest.raises(LinkError, match=message):
        attempt()
