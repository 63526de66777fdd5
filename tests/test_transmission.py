"""Transmissions as bytes: round trips, the layout by hand, and every way of being cut off or
damaged.
"""

import io
import struct
import tracemalloc
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sizes import image_sizes

from semcomm.errors import TransmissionError
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.transmission import Preamble, read_blocks, write_transmission

PREAMBLE = Preamble("tiny", bytes(range(8)), "huffman", Framing(slices=2))
BLOCKS = [[[1, 0, 1], []], [[0] * 9, [1] * 20, [1, 1], [0]]]


def frames_of(block: list[list[int]]) -> Frames:
    return Frames.join([np.array(bits, np.uint8) for bits in block])


def transmission(preamble: Preamble, blocks: list[list[list[int]]]) -> bytes:
    stream = io.BytesIO()
    write_transmission(stream, preamble, map(frames_of, blocks))
    return stream.getvalue()


def read(content: bytes) -> tuple[Preamble, list[list[list[int]]]]:
    stream = io.BytesIO(content)
    preamble = Preamble.read(stream)
    return preamble, [[bits.tolist() for bits in frames.split()] for frames in read_blocks(stream)]


def preamble_with(**fields: int) -> bytes:
    """A preamble whose CRC fits, whatever it says."""
    says = {
        "header": 1,
        "slices": 2,
        "crc": 16,
        "length_bits": 8,
        "coder": 1,
        "height": 32,
        "width": 32,
    } | fields
    content = b"SEMC\x02" + struct.pack(">BBBBBHH", *says.values()) + bytes(8) + b"\x04tiny"
    return content + struct.pack(">I", zlib.crc32(content))


@st.composite
def preambles(draw: st.DrawFn) -> Preamble:
    header = draw(st.booleans())
    size = draw(image_sizes)
    slices = draw(st.integers(1, 255)) if header else 1
    framing = Framing(
        header, slices, draw(st.sampled_from([0, 8, 16, 24, 32])), size, draw(st.integers(1, 16))
    )
    name = draw(st.text(max_size=63))  # a character takes at most 4 bytes, a name at most 255
    coder = draw(st.sampled_from(["fixed_length", "huffman"]))
    return Preamble(name, draw(st.binary(min_size=8, max_size=8)), coder, framing)


@given(
    preambles(),
    st.lists(
        st.lists(st.lists(st.integers(0, 1), max_size=20), min_size=1, max_size=5), max_size=4
    ),
)
def test_what_is_written_is_read(preamble: Preamble, blocks: list[list[list[int]]]) -> None:
    assert read(transmission(preamble, blocks)) == (preamble, blocks)


def test_a_transmission_by_hand() -> None:
    preamble = (
        bytes.fromhex("53454d43 02  01 02 10 08 01  0020 0020  0001020304050607  04") + b"tiny"
    )
    crc = struct.pack(">I", zlib.crc32(preamble))
    first = bytes.fromhex("00000002  00000003 00000000  a0")  # 101 00000
    second = bytes.fromhex(
        "00000004  00000009 00000014 00000002 00000001  007ffffe"
    )  # 9 zeros, 22 ones, a zero
    assert transmission(PREAMBLE, BLOCKS) == preamble + crc + first + second + bytes(4)
    assert len(preamble + crc) == 27 + len("tiny")


@pytest.mark.parametrize("stop", range(len(transmission(PREAMBLE, BLOCKS))))
def test_cut_off_transmission_gives_whole_blocks_and_an_error(stop: int) -> None:
    content = transmission(PREAMBLE, BLOCKS)
    stream = io.BytesIO(content[:stop])
    result = []
    with pytest.raises(TransmissionError, match=r"cut off|not a transmission"):
        Preamble.read(stream)
        for frames in read_blocks(stream):
            result.append([bits.tolist() for bits in frames.split()])
    assert result == BLOCKS[: len(result)]
    ends = [
        len(PREAMBLE.to_bytes()) + n
        for n in np.cumsum([len(frames_of(b).to_bytes()) for b in BLOCKS])
    ]
    assert len(result) == sum(stop >= end for end in ends)


def test_what_goes_on_after_its_end_is_damaged() -> None:
    content = transmission(PREAMBLE, BLOCKS)
    lost = content.replace(
        struct.pack(">I", 4), struct.pack(">I", 0), 1
    )  # one bit makes a block the end
    for wrong in (content + b"\0", lost):
        with pytest.raises(TransmissionError, match="goes on after its end"):
            read(wrong)


