"""Frames by hand, round trips of any payloads, and whatever bits a channel may hand over."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.errors import FramingError
from semcomm.frames import Frames
from semcomm.framing import MAX_PIXELS, Framing, allowed

Bits = NDArray[np.uint8]

# The first CRC compiles, for longer than hypothesis allows an example.
without_deadline = settings(deadline=None)

NONE = Framing(header=False, crc=0)
BARE = Framing(crc=0)


def bits_of(text: str) -> Bits:
    return np.array([int(bit) for bit in text.replace(" ", "")], np.uint8)


def text_of(frames: Frames) -> list[str]:
    return ["".join(map(str, bits)) for bits in frames.split()]


def any_size(size: tuple[int, int]) -> int:
    """No payload is too short for its image."""
    return 0


payloads = st.text("01", max_size=70).map(bits_of)
sides = st.integers(1, 65535)
sizes = st.one_of(st.just((32, 32)), st.tuples(sides, sides)).filter(allowed)


@st.composite
def framings(draw: st.DrawFn) -> Framing:
    crc = draw(st.sampled_from([0, 8, 16]))
    header = draw(st.booleans())
    return Framing(header, draw(st.integers(1, 5)) if header else 1, crc, draw(sizes))


@st.composite
def sendings(draw: st.DrawFn) -> tuple[Framing, Frames, list[tuple[int, int]]]:
    """A framing, payloads of some images, and their sizes, of which it can tell all."""
    framing = draw(framings())
    images = draw(st.integers(0, 4))
    bodies = draw(st.lists(payloads, min_size=images * framing.slices, max_size=images * framing.slices))
    told = st.one_of(st.just(framing.size), sizes) if framing.header else st.just(framing.size)
    return framing, Frames.join(bodies), draw(st.lists(told, min_size=images, max_size=images))


@given(sendings())
@without_deadline
def test_what_is_framed_is_unframed(sending: tuple[Framing, Frames, list[tuple[int, int]]]) -> None:
    framing, bodies, told = sending
    unframed = framing.unframe(framing.frame(bodies, told), any_size)
    assert text_of(unframed.payloads) == text_of(bodies)
    assert unframed.sizes == told
    assert unframed.intact.all()


@pytest.mark.parametrize(
    ("framing", "payload", "size", "frame"),
    [
        # the agreed size 0; a length of three digits 00011, 5 = (1)01; the payload
        (BARE, "11010", (32, 32), "0 00011 01 11010"),
        # a size of its own 1; height 2; width 48; length 1 = one digit 00001 and nothing after it
        (BARE, "1", (2, 48), "1 0000000000000010 0000000000110000 00001 1"),
        # no digits at all are the length 0
        (BARE, "", (32, 32), "0 00000"),
        # over 000010001 the register goes from ff to f9 f5 ed dd ba 73 e6 cb 96 = 10010110
        (Framing(crc=8), "01", (32, 32), "0 00010 0 01 10010110"),
        (NONE, "0110", (32, 32), "0110"),
    ],
)
def test_frames_by_hand(framing: Framing, payload: str, size: tuple[int, int], frame: str) -> None:
    assert text_of(framing.frame(Frames.join([bits_of(payload)]), [size])) == [frame.replace(" ", "")]


def test_the_length_code_by_hand() -> None:
    frame = text_of(BARE.frame(Frames.join([np.zeros(534, np.uint8)]), [(32, 32)]))[0]
    assert frame[:15] == "0" + "01010" + "000010110"  # 534 = 0b1000010110
    assert len(frame) == 15 + 534


@given(st.integers(128, 128 * 16))
@without_deadline
def test_header_and_crc_of_an_image_of_128_indices_take_at_most_40_bits(length: int) -> None:
    # An index takes 1 to 16 bits, so the payload's length has at most 12 binary digits.
    frames = Framing().frame(Frames.join([np.zeros(length, np.uint8)]), [(32, 32)])
    assert frames.bits.size - length <= 40


@given(payloads, sizes.filter(lambda size: size != (32, 32)))
def test_a_size_takes_33_bits_where_the_agreed_one_takes_1(payload: Bits, size: tuple[int, int]) -> None:
    told = BARE.frame(Frames.join([payload]), [size])
    agreed = replace(BARE, size=size).frame(Frames.join([payload]), [size])
    assert told.bits.size - agreed.bits.size == 33 - 1


@given(st.lists(payloads, max_size=5))
def test_without_header_and_crc_a_frame_is_its_payload(bodies: list[Bits]) -> None:
    payload = Frames.join(bodies)
    assert text_of(NONE.frame(payload, [(32, 32)] * len(bodies))) == text_of(payload)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 9), st.integers(1, 4)), max_size=4), st.integers(1, 255))
def test_slices_are_bands_of_whole_rows_that_differ_by_one_at_most(
    shapes: list[tuple[int, int, int]], slices: int
) -> None:
    grids = Framing(slices=slices).slice_grids(shapes).reshape(len(shapes), slices, 3)
    for (rows, columns, groups), bands in zip(shapes, grids.tolist(), strict=True):
        edges = [s * rows // slices for s in range(slices + 1)]
        assert bands == [[stop - start, columns, groups] for start, stop in pairwise(edges)]
        heights = [band[0] for band in bands]
        assert sum(heights) == rows
        assert max(heights) - min(heights) <= 1


def test_eight_rows_in_three_slices_by_hand() -> None:
    # Edges floor(0), floor(8/3), floor(16/3), 8: rows 0 to 1, 2 to 4, 5 to 7.
    assert Framing(slices=3).slice_grids([(8, 8, 2)]).tolist() == [[2, 8, 2], [3, 8, 2], [3, 8, 2]]


@pytest.mark.parametrize("crc", [8, 16])
@pytest.mark.parametrize("size", [(32, 32), (5, 70)])
def test_every_single_flipped_bit_is_detected(crc: int, size: tuple[int, int]) -> None:
    framing = Framing(crc=crc)
    frames = framing.frame(Frames.join([bits_of("1011010011" * 9)]), [size])
    for place in range(frames.bits.size):
        flipped = frames.bits.copy()
        flipped[place] ^= 1
        assert not framing.unframe(frames.with_bits(flipped), any_size).intact.any()


def test_every_two_flipped_bits_are_detected_by_16_bits() -> None:
    # x^n + 1 is no multiple of the polynomial for n under 32767, so no two errors this close cancel.
    framing = Framing()
    frames = framing.frame(Frames.join([bits_of("10110")]), [(32, 32)])
    for first in range(frames.bits.size):
        for second in range(first):
            flipped = frames.bits.copy()
            flipped[[first, second]] ^= 1
            assert not framing.unframe(frames.with_bits(flipped), any_size).intact.any()


@given(framings(), st.lists(st.text("01", max_size=80).map(bits_of), max_size=6), st.integers(0, 50))
@settings(deadline=None, max_examples=300)
def test_whatever_bits_arrive_sizes_are_bounded_and_payloads_inside_their_frames(
    framing: Framing, bodies: list[Bits], fewest: int
) -> None:
    bodies = bodies[: len(bodies) // framing.slices * framing.slices]
    unframed = framing.unframe(Frames.join(bodies), lambda size: fewest)
    assert len(unframed.payloads) == unframed.intact.size == len(bodies)
    assert len(unframed.sizes) == len(bodies) // framing.slices
    assert all(allowed(size) for size in unframed.sizes)
    for body, payload in zip(bodies, unframed.payloads.split(), strict=True):
        assert payload.size == 0 or "".join(map(str, payload)) in "".join(map(str, body))


@given(sendings(), st.data())
@settings(deadline=None, max_examples=300)
def test_flipped_bits_do_no_harm_to_other_frames(
    sending: tuple[Framing, Frames, list[tuple[int, int]]], draw: st.DataObject
) -> None:
    framing, bodies, told = sending
    frames = framing.frame(bodies, told)
    if not len(frames):
        return
    hit = draw.draw(st.integers(0, len(frames) - 1))
    parts = frames.split()
    noise = draw.draw(st.lists(st.booleans(), min_size=parts[hit].size, max_size=parts[hit].size))
    parts[hit] = parts[hit] ^ np.array(noise, np.uint8)
    unframed = framing.unframe(Frames.join(parts), any_size)
    others = [number for number in range(len(frames)) if number // framing.slices != hit // framing.slices]
    assert unframed.intact[others].all()
    assert [text_of(unframed.payloads)[n] for n in others] == [text_of(bodies)[n] for n in others]
    if framing.crc == 16 and any(noise) and unframed.intact[hit]:
        assert sum(noise) > 2  # a CRC lets a pattern through now and then, but never one or two errors


def test_a_size_is_that_of_the_first_frame_whose_crc_fits() -> None:
    framing = Framing(slices=3)
    frames = framing.frame(Frames.join([bits_of("101")] * 3), [(40, 24)])
    bits = frames.bits.copy()
    bits[16] ^= 1  # the first frame now says 41 x 24, and its CRC that it is damaged
    unframed = framing.unframe(frames.with_bits(bits), any_size)
    assert unframed.sizes == [(40, 24)]
    assert unframed.intact.tolist() == [False, True, True]
    assert unframed.payloads.lengths.tolist() == [0, 3, 3]


def test_where_no_crc_fits_the_size_is_that_of_the_first_header_that_fits_its_frame() -> None:
    framing = Framing(slices=2)
    frames = framing.frame(Frames.join([bits_of("101")] * 2), [(40, 24)])
    bits = frames.bits.copy()
    bits[frames.starts + frames.lengths - 1] ^= 1
    unframed = framing.unframe(frames.with_bits(bits), any_size)
    assert unframed.sizes == [(40, 24)]
    assert not unframed.intact.any()
    assert text_of(unframed.payloads) == ["101", "101"]


def test_where_no_header_fits_the_size_is_the_agreed_one() -> None:
    framing = Framing(size=(48, 16))
    frames = framing.frame(Frames.join([bits_of("101")]), [(40, 24)])
    short = Frames.join([frames.bits[:-1]])
    unframed = framing.unframe(short, any_size)
    assert unframed.sizes == [(48, 16)]
    assert unframed.payloads.bits.size == 0
    assert not unframed.intact.any()


@pytest.mark.parametrize(
    "frame",
    [
        "0 00011 01 110100",  # a bit more than five
        "0 00011 01 1101",
        "0 00011 0",
        "0 000",
        "",
        "1 0000000000000000 0000000000000101 00001 1",  # no rows
        "1 1111111111111111 1111111111111111 00001 1",  # far too many pixels
        "1 0001000000000001 0001000000000000 00001 1",  # 4097 x 4096, too many by one row
        "1 0000000000000101 000000",
    ],
)
def test_a_header_that_cannot_be_is_not_trusted(frame: str) -> None:
    unframed = BARE.unframe(Frames.join([bits_of(frame)]), any_size)
    assert unframed.sizes == [(32, 32)]
    assert unframed.payloads.lengths.tolist() == [0]
    assert unframed.intact.tolist() == [False]


@pytest.mark.parametrize(("fewest", "size"), [(100, (40, 24)), (101, (32, 32))])
def test_a_size_larger_than_its_payload_can_be_of_is_not_trusted(fewest: int, size: tuple[int, int]) -> None:
    needs: Callable[[tuple[int, int]], int] = {(40, 24): fewest, (32, 32): 0}.__getitem__
    frames = BARE.frame(Frames.join([np.ones(100, np.uint8)]), [(40, 24)])
    assert BARE.unframe(frames, needs).sizes == [size]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"crc": 7}, "crc is 7; it is 0, 8 or 16 bits"),
        ({"slices": 0}, "slices is 0; there are 1 to 255"),
        ({"slices": 256}, "slices is 256; there are 1 to 255"),
        ({"slices": 2, "header": False}, "slices is 2, which needs header true"),
        ({"size": (4097, 4096)}, rf"size is \(4097, 4096\); sides are 1 to 65535, and at most {MAX_PIXELS} pixels"),
        ({"size": (0, 5)}, r"size is \(0, 5\)"),
        ({"size": (65536, 1)}, r"size is \(65536, 1\)"),
    ],
)
def test_a_framing_that_cannot_be_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(FramingError, match=message):
        Framing(**arguments)


def test_images_that_cannot_be_told_are_refused() -> None:
    Framing().check([(1, 1), (4096, 4096)])
    Framing(header=False).check([(32, 32)])
    with pytest.raises(FramingError, match=r"an image is 4097 x 4096; sides are 1 to 65535, at most 16777216 pixels"):
        Framing().check([(32, 32), (4097, 4096)])
    with pytest.raises(FramingError, match=r"an image is 32 x 33, but without a header .* the agreed size 32 x 32"):
        Framing(header=False).check([(32, 32), (32, 33)])
