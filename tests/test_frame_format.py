"""Frames of agreed length and tags: by hand, round trips, damage, and parsing of any bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sizes import image_sizes, small_sizes

from semcomm.errors import FramingError
from semcomm.frame_format import FREE_PIXELS, PIXELS_PER_BIT, FrameFormat, Header
from semcomm.frames import Frames
from semcomm.framing import Framing, allowed

# The first CRC is compiled, which takes longer than hypothesis allows for an example.
without_deadline = settings(deadline=None)

Bits = NDArray[np.uint8]


def bits_of(text: str) -> Bits:
    return np.array([int(bit) for bit in text.replace(" ", "")], np.uint8)


def text_of(frames: Frames) -> list[str]:
    return ["".join(map(str, bits)) for bits in frames.split()]


def any_header(header: Header, number: int) -> int:
    return 0


payloads = st.text("01", max_size=70).map(bits_of)


@st.composite
def layouts(draw: st.DrawFn) -> FrameFormat:
    header = draw(st.booleans())
    crc, slices = draw(st.sampled_from([0, 8, 16])), draw(st.integers(1, 4)) if header else 1
    tag_bits = draw(st.sampled_from([0, 4]))
    return FrameFormat(Framing(header, slices, crc), tag_bits, draw(st.integers(130, 200)))


@st.composite
def sendings(draw: st.DrawFn) -> tuple[FrameFormat, Frames, list[Header]]:
    """A layout, payloads of some images, and their headers."""
    layout, images = draw(layouts()), draw(st.integers(0, 4))
    count = images * layout.framing.slices
    others = image_sizes if layout.framing.crc else small_sizes
    size = others if layout.framing.header else st.just((32, 32))
    headers = st.builds(Header, size, st.integers(0, 15 if layout.tag_bits else 0))
    bodies = draw(st.lists(payloads, min_size=count, max_size=count))
    return layout, Frames.join(bodies), draw(st.lists(headers, min_size=images, max_size=images))


@given(sendings())
@without_deadline
def test_filled_frames_are_parsed_as_they_were_made(
    sending: tuple[FrameFormat, Frames, list[Header]],
) -> None:
    layout, bodies, headers = sending
    frames = layout.frame(bodies, headers)
    assert set(frames.lengths.tolist()) <= {layout.frame_bits}
    parsed = layout.unframe(frames, any_header)
    assert text_of(parsed.payloads) == text_of(bodies)
    assert parsed.headers == headers
    assert parsed.intact.all()


@given(sendings())
@without_deadline
def test_bits_are_those_of_the_frame_up_to_its_filling(
    sending: tuple[FrameFormat, Frames, list[Header]],
) -> None:
    layout, bodies, headers = sending
    frames, crc = layout.frame(bodies, headers), layout.framing.crc
    bare = [bits[: bits.size - crc] for bits in frames.split()]
    ends = [int(np.flatnonzero(bits)[-1]) + crc for bits in bare]
    assert layout.bits(bodies.lengths, headers).tolist() == ends


@given(sendings(), st.integers(0, 2**32 - 1))
@without_deadline
def test_bits_without_filling_are_the_frames_own(
    sending: tuple[FrameFormat, Frames, list[Header]], seed: int
) -> None:
    layout, bodies, headers = sending
    free = FrameFormat(layout.framing, layout.tag_bits)
    frames = free.frame(bodies, headers)
    assert free.bits(bodies.lengths, headers).tolist() == frames.lengths.tolist()
    parsed = free.unframe(frames, any_header)
    assert text_of(parsed.payloads) == text_of(bodies) and parsed.headers == headers


@pytest.mark.parametrize(
    ("layout", "payload", "header", "frame"),
    [
        (FrameFormat(Framing(crc=0), 0, 8), "11010", Header((32, 32)), "0 11010 10"),
        (FrameFormat(Framing(crc=0), 0, 8), "11000", Header((32, 32)), "0 11000 10"),
        (FrameFormat(Framing(crc=0), 0, 8), "", Header((32, 32)), "0 1000000"),
        (FrameFormat(Framing.raw(), 0, 3), "11", Header((32, 32)), "111"),
        (FrameFormat(Framing.raw(), 4, 9), "11", Header((32, 32), 5), "0101 11 100"),
        (FrameFormat(Framing.raw(), 4), "11", Header((32, 32), 5), "0101 11"),
        (
            FrameFormat(Framing(crc=0), 4, 40),
            "1",
            Header((2, 48), 10),
            "1010 1 0000000000000010 0000000000110000 1 10",
        ),
        # the register of CRC-8 after 000010001 is 10010110
        (FrameFormat(Framing(crc=8), 0, 17), "0001000", Header((32, 32)), "0 0001000 1 10010110"),
    ],
)
def test_filled_and_tagged_frames_by_hand(
    layout: FrameFormat, payload: str, header: Header, frame: str
) -> None:
    frames = layout.frame(Frames.join([bits_of(payload)]), [header])
    assert text_of(frames) == [frame.replace(" ", "")]


def test_filled_slices_have_no_length() -> None:
    layout = FrameFormat(Framing(slices=3, crc=0), 0, 6)
    frames = layout.frame(
        Frames.join([bits_of(bits) for bits in ("10", "", "0000")]), [Header((32, 32))]
    )
    assert text_of(frames) == ["010100", "010000", "000001"]


@given(
    layouts(),
    st.lists(st.text("01", max_size=210).map(bits_of), min_size=4, max_size=4),
    st.integers(0, 9),
)
@without_deadline
def test_any_bits_are_parsed_and_stay_within_bounds(
    layout: FrameFormat, bodies: list[Bits], levels: int
) -> None:
    frames = Frames.join(bodies[: layout.framing.slices])
    parsed = layout.unframe(frames, lambda header, number: None if header.tag >= levels else 0)
    (header,) = parsed.headers
    assert allowed(header.size) and (header.tag < levels or header == Header((32, 32)))
    assert np.all(parsed.payloads.lengths <= frames.lengths)


def test_a_frame_of_another_length_or_without_filling_is_damaged() -> None:
    layout = FrameFormat(Framing(crc=0), 0, 8)
    for bits in ("", "0", "0110101", "011010100", "00000000", "10000000"):
        parsed = layout.unframe(Frames.join([bits_of(bits)]), any_header)
        assert not parsed.intact.any(), bits
    assert layout.unframe(Frames.join([bits_of("01000000")]), any_header).intact.all()


def test_an_unknown_tag_is_damage_and_the_majority_decides() -> None:
    layout = FrameFormat(Framing(slices=3), 4, 60)
    headers = [Header((32, 32), 2)]
    frames = layout.frame(Frames.join([bits_of("101")] * 3), headers)
    parts = frames.split()
    parts[0][:4] = bits_of("1111")

    def up_to_eight(header: Header, number: int) -> int | None:
        return 0 if header.tag < 8 else None

    parsed = layout.unframe(Frames.join(parts), up_to_eight)
    assert parsed.headers == headers
    assert parsed.intact.tolist() == [False, True, True]


def test_every_flipped_bit_of_a_filled_frame_is_detected() -> None:
    layout = FrameFormat(Framing(crc=16), 4, 64)
    frames = layout.frame(Frames.join([bits_of("1011010011")]), [Header((32, 32), 3)])
    for place in range(64):
        flipped = frames.bits.copy()
        flipped[place] ^= 1
        assert not layout.unframe(frames.with_bits(flipped), any_header).intact.any()


def test_frames_too_short_are_refused_in_words() -> None:
    with pytest.raises(FramingError, match=r"has 21 bits; header, filling and CRC alone take 22"):
        FrameFormat(Framing(), 4, 21)
    layout = FrameFormat(Framing(), 4, 22)
    assert layout.frame(Frames.join([bits_of("")]), [Header((32, 32))]).lengths.tolist() == [22]
    with pytest.raises(FramingError, match=r"a frame of 22 bits; of the 22 agreed it may have 21"):
        layout.frame(Frames.join([bits_of("1")]), [Header((32, 32))])
    with pytest.raises(FramingError, match=r"a frame of 53 bits; of the 22 agreed it may have 21"):
        layout.frame(Frames.join([bits_of("")]), [Header((40, 32))])


@pytest.mark.parametrize("frame_bits", [None, 130])
def test_a_large_size_is_believed_only_with_a_right_crc(frame_bits: int | None) -> None:
    """Of a coder that may need no bits: a flag that flips, and a large image that arrives whole."""
    layout = FrameFormat(Framing(crc=16), 0, frame_bits)
    payload = bits_of(f"{4096:016b}{8192:016b}" + "1" * 40)
    small = layout.frame(Frames.join([payload]), [Header((32, 32))])
    flipped = small.bits.copy()
    flipped[0] ^= 1
    parsed = layout.unframe(small.with_bits(flipped), any_header)
    assert parsed.headers == [Header((32, 32))] and not parsed.intact.any()
    large = layout.frame(Frames.join([payload]), [Header((4096, 8192))])
    parsed = layout.unframe(large, any_header)
    assert parsed.headers == [Header((4096, 8192))] and parsed.intact.all()


@pytest.mark.parametrize("slices", [1, 3])
def test_without_a_crc_both_ends_have_the_same_largest_size(slices: int) -> None:
    """Of frames of 50 bits: a flag, 32 bits of the size, 8 of a length but in the last."""
    layout = FrameFormat(Framing(slices=slices, crc=0))
    bodies = Frames.join([np.ones(n, np.uint8) for n in (*[9] * (slices - 1), 17)])
    width = (FREE_PIXELS + PIXELS_PER_BIT * 50 * slices) // 16
    frames = layout.frame(bodies, [Header((16, width))])
    assert set(frames.lengths) == {50}
    parsed = layout.unframe(frames, any_header)
    assert parsed.headers == [Header((16, width))] and parsed.intact.all()
    with pytest.raises(FramingError, match=r"a frame of only 50 bits.*set framing\.crc"):
        layout.frame(bodies, [Header((16, width + 1))])
