"""The learned digital system: networks, a quantizer, an entropy coder and frames of bits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from annotated_types import doc
from numpy.typing import NDArray

from semcomm.choices import (
    DamagedPolicy,
    Decisions,
    Device,
    DType,
    EntropyCoding,
    ModalityName,
)
from semcomm.codec.codec import Codec, Indices
from semcomm.codec.devices import torch_device
from semcomm.codec.entropy_coding import entropy_coder
from semcomm.codec.entropy_coding.code_table import CodeTable
from semcomm.codec.entropy_coding.prefix_code import PrefixCode
from semcomm.codec.levels import check_choice, digest_of, tag_bits
from semcomm.errors import SettingError
from semcomm.frame_format import FrameFormat
from semcomm.frames import Frames
from semcomm.framing import Budget, Framing
from semcomm.measures.totals import Columns, Totals
from semcomm.receiver import Receiver
from semcomm.soft_decoding import check_soft
from semcomm.stages import Received, Sent
from semcomm.systems.digital import bit_summary
from semcomm.systems.system import System
from semcomm.terms import Terms, check_budget
from semcomm.transmission import Preamble
from semcomm.transmitter import RefinementSteps, Transmitter
from semcomm.zoo.find import load_codecs


@dataclass(frozen=True)
class LearnedCodec(System):
    """A learned encoder and decoder with a quantizer, and how they are used."""

    model: Annotated[
        str,
        doc(
            "a shipped codec's name (`semcomm list`), or the path of a `.safetensors` file that a "
            "training wrote; @LEVEL behind it names a level, where the file has several. Without "
            "it, under a budget, a level is chosen for each image."
        ),
    ]
    entropy_coder: Annotated[
        EntropyCoding,
        doc(
            "how indices become bits; `context` takes a codec with a model that `semcomm context` "
            "trains"
        ),
    ] = "huffman"
    device: Annotated[
        Device, doc("where the networks run; `auto` takes CUDA, else MPS, else the CPU")
    ] = "auto"
    dtype: Annotated[
        DType,
        doc("of the networks' arithmetic; it changes indices, so it is part of the experiment"),
    ] = "float32"
    budget_bits: Annotated[
        Budget | None,
        doc(
            "the most bits that a frame may have; images that take more are quantized more "
            "coarsely, one by one"
        ),
    ] = None
    refinement_steps: Annotated[
        RefinementSteps,
        doc(
            "steps of descent from the encoder's latents to ones whose picture is nearer the "
            "image, bits considered; each takes the decoder forwards and back"
        ),
    ] = 0
    refinement_dtype: Annotated[
        DType | None, doc("of the decoder's arithmetic in refinement; by default that of `dtype`")
    ] = None
    dequantization: Annotated[
        Decisions,
        doc(
            "what the receiver makes of fixed-length indices: `hard` takes the codeword of each "
            "that arrives, `soft` the mean of all codewords given the LLRs of its bits"
        ),
    ] = "hard"

    def load(self) -> list[Codec]:
        """The codec, to run on its device, or all levels of its file."""
        return [
            codec.on(self.device, self.dtype, self.refinement_dtype)
            for codec in load_codecs(self.model)
        ]

    @property
    def modality(self) -> ModalityName:
        return load_codecs(self.model)[0].modality

    def transmitter(self, terms: Terms, framing: Framing) -> Transmitter:
        budget, steps = self.budget_bits, self.refinement_steps
        return Transmitter(self.load(), self.entropy_coder, framing, budget, steps, terms)

    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> Receiver:
        coder, soft = self.entropy_coder, self.dequantization
        return Receiver(self.load(), coder, framing, damaged, terms, soft)

    def mistakes(self) -> Mapping[str, Callable[[], object]]:
        return {
            "device": lambda: torch_device(self.device),
            "model": lambda: load_codecs(self.model),
            "entropy_coder": lambda: [
                entropy_coder(self.entropy_coder, codec.tensors)
                for codec in load_codecs(self.model)
            ],
        }

    def disagreements(self, terms: Terms, framing: Framing) -> Mapping[str, Callable[[], object]]:
        limited = self.budget_bits is not None or terms.budget_bits is not None
        return {
            "codec.model": lambda: check_choice(
                [codec.name for codec in load_codecs(self.model)], limited
            ),
            "codec.budget_bits": lambda: check_budget(self.budget_bits, terms),
            "codec.dequantization": lambda: self._check_dequantization(terms, framing),
            "link.channel_uses": lambda: FrameFormat(
                framing, tag_bits(len(load_codecs(self.model))), terms.frame_bits
            ),
        }

    def _check_dequantization(self, terms: Terms, framing: Framing) -> None:
        if self.dequantization == "hard":
            return
        check_soft(self.entropy_coder, framing, len(load_codecs(self.model)))
        if not terms.llrs:
            raise SettingError(
                "dequantization is soft, but bits arrive without LLRs: take a channel of symbols, "
                "with link.modulation or link.loading, soft link.decisions, and no code, "
                "retransmission or channel_uses"
            )

    @property
    def repeats(self) -> bool:
        return self.dequantization == "hard"

    def encode_key(self, terms: Terms, framing: Framing) -> object:
        """Indices depend on entropy coder, terms and framing only where frames have a budget."""
        if self.budget_bits is None and terms.budget_bits is None:
            return replace(self, entropy_coder="huffman")
        return self, terms, framing

    def reconstruct_key(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> object:
        """Pictures depend on indices, not on how these become bits."""
        return replace(self, entropy_coder="huffman")

    def fingerprint(self) -> str:
        return digest_of(load_codecs(self.model)).hex()

    def columns(self, sent: Sent[Frames], received: Received) -> Columns:
        """Indices, and how many of them arrived wrong: all where the size or the level was lost."""
        arrived = received.encoded
        assert arrived is not None  # as the receiver gives what it decoded
        indices = sent.encoded["indices"]
        headers = [name for name in ("size", "level") if name in sent.encoded]
        counts = np.array([grid.size for grid in indices], np.int64)
        wrong = np.array([*map(_index_errors, indices, arrived["indices"])], np.int64)
        for name in headers:
            differs = np.asarray(sent.encoded[name]) != np.asarray(arrived[name])
            lost = differs.reshape(counts.size, -1).any(axis=1)
            wrong = np.where(lost, counts, wrong)
        columns = {"indices": counts, "index_errors": wrong}
        own = {"level": np.asarray(sent.encoded["level"])} if "level" in headers else {}
        return columns | own

    def tallies(self, sent: Sent[Frames]) -> Mapping[str, NDArray[np.int64]]:
        """How often each index was sent, level by level where there are several."""
        indices = sent.encoded["indices"]
        levels = np.asarray(sent.encoded.get("level", np.zeros(len(indices), np.int64)))
        counts = {}
        for level, name in enumerate(self._tally_names):
            flat = [indices[number].ravel() for number in np.flatnonzero(levels == level).tolist()]
            counts[name] = np.bincount(np.concatenate([np.empty(0, np.uint16), *flat]))
        return counts

    def summary(self, totals: Totals) -> dict[str, Any]:
        codecs, coded = load_codecs(self.model), totals.sums["indices"]
        entropy_bits = sum(map(_entropy_bits, (totals.tallies[name] for name in self._tally_names)))
        return bit_summary(totals) | {
            "quantizer": codecs[0].quantizer,
            "preamble_bits": 8 * self._preamble_bytes(codecs),
            "entropy_bits_per_image": entropy_bits / totals.samples,
            "index_error_rate": totals.sums["index_errors"] / coded if coded else 0.0,
        }

    @property
    def _tally_names(self) -> list[str]:
        levels = len(load_codecs(self.model))
        return ["index"] if levels == 1 else [f"index@{level}" for level in range(levels)]

    def code_table(self) -> CodeTable | None:
        """That of the codec; of several levels none, as each has its own."""
        codec, *others = load_codecs(self.model)
        if others:
            return None
        coder = entropy_coder(self.entropy_coder, codec.tensors)
        if not isinstance(coder, PrefixCode):
            return None
        return CodeTable(coder.code_lengths, codec.probabilities)

    def _preamble_bytes(self, codecs: Sequence[Codec]) -> int:
        """Of a transmission with this codec; its length depends on no framing."""
        return len(Preamble.of(codecs, self.entropy_coder, Framing()).to_bytes())


def _index_errors(sent: Indices, arrived: Indices) -> int:
    """How many of an image's indices differ: all where its grid has another shape."""
    if sent is arrived:
        return 0
    return int((sent != arrived).sum()) if sent.shape == arrived.shape else sent.size


def _entropy_bits(counts: NDArray[np.int64]) -> float:
    """Bits of all indices by the entropy of how often each occurred."""
    shares = counts[counts > 0] / counts.sum()
    return float(counts.sum() * -(shares * np.log2(shares)).sum())
