"""What both ends agree before the first block, besides the codec and the framing."""

from dataclasses import dataclass

from semcomm.errors import SettingError


@dataclass(frozen=True)
class Terms:
    """What link and channel make both ends agree.

    frame_bits: of every frame; None where frames have any length.
    esn0_db: of symbols, the channel's nominal Es/N0, before any fade; None for frames of bits, and
        where the channel has none.
    llrs: whether each bit of a frame arrives with its log-likelihood ratio.
    frame_gain_known: of symbols, both ends may know the one gain of each frame.
    """

    frame_bits: int | None = None
    esn0_db: float | None = None
    llrs: bool = False
    frame_gain_known: bool = False

    @property
    def budget_bits(self) -> int | None:
        """The most that a frame may have before its filling, which is at least one bit."""
        return None if self.frame_bits is None else self.frame_bits - 1


def check_budget(budget_bits: int | None, terms: Terms) -> None:
    """Raises SettingError for a budget that frames of an agreed length cannot have."""
    most = terms.budget_bits
    if budget_bits is not None and most is not None and budget_bits > most:
        raise SettingError(
            f"budget_bits is {budget_bits}; link.channel_uses agrees on frames of {most + 1} bits, "
            f"of which at least one is filling: it takes at most {most}, or leave it out"
        )
