"""The bytes that every file of an image format and size has, left out and put back.

file_of(body_of(file), blank) == file, where `blank` is the file of a blank image of the same size
and setting. It has the fixed bytes.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from semcomm.choices import ImageFormat


class Container(NamedTuple):
    """How to part a file, and how to put it together again.

    varies: the fixed bytes differ with the quality.
    sized: they differ with the size of the image.
    """

    body_of: Callable[[bytes], bytes]
    file_of: Callable[[bytes, bytes], bytes]
    varies: bool = False
    sized: bool = True


def _jpeg_body(file: bytes) -> bytes:
    return file[_jpeg_header(file) : -len(END_OF_IMAGE)]


def _jpeg_file(body: bytes, blank: bytes) -> bytes:
    return blank[: _jpeg_header(blank)] + body + END_OF_IMAGE


END_OF_IMAGE = b"\xff\xd9"


def _jpeg_header(file: bytes) -> int:
    """Where the scan's data begins: after tables that depend on quality and size alone (ITU-T T.81,
    annex B).
    """
    start_of_scan = file.index(b"\xff\xda")
    return start_of_scan + 2 + int.from_bytes(file[start_of_scan + 2 : start_of_scan + 4], "big")


def _webp_body(file: bytes) -> bytes:
    """A lossy file's only chunk without start code and size (RFC 6386, section 9.1; RFC 9649,
    section 2.5).
    """
    chunk = file[20 : 20 + int.from_bytes(file[16:20], "little")]
    return chunk[:3] + chunk[10:]


def _webp_file(body: bytes, blank: bytes) -> bytes:
    chunk = body[:3] + blank[23:30] + body[3:]
    padded = chunk + bytes(len(chunk) % 2)
    riff_size = (12 + len(padded)).to_bytes(4, "little")
    return b"RIFF" + riff_size + b"WEBPVP8 " + len(chunk).to_bytes(4, "little") + padded


def _avif_body(file: bytes) -> bytes:
    """What follows the boxes and the AV1 sequence header, which depend on size and setting
    alone.
    """
    return file[_avif_header(file) :]


def _avif_file(body: bytes, blank: bytes) -> bytes:
    begin = blank.index(b"mdat") + 4
    return _with_data(blank, blank[begin : _avif_header(blank)] + body)


def _avif_header(file: bytes) -> int:
    """The end of the temporal delimiter and the sequence header that begin an AV1 bitstream (its
    section 5.3).
    """
    place = file.index(b"mdat") + 4
    while (file[place] >> 3) & 15 in (1, 2):
        place += 2 + file[place + 1]
    return place


def _hevc_body(file: bytes) -> bytes:
    """The only slice of the picture without its length and its header of two bytes (ISO/IEC
    14496-15, section 4.3.2; ITU-T H.265, section 7.3.1.2). Parameter sets are in the boxes.
    """
    return file[file.index(b"mdat") + 10 :]


def _hevc_file(body: bytes, blank: bytes) -> bytes:
    begin = blank.index(b"mdat") + 8
    unit = blank[begin : begin + 2] + body
    return _with_data(blank, len(unit).to_bytes(4, "big") + unit, between=bytes([0, 1, 0, 0, 0, 0]))


def _with_data(blank: bytes, data: bytes, between: bytes = b"") -> bytes:
    """A file of ISO/IEC 23008-12 with this coded image in place of a blank one.

    The boxes tell its length twice: behind its offset, and in the size of the last box.

    between: what the item's location has between offset and length.
    """
    begin = blank.index(b"mdat") + 4
    offset = begin.to_bytes(4, "big") + between
    old, new = (offset + size.to_bytes(4, "big") for size in (len(blank) - begin, len(data)))
    boxes = blank[: begin - 8].replace(old, new)
    return boxes + (8 + len(data)).to_bytes(4, "big") + b"mdat" + data


def _jpeg_xl_body(file: bytes) -> bytes:
    """A codestream without its signature (ISO/IEC 18181-1); no box stands around it."""
    return file[2:]


def _jpeg_xl_file(body: bytes, blank: bytes) -> bytes:
    return blank[:2] + body


CONTAINERS: Mapping[ImageFormat, Container] = {
    "jpeg": Container(_jpeg_body, _jpeg_file, varies=True),
    "webp": Container(_webp_body, _webp_file),
    "avif": Container(_avif_body, _avif_file),
    "jpeg_xl": Container(_jpeg_xl_body, _jpeg_xl_file, sized=False),
    "hevc": Container(_hevc_body, _hevc_file),
}
