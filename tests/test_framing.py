"""Frames by hand, round trips of any payloads, and parsing of any bits."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from framed import framed
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sizes import image_sizes, sizes_up_to, small_sizes

from semcomm.errors import FramingError
from semcomm.frame_format import FREE_PIXELS, FrameFormat, Header
from semcomm.frames import Frames
from semcomm.framing import MAX_PIXELS, Framing, allowed

Bits = NDArray[np.uint8]

# The first CRC is compiled, which takes longer than hypothesis allows for an example.
without_deadline = settings(deadline=None)

RAW = Framing.raw()
NO_CRC = Framing(crc=0)


def bits_of(text: str) -> Bits:
    return np.array([int(bit) for bit in text.replace(" ", "")], np.uint8)


def text_of(frames: Frames) -> list[str]:
    return ["".join(map(str, bits)) for bits in frames.split()]


def any_size(header: Header, number: int) -> int:
    """No payload is too short for its image."""
    return 0


payloads = st.text("01", max_size=70).map(bits_of)


@st.composite
def framings(draw: st.DrawFn) -> Framing:
    crc = draw(st.sampled_from([0, 8, 16, 24, 32]))
    header = draw(st.booleans())
    return Framing(
        header,
        draw(st.integers(1, 5)) if header else 1,
        crc,
        draw(image_sizes),
        draw(st.integers(1, 16)),
    )


@st.composite
def sendings(draw: st.DrawFn) -> tuple[Framing, Frames, list[tuple[int, int]]]:
    """A framing, payloads of some images, and their sizes, all of which it can state."""
    framing = draw(framings())
    images = draw(st.integers(0, 4))
    bodies = draw(
        st.lists(payloads, min_size=images * framing.slices, max_size=images * framing.slices)
    )
    agreed = st.just(framing.size)
    others = image_sizes if framing.crc else small_sizes
    size = st.one_of(agreed, others) if framing.header else agreed
    return framing, Frames.join(bodies), draw(st.lists(size, min_size=images, max_size=images))


@given(sendings())
@without_deadline
def test_frame_unframe_identity(sending: tuple[Framing, Frames, list[tuple[int, int]]]) -> None:
    framing, bodies, sizes = sending
    unframed = FrameFormat(framing).unframe(framed(framing, bodies, sizes), any_size)
    assert text_of(unframed.payloads) == text_of(bodies)
    assert list(map(tuple, unframed.sizes)) == sizes
    assert unframed.intact.all()


@pytest.mark.parametrize(
    ("framing", "payload", "size", "frame"),
    [
        # the agreed size 0; the payload
        (NO_CRC, "11010", (32, 32), "0 11010"),
        # a size of its own 1; height 2; width 48
        (NO_CRC, "1", (2, 48), "1 0000000000000010 0000000000110000 1"),
        (NO_CRC, "", (32, 32), "0"),
        # over 000010001 the register goes from ff to f9 f5 ed dd ba 73 e6 cb 96 = 10010110
        (Framing(crc=8), "00010001", (32, 32), "0 00010001 10010110"),
        (Framing(header=False, crc=8), "000010001", (32, 32), "000010001 10010110"),
        (RAW, "0110", (32, 32), "0110"),
    ],
)
def test_frames_by_hand(framing: Framing, payload: str, size: tuple[int, int], frame: str) -> None:
    assert text_of(framed(framing, Frames.join([bits_of(payload)]), [size])) == [
        frame.replace(" ", "")
    ]


@given(framings(), st.lists(payloads, min_size=5, max_size=5))
@without_deadline
def test_frame_overhead_at_the_agreed_size(framing: Framing, bodies: list[Bits]) -> None:
    """A flag, a length except in the last frame, and the CRC."""
    bodies = bodies[: framing.slices]
    frames = framed(framing, Frames.join(bodies), [framing.size])
    long = [body.size >= 2**framing.length_bits - 1 for body in bodies]
    lengths = [framing.length_bits + 32 * more for more in long[:-1]] + [0]
    overhead = frames.lengths - [body.size for body in bodies]
    assert overhead.tolist() == [framing.header + length + framing.crc for length in lengths]


def test_lengths_by_hand() -> None:
    framing = Framing(slices=3, crc=0, length_bits=3)
    frames = framed(
        framing, Frames.join([bits_of("110101"), bits_of("1010101"), bits_of("11")]), [(32, 32)]
    )
    # 6 = 110; 7 takes 32 more bits; the last frame needs no length
    assert text_of(frames) == ["0110" + "110101", "0111" + f"{7:032b}" + "1010101", "0" + "11"]


@given(sendings(), st.integers(0, 2**32))
@without_deadline
def test_payload_start_is_independent_of_header_bits(
    sending: tuple[Framing, Frames, list[tuple[int, int]]], seed: int
) -> None:
    framing, bodies, sizes = sending
    framing = replace(framing, crc=0)
    sizes = [framing.size] * len(sizes)
    frames = framed(framing, bodies, sizes)
    parts = frames.split()
    rng = np.random.default_rng(seed)
    for part, body in zip(parts, bodies.split(), strict=True):
        header = part.size - body.size
        part[:header] = rng.integers(0, 2, header)
    unframed = FrameFormat(framing).unframe(
        Frames.join(parts), lambda header, number: 10**6
    )  # no header is plausible
    assert text_of(unframed.payloads) == text_of(bodies)


@given(payloads, sizes_up_to(FREE_PIXELS).filter(lambda size: size != (32, 32)))
def test_another_size_takes_33_bits_and_the_agreed_one_1(
    payload: Bits, size: tuple[int, int]
) -> None:
    other = framed(NO_CRC, Frames.join([payload]), [size])
    agreed = framed(replace(NO_CRC, size=size), Frames.join([payload]), [size])
    assert other.bits.size - agreed.bits.size == 33 - 1


@given(st.lists(payloads, max_size=5))
def test_raw_frames_are_their_payloads(bodies: list[Bits]) -> None:
    payload = Frames.join(bodies)
    assert text_of(framed(RAW, payload, [(32, 32)] * len(bodies))) == text_of(payload)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 9), st.integers(1, 4)), max_size=4),
    st.integers(1, 255),
)
def test_slices_are_bands_of_rows_that_differ_by_at_most_one(
    shapes: list[tuple[int, int, int]], slices: int
) -> None:
    runs = Framing(slices=slices).slice_runs(shapes).reshape(len(shapes), slices, 4)
    for (rows, columns, groups), band in zip(shapes, runs.tolist(), strict=True):
        edges = [s * rows // slices for s in range(slices + 1)]
        assert band == [
            [0, (stop - start) * columns, columns, groups] for start, stop in pairwise(edges)
        ]
        positions = [run[1] for run in band]
        assert sum(positions) == rows * columns
        assert max(positions) - min(positions) <= columns


def test_slice_runs_of_eight_rows_in_three_by_hand() -> None:
    # Edges floor(0), floor(8/3), floor(16/3), 8: rows 0 to 1, 2 to 4, 5 to 7.
    assert Framing(slices=3).slice_runs([(8, 8, 2)]).tolist() == [
        [0, 16, 8, 2],
        [0, 24, 8, 2],
        [0, 24, 8, 2],
    ]


@pytest.mark.parametrize("crc", [8, 16, 24, 32])
@pytest.mark.parametrize("size", [(32, 32), (5, 70)])
def test_every_single_flipped_bit_is_detected(crc: int, size: tuple[int, int]) -> None:
    framing = Framing(crc=crc)
    frames = framed(framing, Frames.join([bits_of("1011010011" * 9)]), [size])
    for place in range(frames.bits.size):
        flipped = frames.bits.copy()
        flipped[place] ^= 1
        assert not FrameFormat(framing).unframe(frames.with_bits(flipped), any_size).intact.any()


def test_every_two_flipped_bits_are_detected_by_crc_16() -> None:
    # x^n + 1 is no multiple of the polynomial for n under 32767, so no two errors this close
    # cancel.
    framing = Framing()
    frames = framed(framing, Frames.join([bits_of("10110")]), [(32, 32)])
    for first in range(frames.bits.size):
        for second in range(first):
            flipped = frames.bits.copy()
            flipped[[first, second]] ^= 1
            assert (
                not FrameFormat(framing).unframe(frames.with_bits(flipped), any_size).intact.any()
            )


@given(
    framings(), st.lists(st.text("01", max_size=80).map(bits_of), max_size=6), st.integers(0, 50)
)
@settings(deadline=None, max_examples=300)
def test_unframe_bounds_sizes_and_payloads_for_any_bits(
    framing: Framing, bodies: list[Bits], fewest: int
) -> None:
    bodies = bodies[: len(bodies) // framing.slices * framing.slices]
    unframed = FrameFormat(framing).unframe(Frames.join(bodies), lambda header, number: fewest)
    assert len(unframed.payloads) == unframed.intact.size == len(bodies)
    assert len(unframed.sizes) == len(bodies) // framing.slices
    assert all(allowed(tuple(size)) for size in unframed.sizes)
    for body, payload in zip(bodies, unframed.payloads.split(), strict=True):
        assert payload.size == 0 or "".join(map(str, payload)) in "".join(map(str, body))


@given(sendings(), st.data())
@settings(deadline=None, max_examples=300)
def test_flipped_bits_do_not_affect_other_images(
    sending: tuple[Framing, Frames, list[tuple[int, int]]], draw: st.DataObject
) -> None:
    framing, bodies, sizes = sending
    frames = framed(framing, bodies, sizes)
    if not len(frames):
        return
    hit = draw.draw(st.integers(0, len(frames) - 1))
    parts = frames.split()
    noise = draw.draw(st.lists(st.booleans(), min_size=parts[hit].size, max_size=parts[hit].size))
    parts[hit] = parts[hit] ^ np.array(noise, np.uint8)
    unframed = FrameFormat(framing).unframe(Frames.join(parts), any_size)
    others = [
        number for number in range(len(frames)) if number // framing.slices != hit // framing.slices
    ]
    assert unframed.intact[others].all()
    assert [text_of(unframed.payloads)[n] for n in others] == [text_of(bodies)[n] for n in others]
    if framing.crc == 16 and any(noise) and unframed.intact[hit]:
        assert (
            sum(noise) > 2
        )  # a CRC lets a pattern through now and then, but never one or two errors


def test_size_comes_from_frames_whose_crc_is_right() -> None:
    framing = Framing(slices=3)
    frames = framed(framing, Frames.join([bits_of("101")] * 3), [(40, 24)])
    bits = frames.bits.copy()
    bits[16] ^= 1  # the first frame now states 41 x 24, and its CRC is wrong
    unframed = FrameFormat(framing).unframe(frames.with_bits(bits), any_size)
    assert list(map(tuple, unframed.sizes)) == [(40, 24)]
    assert unframed.intact.tolist() == [False, True, True]
    assert text_of(unframed.payloads) == [
        "101",
        "101",
        "101",
    ]  # the position of its payload does not depend on the damage


def test_without_a_right_crc_the_majority_gives_the_size() -> None:
    framing = Framing(slices=3)
    frames = framed(framing, Frames.join([bits_of("101")] * 3), [(40, 24)])
    bits = frames.bits.copy()
    bits[frames.starts + frames.lengths - 1] ^= 1
    bits[16] ^= 1  # the first frame states 41 x 24
    unframed = FrameFormat(framing).unframe(frames.with_bits(bits), any_size)
    assert list(map(tuple, unframed.sizes)) == [(40, 24)]
    assert not unframed.intact.any()
    assert text_of(unframed.payloads) == ["101", "101", "101"]


def test_flipped_size_flag_is_outvoted_by_other_frames() -> None:
    framing = Framing(slices=3, crc=0)
    frames = framed(framing, Frames.join([bits_of("0" * 40)] * 3), [(32, 32)])
    bits = frames.bits.copy()
    bits[frames.starts[1]] ^= 1
    bits[frames.starts[1] + [16, 32]] ^= 1  # and it states 1 x 1, a valid size
    unframed = FrameFormat(framing).unframe(frames.with_bits(bits), any_size)
    assert list(map(tuple, unframed.sizes)) == [(32, 32)]
    assert unframed.intact.tolist() == [True, False, True]
    assert unframed.payloads.lengths.tolist() == [40] * 3


@pytest.mark.parametrize("bits", [0, 1, 20, 32, 48])
def test_too_short_a_frame_leaves_the_agreed_size(bits: int) -> None:
    framing = Framing(size=(48, 16))
    frames = framed(framing, Frames.join([bits_of("101")]), [(40, 24)])
    unframed = FrameFormat(framing).unframe(Frames.join([frames.bits[:bits]]), any_size)
    assert list(map(tuple, unframed.sizes)) == [(48, 16)]
    assert unframed.payloads.lengths.tolist() == [
        max(0, bits - 17)
    ]  # a single slice has no length field
    assert not unframed.intact.any()


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "1 0000000000000000 0000000000000101 1",  # no rows
        "1 1111111111111111 1111111111111111 1",  # far too many pixels
        "1 0010000000000001 0010000000000000 1",  # 8193 x 8192, too many by one row
        "1 0000000000000101 000000",
    ],
)
def test_invalid_header_is_not_plausible(frame: str) -> None:
    unframed = FrameFormat(NO_CRC).unframe(Frames.join([bits_of(frame)]), any_size)
    assert list(map(tuple, unframed.sizes)) == [(32, 32)]
    assert unframed.payloads.lengths.tolist() == [max(0, bits_of(frame).size - 1)]
    assert unframed.intact.tolist() == [False]


@pytest.mark.parametrize(("fewest", "size"), [(100, (40, 24)), (101, (32, 32))])
def test_size_too_large_for_its_payload_is_not_plausible(
    fewest: int, size: tuple[int, int]
) -> None:
    fewest_of = {Header((40, 24)): fewest, Header((32, 32)): 0}
    frames = framed(NO_CRC, Frames.join([np.ones(100, np.uint8)]), [(40, 24)])
    unframed = FrameFormat(NO_CRC).unframe(frames, lambda header, number: fewest_of[header])
    assert unframed.headers == [Header(size)]


def test_min_payload_bits_is_asked_for_each_slice() -> None:
    framing = Framing(slices=3)
    frames = framed(framing, Frames.join([np.ones(n, np.uint8) for n in (0, 5, 9)]), [(40, 24)])
    asked = set[tuple[tuple[int, int], int]]()

    def fewest(header: Header, number: int) -> int:
        asked.add((header.size, number))
        return [0, 5, 9][number]

    assert FrameFormat(framing).unframe(frames, fewest).intact.all()
    assert asked == {((40, 24), number) for number in range(3)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"crc": 7}, "crc is 7; it takes 0, 8, 16, 24 or 32"),
        ({"slices": 0}, "slices is 0; it takes a whole number from 1 to 255"),
        ({"slices": 256}, "slices is 256; it takes a whole number from 1 to 255"),
        ({"slices": 2, "header": False}, "slices is 2, which needs header true"),
        ({"length_bits": 17}, "length_bits is 17; it takes a whole number from 1 to 16"),
        (
            {"size": (8193, 8192)},
            rf"size is \(8193, 8192\); sides are 1 to 65535, and at most {MAX_PIXELS} pixels",
        ),
        ({"size": (0, 5)}, r"size is \[0, 5\]; it takes a list of 2 whole numbers from 1"),
        ({"size": (65536, 1)}, r"size is \[65536, 1\]"),
    ],
)
def test_invalid_framing_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(FramingError, match=message):
        Framing(**arguments)


def test_check_refuses_sizes_that_frames_cannot_state() -> None:
    Framing().check([(1, 1), (8192, 8192)])
    Framing(header=False).check([(32, 32)])
    with pytest.raises(
        FramingError,
        match=r"an image is 8193 x 8192; sides are 1 to 65535, at most 67108864 pixels",
    ):
        Framing().check([(32, 32), (8193, 8192)])
    with pytest.raises(
        FramingError, match=r"an image is 32 x 33, but without a header .* the agreed size 32 x 32"
    ):
        Framing(header=False).check([(32, 32), (32, 33)])
