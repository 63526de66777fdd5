"""A decoder of indices written from docs/bitstream.md and an exported code table alone, and the
page's own figures.

Nothing here decodes with semcomm: the reader below is plain Python over `struct`, `zlib` and `csv`.
"""

import csv
import io
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from framed import framed
from images import sample_of
from pages import ROOT

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.codec.description import write_code_table
from semcomm.data.sample import Sample
from semcomm.frame_format import FrameFormat, Header
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.terms import Terms
from semcomm.transmission import Preamble, write_transmission
from semcomm.transmitter import Transmitter
from semcomm.zoo.find import load_codec, load_codecs
from semcomm.zoo.names import codec_names

PAGE = (ROOT / "docs" / "bitstream.md").read_text()
POLYNOMIALS = {8: 0x07, 16: 0x1021, 24: 0x864CFB, 32: 0x04C11DB7}

Table = dict[str, int]
"""The index of each codeword."""


@dataclass
class Bits:
    """Zeros and ones as text, read from the front."""

    text: str
    position: int = 0

    def take(self, count: int) -> str:
        taken = self.text[self.position : self.position + count]
        assert len(taken) == count, "the bits end too soon"
        self.position += count
        return taken

    def number(self, count: int) -> int:
        return int(self.take(count) or "0", 2)

    def symbol(self, table: Table) -> int:
        word = ""
        while word not in table:
            word += self.take(1)
        return table[word]


