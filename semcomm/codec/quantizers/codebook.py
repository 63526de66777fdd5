"""Quantizers with one codebook, from which they choose a codeword for each sub-vector."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from semcomm.codec.networks import Geometry
from semcomm.codec.quantizers.nearest import nearest_codewords

Transmit = Callable[[Tensor], Tensor]
"""The indices (n,) that arrive of indices (n,) that are sent."""


class TrainingStep(NamedTuple):
    """What a quantizer made of n sub-vectors in training, and its terms of the loss (5).

    straight_through: (n, D) the codewords that arrive; their gradient goes to the sub-vectors.
    indices: (n,) int64, those chosen.
    codebook, commitment: squared distances, summed over all sub-vectors; the gradient of the one
        goes to the codewords that arrive, of the other, from those chosen, to the sub-vectors.
    bits: of all codewords together, by equation (4).
    """

    straight_through: Tensor
    indices: Tensor
    codebook: Tensor
    commitment: Tensor
    bits: Tensor


@dataclass(frozen=True, eq=False)
class CodebookQuantizer:
    """Gives each sub-vector z the index k of lowest cost |z - expected_codewords[k]|^2 + bias[k].

    codebook: (K, D) float32, what the receiver reconstructs of each index.
    bias: (K,) float32, what an index costs besides.
    bits: (K,) float32, what a further rate weight multiplies: the lengths of Huffman codewords in
        a codec, the bits of equation (4) in training.
    """

    codebook: Tensor
    bias: Tensor
    bits: Tensor

    TABLES: ClassVar[tuple[str, ...]] = ("codebook", "bias")
    """The tensors of a codec's file that are the quantizer's, named as its fields; each has a row
    per codeword.
    """

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]], device: torch.device) -> Self:
        """The quantizer of a codec, on a device."""
        tables = {name: tensors[name] for name in cls.TABLES}
        tables["bits"] = tensors["code_lengths"].astype(np.float32)
        return cls(**{name: torch.from_numpy(table).to(device) for name, table in tables.items()})

    @classmethod
    def shapes(cls, geometry: Geometry) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of each of `TABLES`, by name."""
        codewords = geometry.codewords
        return {
            "codebook": ((codewords, geometry.dimension), "float32"),
            "bias": ((codewords,), "float32"),
        }

    @property
    def expected_codewords(self) -> Tensor:
        """The mean of what the receiver reconstructs of each index that is sent, (K, D)."""
        return self.codebook

    @property
    def sent_codewords(self) -> Tensor:
        """What stands for each index where it is certain that it was sent, (K, D)."""
        return self.codebook

    def assign(self, latents: Tensor, rate_weights: Tensor | None = None) -> Tensor:
        """The index of each sub-vector's codeword: (B, ..., D) to (B, ...) int64.

        rate_weights: (B,) float32, what each of an image's `bits` costs besides the bias.
        """
        vectors = latents.flatten(end_dim=-2)
        if rate_weights is None:
            indices = nearest_codewords(vectors, self.expected_codewords, self.bias)
        else:
            weights = rate_weights.repeat_interleave(len(vectors) // len(latents))
            indices = nearest_codewords(
                vectors, self.expected_codewords, self.bias, weights, self.bits
            )
        return indices.view(latents.shape[:-1])

    def rate_costs(self, indices: Tensor, rate_weights: Tensor | None = None) -> Tensor:
        """What `assign` added to the squared distance of each index; shape as indices.

        indices: (B, h, w, g).
        """
        costs = self.bias[indices]
        if rate_weights is not None:
            costs = costs + rate_weights.view(-1, 1, 1, 1) * self.bits[indices]
        return costs

    def nearest(self, vectors: Tensor) -> Tensor:
        """The index of the codeword nearest to each vector, whatever its bits: (n, D) to (n,)."""
        return nearest_codewords(vectors, self.codebook, torch.zeros_like(self.bias))

    def reconstruct(self, indices: Tensor) -> Tensor:
        """The codeword of each index: any shape (...) int64 to (..., D)."""
        return F.embedding(indices, self.codebook)


class TrainedQuantizer(CodebookQuantizer, ABC):
    """A quantizer that is trained together with the networks.

    bias: `rate_weight` times the bits of each codeword where these have a cost.
    """

    default_rate_weight: ClassVar[float]
    """Of a training that names none; where it is 0, bits have no cost and no other is valid."""

    @staticmethod
    @abstractmethod
    def costs(bits: Any, rate_weight: float) -> Any:
        """The bias (K,) that belongs to codewords of `bits` (K,), tensor or array."""

    @classmethod
    def in_training(cls, codebook: Tensor, logits: Tensor, rate_weight: float) -> Self:
        """The quantizer as it is trained; gradients reach `codebook` and `logits`."""
        bits = codeword_bits(logits)
        return cls(codebook, cls.costs(bits.detach(), rate_weight), bits)

    @classmethod
    def tables(
        cls, codebook: NDArray[np.float32], bits: NDArray[np.float64], rate_weight: float
    ) -> dict[str, NDArray[np.float32]]:
        """`TABLES`, by name, of a codebook whose codewords take `bits` (K,)."""
        return {"codebook": codebook, "bias": cls.costs(bits, rate_weight).astype(np.float32)}

    def training_step(self, vectors: Tensor, transmit: Transmit | None = None) -> TrainingStep:
        """Quantize sub-vectors (n, D) and compute the quantizer's terms of the loss (5).

        transmit: what indices become on the way, by default what they are.
        """
        indices = self.assign(vectors)
        chosen = arrived = self.reconstruct(indices)
        if transmit:
            arrived = self.reconstruct(transmit(indices))
        return TrainingStep(
            straight_through(vectors, arrived),
            indices,
            codebook=F.mse_loss(arrived, vectors.detach(), reduction="sum"),
            commitment=F.mse_loss(vectors, chosen.detach(), reduction="sum"),
            bits=self.bits[indices].sum(),
        )


def straight_through(vectors: Tensor, codewords: Tensor) -> Tensor:
    """The codewords, with the gradient of `vectors` (van den Oord and others, 2017)."""
    return vectors + (codewords - vectors).detach()


def codeword_bits(logits: Tensor) -> Tensor:
    """-log2 P(k) with P(k) = exp(-logits[k]) / sum_p exp(-logits[p]), equation (4).

    logits: (K,).
    Returns (K,).
    """
    return -F.log_softmax(-logits, dim=0) / math.log(2)
