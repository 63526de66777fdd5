"""Frames of payloads, for tests."""

from collections.abc import Sequence

from semcomm.frame_format import FrameFormat, Header
from semcomm.frames import Frames
from semcomm.framing import Framing


def framed(framing: Framing, payloads: Frames, sizes: Sequence[tuple[int, int]]) -> Frames:
    """Frames of any length, of images of these sizes without tags."""
    return FrameFormat(framing).frame(payloads, [Header(size) for size in sizes])
