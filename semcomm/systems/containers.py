"""The bytes that every file of an image format and size has, left out and put back.

Each format has a pair of functions, `body_of` and `file_of`, which are given the file of a blank
image of the same size and setting to take the fixed bytes from: file_of(body_of(file, blank),
blank) == file.
"""

from collections.abc import Callable
from typing import NamedTuple


class Container(NamedTuple):
    """How to part a file, and how to put it together again."""

    body_of: Callable[[bytes, bytes], bytes]
    file_of: Callable[[bytes, bytes], bytes]


def _jpeg_body(file: bytes, blank: bytes) -> bytes:
    return file[_jpeg_header(blank) : -len(END_OF_IMAGE)]


def _jpeg_file(body: bytes, blank: bytes) -> bytes:
    return blank[: _jpeg_header(blank)] + body + END_OF_IMAGE


END_OF_IMAGE = b"\xff\xd9"


def _jpeg_header(blank: bytes) -> int:
    """Where the scan's data begins: after tables that depend on quality and size alone (ITU-T T.81,
    annex B).
    """
    start_of_scan = blank.index(b"\xff\xda")
    return start_of_scan + 2 + int.from_bytes(blank[start_of_scan + 2 : start_of_scan + 4], "big")


def _webp_body(file: bytes, blank: bytes) -> bytes:
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


def _avif_body(file: bytes, blank: bytes) -> bytes:
    """What follows the boxes and the AV1 sequence header, which depend on size and setting
    alone.
    """
    return file[_avif_header(file) :]


def _avif_file(body: bytes, blank: bytes) -> bytes:
    """The boxes tell the length of the coded image twice: behind its offset, and in the size of the
    last box.
    """
    data = blank.index(b"mdat") + 4
    coded = blank[data : _avif_header(blank)] + body
    offset = data.to_bytes(4, "big")
    extent, last = (
        offset + (len(blank) - data).to_bytes(4, "big"),
        (8 + len(coded)).to_bytes(4, "big"),
    )
    boxes = blank[: data - 8].replace(extent, offset + len(coded).to_bytes(4, "big"))
    return boxes + last + b"mdat" + coded


def _avif_header(file: bytes) -> int:
    """The end of the temporal delimiter and the sequence header that begin an AV1 bitstream (its
    section 5.3).
    """
    place = file.index(b"mdat") + 4
    while (file[place] >> 3) & 15 in (1, 2):
        place += 2 + file[place + 1]
    return place


def _jpeg_xl_body(file: bytes, blank: bytes) -> bytes:
    """A codestream without its signature (ISO/IEC 18181-1); no box stands around it."""
    return file[2:]


def _jpeg_xl_file(body: bytes, blank: bytes) -> bytes:
    return blank[:2] + body


CONTAINERS = {
    "jpeg": Container(_jpeg_body, _jpeg_file),
    "webp": Container(_webp_body, _webp_file),
    "avif": Container(_avif_body, _avif_file),
    "jpeg_xl": Container(_jpeg_xl_body, _jpeg_xl_file),
}