def test_flipped_bits_give_error_or_blocks_in_little_memory() -> None:
    content = transmission(PREAMBLE, BLOCKS)
    rng = np.random.default_rng(0)
    tracemalloc.start()
    for _ in range(3000):
        damaged = bytearray(content)
        for place in rng.integers(0, 8 * len(content), rng.integers(1, 4)):
            damaged[place >> 3] ^= 1 << (place & 7)
        try:
            preamble, blocks = read(bytes(damaged))
        except TransmissionError:
            continue
        assert preamble == PREAMBLE  # its CRC-32 detects any three flipped bits
        assert sum(len(bits) for block in blocks for bits in block) <= 8 * len(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22  # a read asks for a megabyte at most, whatever a count says


@given(st.binary(max_size=60))
@settings(max_examples=300)
def test_any_bytes_after_a_preamble_give_blocks_or_an_error(rest: bytes) -> None:
    try:
        _, blocks = read(PREAMBLE.to_bytes() + rest)
    except TransmissionError:
        return
    assert all(blocks)


@given(st.binary(max_size=60))
def test_any_bytes_at_all_are_no_transmission(content: bytes) -> None:
    with pytest.raises(TransmissionError):
        read(content)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (struct.pack(">I", 1 << 16) + bytes(4 << 16), None),
        (struct.pack(">I", (1 << 16) + 1) + bytes(1000), "a block claims 65537 frames"),
        (struct.pack(">I", 0xFFFFFFFF) + bytes(1000), "a block claims 4294967295 frames"),
        (struct.pack(">2I", 1, (1 << 28) + 1) + bytes(1000), "a block claims 268435457 bits"),
        (
            struct.pack(">3I", 2, 0xFFFFFFFF, 0xFFFFFFFF) + bytes(1000),
            "a block claims 8589934590 bits",
        ),
        (struct.pack(">2I", 1, 1 << 28) + bytes(1000), "cut off"),
        (struct.pack(">I", 1 << 16) + bytes(1000), "cut off"),
    ],
)
def test_impossible_counts_are_refused_before_allocation(block: bytes, message: str | None) -> None:
    stream = io.BufferedReader(
        io.BytesIO(block)
    )  # as of a file, it makes room for all that it is asked for
    if message is None:
        assert len(next(read_blocks(stream))) == 1 << 16
        return
    tracemalloc.start()
    with pytest.raises(TransmissionError, match=message):
        list(read_blocks(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22  # as above


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"slices": 0}, "slices is 0"),
        ({"crc": 7}, "crc is 7"),
        ({"header": 0}, "slices is 2, which needs header true"),
        ({"length_bits": 0}, "length_bits is 0"),
        ({"height": 0}, r"size is \[0, 32\]"),
        ({"height": 65535, "width": 65535}, r"size is \(65535, 65535\)"),
        ({"coder": 3}, "says what cannot be"),
    ],
)
def test_a_preamble_that_says_what_cannot_be_is_refused(
    fields: dict[str, int], message: str
) -> None:
    with pytest.raises(TransmissionError, match=message):
        read(preamble_with(**fields))


def test_a_name_that_is_no_text_is_refused() -> None:
    content = preamble_with()[:-8] + b"\xff\xfe\xfd\xfc"
    with pytest.raises(TransmissionError, match="says what cannot be"):
        read(content + struct.pack(">I", zlib.crc32(content)))


def test_a_preamble_of_a_later_version_is_no_transmission_yet() -> None:
    with pytest.raises(TransmissionError, match="begins with b'SEMC"):
        read(PREAMBLE.to_bytes().replace(b"SEMC\x02", b"SEMC\x03"))


def test_what_does_not_fit_a_file_is_not_written() -> None:
    with pytest.raises(TransmissionError, match="the codec's name has 256 bytes"):
        replace(PREAMBLE, codec="ä" * 128).to_bytes()
    crowd = Frames(np.empty(0, np.uint8), np.zeros((1 << 16) + 1, np.int64))
    with pytest.raises(TransmissionError, match="a block has 65537 frames of 0 bits"):
        write_transmission(io.BytesIO(), PREAMBLE, [crowd])


def test_pipes_that_hand_over_a_byte_at_a_time_are_read_whole() -> None:
    class Dripping(io.BytesIO):
        def read(self, count: int | None = -1, /) -> bytes:
            return super().read(min(1, count or 0))

    stream = Dripping(transmission(PREAMBLE, BLOCKS))
    assert Preamble.read(stream) == PREAMBLE
    assert [frames.lengths.tolist() for frames in read_blocks(stream)] == [[3, 0], [9, 20, 2, 1]]
