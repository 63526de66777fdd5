"""The link: how frames of bits go over a channel, from modulation to retransmission."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.choices import Decisions, LinkModulation
from semcomm.errors import LinkError
from semcomm.frames import Frames
from semcomm.link.adaptation import choose
from semcomm.link.checked_channel import channel_name, with_checks
from semcomm.link.coded import Coded, Retransmission, TransportBlock
from semcomm.link.codes import Code, LdpcCode, RepetitionCode
from semcomm.link.ideal import IdealCarrier, IdealCode
from semcomm.link.interleaved import Interleaved
from semcomm.link.loaded import Loaded
from semcomm.link.loading import Loading
from semcomm.link.modulated import Modulated
from semcomm.link.modulation import BITS_PER_SYMBOL
from semcomm.terms import Terms
from semcomm.validation import Validated

UNCODED = RepetitionCode(1)


@dataclass(frozen=True)
class Link(Validated, error=LinkError):
    """Modulation, channel coding, interleaving and retransmission; a part that is not given is
    left out.
    """

    modulation: Annotated[
        LinkModulation | None,
        doc(
            "for a channel of symbols, and only for one; Gray labels of 3GPP TS 38.211, "
            "unit mean energy. `adaptive` takes modulation and LDPC code from a table, by "
            "channel_uses and the channel's esn0_db; `gaussian` is for an ideal code alone."
        ),
    ] = None
    decisions: Annotated[
        Decisions, doc("of the demapper: exact log-likelihood ratios, or the nearest symbol's bits")
    ] = "soft"
    code: Annotated[Code | None, doc("by default none")] = None
    interleaving: Annotated[
        Annotated[int, Ge(1), Le(4096), Unit("frames")] | None,
        doc(
            "the coded bits of this many consecutive frames are mixed and carried as one frame; "
            "1 mixes each frame alone. By default none are mixed."
        ),
    ] = None
    retransmission: Annotated[
        Retransmission | None, doc("of frames whose CRC fails, by default none")
    ] = None
    channel_uses: Annotated[
        Annotated[int, Ge(64), Le(4096), Unit("channel uses")] | None,
        doc(
            "each transmission of a frame is a transport block of exactly so many, pilots "
            "included; the frame's length follows, is agreed, and is filled up. By default frames "
            "have any length."
        ),
    ] = None
    ideal: Annotated[
        IdealCode | None,
        doc(
            "in place of a code, frames of the length that the normal approximation allows over "
            "channel_uses; no code, and no bound. By default none."
        ),
    ] = None
    loading: Annotated[
        Loading | None,
        doc(
            "in place of a modulation, one for each subcarrier by its gain, with its share of the "
            "energy; for channels whose gains hold for a frame and are known to both ends. By "
            "default none."
        ),
    ] = None

    @property
    def bits_per_symbol(self) -> int:
        """Raises LinkError where it depends on the channel."""
        if self.modulation == "adaptive" or self.modulation == "gaussian":
            raise LinkError(f"link.modulation is {self.modulation}, which depends on the channel")
        return BITS_PER_SYMBOL[self.modulation] if self.modulation else 1

    @property
    def efficiency(self) -> Fraction:
        """Nominal payload bits per symbol: bits per symbol times the code rate.

        Raises LinkError where it depends on the channel.
        """
        if self.ideal:
            raise LinkError("link.ideal has no code rate but by the channel's Es/N0")
        if self.loading:
            raise LinkError("link.loading has as many bits per symbol as the gains allow")
        return self.bits_per_symbol * (self.code.nominal_rate if self.code else Fraction(1))

    def terms(self, channel: BitChannel | SymbolChannel) -> Terms:
        """What both ends agree from this link over this channel.

        Raises LinkError or ChannelError where no frame takes `channel_uses`.
        """
        if self.ideal:
            return Terms(self._ideal_carrier(channel).frame_bits)
        block = self.adapted(channel)._block(channel)
        return Terms(block.frame_bits if block else None, llrs=self._gives_llrs(channel))

    def adapted(self, channel: BitChannel | SymbolChannel) -> "Link":
        """This link with modulation and code for this channel; itself where they are not adaptive.

        Raises LinkError where the table does not say which.
        """
        if self.modulation != "adaptive":
            return self
        esn0_db = getattr(channel, "esn0_db", None)
        if self.channel_uses is None or esn0_db is None or self.code or self.ideal:
            raise LinkError(
                "link.modulation is adaptive, which takes link.channel_uses and a channel with an "
                "esn0_db, and neither link.code nor link.ideal"
            )
        choice = choose(self.channel_uses, esn0_db)
        return replace(self, modulation=choice.modulation, code=LdpcCode(choice.rate))

    def check(self, channel: BitChannel | SymbolChannel, crc: int) -> None:
        """Raises LinkError where this link does not match the channel, or frames with a CRC of this
        many bits.
        """
        self.check_channel(channel)
        if self.retransmission and not crc:
            raise LinkError(
                "link.retransmission needs a check of frames: set framing.crc to 8 or more"
            )

    def check_channel(self, channel: BitChannel | SymbolChannel) -> None:
        """Raises LinkError where this link does not match the channel, or its parts each other."""
        name = channel_name(channel)
        if self.loading:
            self._check_loading(channel)
        elif isinstance(channel, SymbolChannel) and not self.modulation:
            raise LinkError(
                f"channel {name} carries symbols, so it takes link.modulation (--modulation): "
                f"{', '.join(BITS_PER_SYMBOL)}"
            )
        if isinstance(channel, SymbolChannel) and channel.gain_knowledge == "none":
            raise LinkError(
                f"the receiver knows no gain of channel {name}, and no demapper works without: "
                "take another estimation"
            )
        if isinstance(channel, BitChannel) and self.modulation:
            raise LinkError(
                f"link.modulation is {self.modulation}, but channel {name} carries bits: leave "
                "it out"
            )
        if self.decisions == "hard" and not self.modulation and not self.loading:
            raise LinkError(
                f"link.decisions is hard, but channel {name} has no demapper: leave it out"
            )
        if self.ideal:
            self._ideal_carrier(channel)
            return
        if self.modulation == "gaussian":
            raise LinkError(
                "link.modulation is gaussian, which no modulator makes: take link.ideal with it, "
                f"or one of {', '.join(BITS_PER_SYMBOL)}"
            )
        used, again = self.adapted(channel), self.retransmission
        if again and again.model == "incremental" and not isinstance(used.code, LdpcCode):
            raise LinkError(
                "link.retransmission.model is incremental, which sends other bits of a mother "
                "codeword: set link.code.model to ldpc, or the retransmission's model to chase"
            )
        used._block(channel)

    def wrap(
        self, channel: BitChannel | SymbolChannel, crc_ok: Callable[[Frames], NDArray[np.bool_]]
    ) -> BitChannel:
        """This link over a channel whose answers are checked, as a channel for frames.

        crc_ok: the receiver's check, (F,) bool of F frames.
        Raises LinkError where the link does not match the channel.
        """
        self.check_channel(channel)
        if self.ideal:
            return self._ideal_carrier(channel)
        return self.adapted(channel)._wrap(channel, crc_ok)

    def _wrap(
        self, channel: BitChannel | SymbolChannel, crc_ok: Callable[[Frames], NDArray[np.bool_]]
    ) -> BitChannel:
        code, block = self.code or UNCODED, self._block(channel)
        channel = with_checks(channel)
        carrier: BitChannel
        if self.loading:
            carrier = Loaded(channel, self.loading, self.decisions, code.hard_llr)
        elif isinstance(channel, BitChannel):
            carrier = channel
        else:
            assert self.modulation in BITS_PER_SYMBOL  # else a channel of symbols was refused
            carrier = Modulated(channel, self.modulation, self.decisions, code.hard_llr)
        if self.interleaving:
            carrier = Interleaved(carrier, self.interleaving)
        if self.code or self.retransmission or block:
            carrier = Coded(carrier, code, self.bits_per_symbol, self.retransmission, crc_ok, block)
        return carrier

    def _gives_llrs(self, channel: BitChannel | SymbolChannel) -> bool:
        """Whether frames arrive with the demapper's LLRs; a decoder gives bits alone."""
        is_coded = self.code or self.retransmission or self.channel_uses
        return isinstance(channel, SymbolChannel) and self.decisions == "soft" and not is_coded

    def _check_loading(self, channel: BitChannel | SymbolChannel) -> None:
        for part in ("modulation", "interleaving", "channel_uses", "ideal"):
            if getattr(self, part) is not None:
                raise LinkError(
                    f"link.{part} is beside link.loading, by which bits and channel uses of a "
                    "frame follow from its gains: leave it out"
                )
        name, rng = channel_name(channel), np.random.default_rng(0)
        if isinstance(channel, BitChannel) or with_checks(channel).draw(1, rng) is None:
            raise LinkError(
                f"link.loading takes gains that hold for a whole frame, and channel {name} has "
                "none: take rayleigh or rician without coherence, or tdl without speed and pilots"
            )
        if channel.gain_knowledge != "known":
            raise LinkError(
                f"link.loading takes gains that the receiver knows, but those of channel {name} "
                f"are {channel.gain_knowledge}: take estimation known"
            )

    def _ideal_carrier(self, channel: BitChannel | SymbolChannel) -> IdealCarrier:
        assert self.ideal
        beside = {
            "code": self.code,
            "interleaving": self.interleaving,
            "retransmission": self.retransmission,
            "decisions": self.decisions == "hard",
        }
        for name in filter(beside.get, beside):
            raise LinkError(f"link.{name} is beside link.ideal, which takes none: leave it out")
        if self.channel_uses is None or self.modulation == "adaptive":
            raise LinkError(
                "link.ideal takes link.channel_uses, and as link.modulation over a channel of "
                f"symbols gaussian, {', '.join(BITS_PER_SYMBOL)}"
            )
        bits = self.ideal.frame_bits(channel, self.modulation, self.channel_uses)
        return IdealCarrier(bits, self.channel_uses, self.ideal.frame_error_rate)

    def _block(self, channel: BitChannel | SymbolChannel) -> TransportBlock | None:
        uses = self.channel_uses
        if uses is None:
            return None
        is_of_symbols = isinstance(channel, SymbolChannel)
        symbols = with_checks(channel).symbols_in(uses) if is_of_symbols else uses
        if symbols != uses and self.interleaving not in (None, 1):
            raise LinkError(
                f"link.interleaving is {self.interleaving}, but pilots or prefixes of channel "
                f"{channel_name(channel)} take some of the channel uses of each frame: with "
                "link.channel_uses it takes 1"
            )
        sent_bits = symbols * self.bits_per_symbol
        return TransportBlock(uses, sent_bits, (self.code or UNCODED).payload_bits_in(sent_bits))
