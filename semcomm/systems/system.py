"""What a system is: a transmitter, a receiver, and what tables have of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, ModalityName
from semcomm.codec.entropy_coding.code_table import CodeTable
from semcomm.errors import CodecError
from semcomm.frames import Frames, Symbols
from semcomm.framing import Framing
from semcomm.measures.totals import Columns, Totals
from semcomm.modalities.modality import MODALITIES
from semcomm.stages import Arrived, Encoded, Received, Samples, Sent
from semcomm.systems.digital import bit_summary
from semcomm.terms import Terms
from semcomm.validation import Validated

BIT_SUMMARIES = (
    "quantizer",
    "bits_per_image",
    "bits_per_image_ci95",
    "payload_bits_per_image",
    "entropy_bits_per_image",
    "unfit",
    "bpp",
    "index_error_rate",
)
"""Columns of results.csv that only systems of bits fill in."""


class SystemTransmitter(Protocol):
    """The sending end. `encode` knows nothing of the channel, so that cells share its results."""

    def encode(self, samples: Samples) -> Encoded: ...

    def packetize(self, encoded: Encoded) -> Sent[Any]: ...


class SystemReceiver(Protocol):
    """The receiving end. No reception makes it raise."""

    def depacketize(self, reception: Any) -> Arrived: ...

    def reconstruct(self, arrived: Arrived) -> Received: ...


class System(Validated, ABC):
    """A frozen dataclass whose fields are the scenario's section `codec`.

    signal: what its transmitter hands to a channel. Frames of bits go over a link and a channel;
        symbols go straight over a channel of symbols, one frame per sample.
    takes_state: whether `packetize` takes the frames' gains as a second argument, a `State`, where
        both ends may know them (`terms.frame_gain_known`).
    """

    signal: ClassVar[type[Frames] | type[Symbols]] = Frames
    takes_state: ClassVar[bool] = False

    @property
    def repeats(self) -> bool:
        """Whether what was encoded may arrive unchanged, as bits do and symbols with noise do
        not.
        """
        return self.signal is Frames

    @property
    def modality(self) -> ModalityName:
        """What its samples are, by default images."""
        return "rgb8"

    def check_modality(self, there: ModalityName) -> None:
        """Raises CodecError where the samples of a data set are not what it sends."""
        if self.modality != there:
            raise CodecError(
                f"the codec is for {MODALITIES[self.modality].nouns}, and the data are "
                f"{MODALITIES[there].nouns}: name others by `data`"
            )

    @abstractmethod
    def transmitter(self, terms: Terms, framing: Framing) -> SystemTransmitter:
        """The sending end. The framing concerns systems of bits alone."""

    @abstractmethod
    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> SystemReceiver:
        """The receiving end; `damaged` says what becomes of damaged slices."""

    def mistakes(self) -> Mapping[str, Callable[[], object]]:
        """What has to succeed before a run, by the field that is wrong where it raises."""
        return {}

    def disagreements(self, terms: Terms, framing: Framing) -> Mapping[str, Callable[[], object]]:
        """What has to succeed with these terms and this framing, by the key path of what is wrong
        where it raises; the first that raises is reported.
        """
        return {}

    def encode_key(self, terms: Terms, framing: Framing) -> object:
        """What `encode` depends on besides the samples; cells with equal keys share its results."""
        return self

    def reconstruct_key(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> object:
        """What `reconstruct` of undamaged samples depends on besides these; where the system
        `repeats`, cells share its results that have equal keys of both kinds.
        """
        return self

    def fingerprint(self) -> str | None:
        """A digest of what the section names by a path or a name; None where it names nothing."""
        return None

    def columns(self, sent: Sent[Any], received: Received) -> Columns:
        """Figures per sample that only this kind of system has, (B,) each; bits of frames and
        payloads every system of bits has without them.
        """
        return {}

    def tallies(self, sent: Sent[Any]) -> Mapping[str, NDArray[np.int64]]:
        """Counts by value, such as how often each index was sent, up to the highest that was."""
        return {}

    def summary(self, totals: Totals) -> dict[str, Any]:
        """Its columns of results.csv, from what all samples' columns and tallies add up to."""
        return bit_summary(totals) if self.signal is Frames else dict.fromkeys(BIT_SUMMARIES)

    def code_table(self) -> CodeTable | None:
        """The prefix code of its indices, for reports; None where it has none."""
        return None
