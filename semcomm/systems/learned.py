"""The learned digital system: networks, a quantizer, an entropy coder and frames of bits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import doc
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, Device, DType, EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.codec.devices import torch_device
from semcomm.codec.entropy_coding import entropy_coder
from semcomm.codec.entropy_coding.code_table import CodeTable
from semcomm.codec.entropy_coding.prefix_code import PrefixCode
from semcomm.frames import Frames
from semcomm.framing import Budget, Framing
from semcomm.measures.totals import Columns, Totals
from semcomm.receiver import Receiver
from semcomm.stages import Received, Sent
from semcomm.systems.digital import bit_columns, bit_summary
from semcomm.systems.system import System
from semcomm.transmission import Preamble
from semcomm.transmitter import RefinementSteps, Transmitter
from semcomm.zoo.find import load_codec, split_level


@dataclass(frozen=True)
class LearnedCodec(System):
    """A learned encoder and decoder with a quantizer, and how they are used."""

    model: Annotated[
        str,
        doc(
            "a shipped codec's name (`semcomm list`), or the path of a `.safetensors` file that a "
            "training wrote; @LEVEL behind it names a level, where the file has several."
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

    def load(self) -> Codec:
        """The codec, to run on its device."""
        return read_codec(self.model).on(self.device, self.dtype)

    def transmitter(self, framing: Framing) -> Transmitter:
        return Transmitter(
            self.load(), self.entropy_coder, framing, self.budget_bits, self.refinement_steps
        )

    def receiver(self, framing: Framing, damaged: DamagedPolicy) -> Receiver:
        return Receiver(self.load(), self.entropy_coder, framing, damaged)

    def mistakes(self) -> Mapping[str, Callable[[], object]]:
        return {
            "device": lambda: torch_device(self.device),
            "model": lambda: read_codec(self.model),
            "entropy_coder": lambda: entropy_coder(
                self.entropy_coder, read_codec(self.model).tensors
            ),
        }

    def encode_key(self, framing: Framing) -> object:
        """Indices depend on entropy coder and framing only where frames have a budget."""
        return (self, framing) if self.budget_bits else replace(self, entropy_coder="huffman")

    def fingerprint(self) -> str:
        return read_codec(self.model).digest.hex()

    def columns(self, sent: Sent[Frames], received: Received) -> Columns:
        """Bits, indices, and how many of these arrived wrong: all where the size was lost."""
        indices = sent.encoded["indices"]
        assert received.encoded is not None  # as the receiver gives what it decoded
        pairs = zip(indices, received.encoded["indices"], strict=True)
        sizes = np.asarray(sent.encoded["size"]), np.asarray(received.encoded["size"])
        same_size = (sizes[0] == sizes[1]).all(axis=1)
        errors = [
            0 if ours is theirs else int(np.count_nonzero(ours != theirs)) if same else ours.size
            for same, (ours, theirs) in zip(same_size, pairs, strict=True)
        ]
        counts = {"indices": [grid.size for grid in indices], "index_errors": errors}
        return {
            **bit_columns(sent),
            **{name: np.array(values, np.int64) for name, values in counts.items()},
        }

    def tallies(self, sent: Sent[Frames]) -> Mapping[str, NDArray[np.int64]]:
        flat = [grid.ravel() for grid in sent.encoded["indices"]]
        return {"index": np.bincount(np.concatenate(flat))}

    def summary(self, totals: Totals) -> dict[str, Any]:
        codec, coded = read_codec(self.model), totals.total("indices")
        return bit_summary(totals) | {
            "quantizer": codec.quantizer,
            "preamble_bits": 8 * self._preamble_bytes(codec),
            "entropy_bits_per_image": totals.mean("indices") * _entropy(totals.tallies["index"]),
            "index_error_rate": totals.sums["index_errors"] / coded,
        }

    def code_table(self) -> CodeTable | None:
        codec = read_codec(self.model)
        coder = entropy_coder(self.entropy_coder, codec.tensors)
        if not isinstance(coder, PrefixCode):
            return None
        return CodeTable(coder.code_lengths, codec.probabilities)

    def _preamble_bytes(self, codec: Codec) -> int:
        """Of a transmission with this codec; its length depends on no framing."""
        return len(Preamble.of(codec, self.entropy_coder, Framing()).to_bytes())


def read_codec(model: str) -> Codec:
    """The codec of this name or path, read again only where its file has changed."""
    path = split_level(model)[0]
    try:
        changed = Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        changed = 0
    return _read_codec(model, changed)


@lru_cache(maxsize=64)
def _read_codec(model: str, changed: int) -> Codec:
    return load_codec(model)


def _entropy(counts: NDArray[np.int64]) -> float:
    """Bits per index, from how often each occurred."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