@dataclass
class Shape:
    """The framing as the preamble tells it, and g, which `semcomm codec show` prints."""

    header: int
    slices: int
    crc: int
    size: tuple[int, int]
    groups: int
    length_bits: int = 8
    tag_bits: int = 0
    filled: bool = False

    def band(self, size: tuple[int, int], number: int) -> int:
        """How many indices the slice of this number holds."""
        rows, columns = -(-size[0] // 4), -(-size[1] // 4)
        first, stop = number * rows // self.slices, (number + 1) * rows // self.slices
        return (stop - first) * columns * self.groups


def huffman_table(path: Path) -> Table:
    with path.open(newline="") as file:
        return {row["codeword"]: int(row["symbol"]) for row in csv.DictReader(file)}


def canonical_table(path: Path) -> Table:
    """From the column of lengths alone."""
    with path.open(newline="") as file:
        rows = sorted((int(row["length"]), int(row["symbol"])) for row in csv.DictReader(file))
    table, code, last = {}, -1, rows[0][0]
    for length, symbol in rows:
        code = (code + 1) << (length - last)
        last = length
        table[f"{code:0{length}b}" if length else ""] = symbol
    return table


def fixed_length_table(codewords: int) -> Table:
    width = len(f"{codewords - 1:b}") if codewords > 1 else 0
    return {f"{symbol:0{width}b}" if width else "": symbol for symbol in range(codewords)}


def crc(bits: str, width: int) -> int:
    ones = (1 << width) - 1
    register = ones
    for bit in bits:
        carry = register >> (width - 1) ^ int(bit)
        register = register << 1 & ones
        if carry:
            register ^= POLYNOMIALS[width]
    return register


def read_frame(
    text: str, number: int, shape: Shape, table: Table
) -> tuple[tuple[int, int], list[int]]:
    """An image's size and the indices of its slice `number`."""
    if shape.crc:
        assert crc(text, shape.crc) == 0
    text = text[: len(text) - shape.crc]
    bits, size = Bits(text.rstrip("0")[:-1] if shape.filled else text), shape.size
    bits.take(shape.tag_bits)
    if shape.header and bits.number(1):
        size = bits.number(16), bits.number(16)
    if number < shape.slices - 1 and not shape.filled:
        length = bits.number(shape.length_bits)
        if length == 2**shape.length_bits - 1:
            length = bits.number(32)
        assert length == len(bits.text) - bits.position
    indices = [bits.symbol(table) for _ in range(shape.band(size, number))]
    assert bits.position == len(bits.text)
    return size, indices


def read_file(
    content: bytes, groups: int, table: Table
) -> tuple[str, list[tuple[tuple[int, int], list[int]]]]:
    """The codec's name, and each image's size and indices."""
    magic, version, header, slices, width, length_bits, coder, height, columns, _, name_bytes = (
        struct.unpack_from(">4sBBBBBBHH8sB", content)
    )
    assert (magic, version, coder) == (b"SEMC", 2, 1)
    position = 23 + name_bytes
    assert struct.unpack_from(">I", content, position)[0] == zlib.crc32(content[:position])
    name = content[23:position].decode()
    shape = Shape(header, slices, width, (height, columns), groups, length_bits)
    position += 4
    images: list[tuple[tuple[int, int], list[int]]] = []
    while frames := struct.unpack_from(">I", content, position)[0]:
        lengths = struct.unpack_from(f">{frames}I", content, position + 4)
        position += 4 + 4 * frames
        packed = content[position : position + -(-sum(lengths) // 8)]
        position += len(packed)
        block = Bits("".join(f"{byte:08b}" for byte in packed))
        for number, length in enumerate(lengths):
            size, indices = read_frame(block.take(length), number % slices, shape, table)
            if number % slices:
                assert size == images[-1][0]
                images[-1][1].extend(indices)
            else:
                images.append((size, indices))
    assert content[position:] == bytes(4)
    return name, images


@pytest.fixture(scope="module", params=["tiny", *codec_names()])
def codec(request: pytest.FixtureRequest, tiny_codec: Codec) -> Codec:
    return tiny_codec if request.param == "tiny" else load_codec(request.param)


@pytest.mark.parametrize("coder", ["huffman", "fixed_length"])
def test_page_and_table_decode_the_samples_bare_payloads(
    codec: Codec, coder: EntropyCoding, tmp_path: Path
) -> None:
    samples = sample_of(codec.modality).load(0, 256)
    sent = Transmitter(codec, coder, Framing.raw()).transmit(samples)
    write_code_table(codec, tmp_path / "table.csv")
    tables = {
        "huffman": huffman_table(tmp_path / "table.csv"),
        "fixed_length": fixed_length_table(codec.geometry.codewords),
    }
    payload = Bits("".join(map(str, sent.signal.bits)))
    count = 64 * codec.geometry.groups
    for grid in sent.encoded["indices"]:
        assert [payload.symbol(tables[coder]) for _ in range(count)] == grid.ravel().tolist()
    assert payload.position == len(payload.text)


def test_the_lengths_of_a_table_alone_give_its_codewords(codec: Codec, tmp_path: Path) -> None:
    write_code_table(codec, tmp_path / "table.csv")
    assert canonical_table(tmp_path / "table.csv") == huffman_table(tmp_path / "table.csv")


@pytest.mark.parametrize(
    "framing",
    [
        Framing(),
        Framing(slices=3, crc=24),
        Framing(slices=20, crc=8, size=(33, 50), length_bits=5),
        Framing(slices=2, crc=0, length_bits=16),
    ],
)
def test_page_and_table_decode_a_transmission_from_its_bytes(
    tiny_codec: Codec, framing: Framing, tmp_path: Path
) -> None:
    wide = np.concatenate(Sample().load(0, 3), axis=1)
    blocks = [
        [*Sample().load(0, 5), wide[:9, :70], wide[:1, :1]],
        [np.concatenate([wide, wide])[:33, :50]],
    ]
    transmitter = Transmitter(tiny_codec, "huffman", framing)
    sent = [transmitter.transmit(images) for images in blocks]
    stream = io.BytesIO()
    write_transmission(
        stream, Preamble.of(tiny_codec, "huffman", framing), [block.signal for block in sent]
    )
    write_code_table(tiny_codec, tmp_path / "table.csv")

    name, images = read_file(
        stream.getvalue(), tiny_codec.geometry.groups, huffman_table(tmp_path / "table.csv")
    )

    assert name == "tiny"
    assert [size for size, _ in images] == [image.shape[:2] for block in blocks for image in block]
    for (_, indices), grid in zip(
        images, [grid for block in sent for grid in block.encoded["indices"]], strict=True
    ):
        assert indices == grid.ravel().tolist()


def test_the_example_of_the_page_is_its_frame_and_its_file() -> None:
    frame = bits_of_table(PAGE.partition("**Example.**")[2].partition("The same indices")[0])
    assert len(frame) == 56
    table = {"10": 0, "0": 1, "110": 2, "111": 3}
    assert read_frame(frame, 0, Shape(1, 1, 16, (32, 32), 1), table) == ((8, 8), [1, 0, 3, 1])
    ours = framed(Framing(), Frames.join([np.array([0, 1, 0, 1, 1, 1, 0], np.uint8)]), [(8, 8)])
    assert "".join(map(str, ours.bits)) == frame

    lines = PAGE.partition("whose SHA-256 begins with")[2].splitlines()
    content = bytes.fromhex("".join(line for line in lines if line.startswith("    ")))
    assert read_file(content, 1, table) == ("tiny", [((8, 8), [1, 0, 3, 1])])
    stream = io.BytesIO()
    write_transmission(stream, Preamble("tiny", bytes(range(8)), "huffman", Framing()), [ours])
    assert stream.getvalue() == content


def test_the_filled_example_of_the_page_is_its_frame() -> None:
    frame = bits_of_table(PAGE.partition("The same indices for")[2].partition("##")[0])
    assert len(frame) == 40 and frame[:4] == "0101"
    table, shape = {"10": 0, "0": 1, "110": 2, "111": 3}, Shape(1, 1, 16, (8, 8), 1, 8, 4, True)
    assert read_frame(frame, 0, shape, table) == ((8, 8), [1, 0, 3, 1])
    layout = FrameFormat(Framing(size=(8, 8)), 4, 40)
    payload = Frames.join([np.array([0, 1, 0, 1, 1, 1, 0], np.uint8)])
    assert "".join(map(str, layout.frame(payload, [Header((8, 8), 5)]).bits)) == frame


def test_page_and_table_decode_filled_frames_of_levels(tmp_path: Path) -> None:
    codecs, framing = load_codecs("ecvq-levels"), Framing(slices=2, crc=8)
    terms = Terms(frame_bits=300)
    sent = Transmitter(codecs, "huffman", framing, terms=terms).transmit(Sample().load(0, 24))
    shapes = [Shape(1, 2, 8, (32, 32), codec.geometry.groups, 8, 4, True) for codec in codecs]
    frames, levels = sent.signal.split(), sent.encoded["level"]
    assert len(set(levels.tolist())) > 1 and {frame.size for frame in frames} == {300}
    for image, (level, grid) in enumerate(zip(levels, sent.encoded["indices"], strict=True)):
        write_code_table(codecs[level], tmp_path / "table.csv")
        table, indices = huffman_table(tmp_path / "table.csv"), []
        for number in range(2):
            text = "".join(map(str, frames[2 * image + number]))
            assert int(text[:4], 2) == level
            indices += read_frame(text, number, shapes[level], table)[1]
        assert indices == grid.ravel().tolist()


def bits_of_table(text: str) -> str:
    return "".join(bits for row in text.splitlines() for bits in re.findall(r"`([01]+)`", row))


def test_the_polynomials_and_check_values_of_the_page() -> None:
    nine = "".join(f"{byte:08b}" for byte in b"123456789")
    rows = re.findall(r"^\| (\d+) \| (x\^.*) \| (0x\w+) \| (0x\w+) \|", PAGE, re.MULTILINE)
    assert [int(width) for width, *_ in rows] == [32, 24, 16, 8]
    for width, terms, polynomial, check in rows:
        powers = {"1": 0, "x": 1} | {f"x^{power}": power for power in range(2, 33)}
        assert sum(1 << powers[term] for term in terms.split(" + ")) == 1 << int(width) | int(
            polynomial, 16
        )
        assert POLYNOMIALS[int(width)] == int(polynomial, 16)
        assert crc(nine, int(width)) == int(check, 16)
    assert f"{zlib.crc32(b'123456789'):X}" in PAGE
