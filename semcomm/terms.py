"""What both ends agree before the first block, besides the codec and the framing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """What a link makes both ends agree.

    frame_bits: of every frame; None where frames have any length.
    """

    frame_bits: int | None = None

    @property
    def budget_bits(self) -> int | None:
        """The most that a frame may have before its filling, which is at least one bit."""
        return None if self.frame_bits is None else self.frame_bits - 1
