"""A codec: all that transmitter and receiver share, numpy in and numpy out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.choices import DType, ModalityName, QuantizerName
from semcomm.codec.devices import autocast, torch_device
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizers import QUANTIZERS
from semcomm.codec.quantizers.codebook import CodebookQuantizer
from semcomm.codec.refinement import refine
from semcomm.codec.stacks import Stacked
from semcomm.codec.strips import in_strips
from semcomm.codec.weights import with_weights
from semcomm.modalities.modality import MODALITIES, Modality, Sample
from semcomm.modalities.patches import grid_shape, size_of, to_patches

Latents = NDArray[np.float32]
Indices = NDArray[np.uint16]
RateWeights = Sequence[float] | NDArray[np.float32]

CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Codec:
    """Networks, quantizer and code table of one trained system.

    Sizes vary from image to image. An image of H x W pixels has latents (h, w, g, D) float32 and
    indices (h, w, g) uint16, where h = ceil(H / 4), w = ceil(W / 4), and g and D are the
    geometry's.

    The four steps are `encode`, `quantize`, `dequantize` and `decode`. What the first three return
    is a sequence of one array per image; handed on as it is, it keeps the images in the batches
    that they were computed in.

    tensors: the networks' weights, as `encoder.*` and `decoder.*`, float16 (docs/decisions/0003);
        the quantizer's tables, which are codebook (K, D) float32 and bias (K,) float32, what
        criterion (3) adds to a codeword's squared distance, zeros for vq, and for covq
        encoder_codebook (K, D) float32, by which it chooses, and encoder_centroids (K, D) float32,
        the means of what it chooses them for (quantizers/covq.py); the code table, which is
        probabilities (K,) float64, shares of the quantizer's outputs over the training images, and
        code_lengths (K,) uint8, bits of the Huffman codewords; and, where the codec has a context
        model, `context.*` (entropy_coding/context_model.py).
    origin: how the codec was made, for people.
    digest: SHA-256 over all of the above but the name, and over the modality where it is not rgb8.
    modality: what samples are; what is said of images here holds for all.
    """

    name: str
    geometry: Geometry
    quantizer: QuantizerName
    tensors: Mapping[str, NDArray[Any]]
    origin: Mapping[str, Any]
    digest: bytes
    modality: ModalityName = "rgb8"
    device: torch.device = CPU
    dtype: DType = "float32"
    refinement_dtype: DType | None = None

    def on(
        self, device: str, dtype: DType = "float32", refinement_dtype: DType | None = None
    ) -> Self:
        """The same codec, whose networks run on `device` and compute in `dtype`, but in
        `refinement_dtype` where latents are refined.

        device: `auto`, `cpu`, `cuda` or `mps`.
        """
        place = torch_device(device)
        return replace(self, device=place, dtype=dtype, refinement_dtype=refinement_dtype)

    @property
    def codebook(self) -> NDArray[np.float32]:
        return self.tensors["codebook"]

    @property
    def code_lengths(self) -> NDArray[np.uint8]:
        return self.tensors["code_lengths"]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        return self.tensors["probabilities"]

    @cached_property
    def sent_codewords(self) -> NDArray[np.float32]:
        """What stands for each index where it is certain that it was sent, (K, D)."""
        return _array(self._quantizer.sent_codewords)

    @cached_property
    def rate_weight(self) -> float:
        """About the codec's own rate weight: what its bias adds per bit of a Huffman codeword."""
        return float(self.probabilities @ self.tensors["bias"]) / max(
            float(self.probabilities @ self.code_lengths), 1e-9
        )

    def index_shape(self, size: tuple[int, int]) -> tuple[int, int, int]:
        """(h, w, g) of an image of this height and width; their product is N."""
        return *grid_shape(*size), self.geometry.groups

    @torch.no_grad()
    def encode(
        self,
        images: Sequence[Sample],
        refinement_steps: int = 0,
        rate_weights: RateWeights | None = None,
    ) -> Sequence[Latents]:
        """The semantic encoder, equation (1), then as many steps of refinement (refinement.py).

        rate_weights: those that `quantize` will be given, which refinement takes into account.
        """
        stacked = Stacked.of(images, lambda image: grid_shape(*size_of(image)))
        return stacked.map(partial(self._encode, refinement_steps), rate_weights)

    @torch.no_grad()
    def quantize(
        self, latents: Sequence[Latents], rate_weights: RateWeights | None = None
    ) -> Sequence[Indices]:
        """The index of each sub-vector's codeword, criterion (3).

        rate_weights: one per image, added to the codec's own for each bit of a Huffman codeword.
        """
        return Stacked.of(latents).map(self._quantize, rate_weights)

    @torch.no_grad()
    def dequantize(self, indices: Sequence[Indices]) -> Sequence[Latents]:
        """The codeword of each index."""
        return Stacked.of(indices).map(self._dequantize)

    @torch.no_grad()
    def decode(self, latents: Sequence[Latents], sizes: Sequence[tuple[int, int]]) -> list[Sample]:
        """The semantic decoder, equation (2), cropped to height and width; of images, rounded to 8
        bits.
        """
        whole = Stacked.of(latents).map(self._decode)
        return [image[:height, :width] for image, (height, width) in zip(whole, sizes, strict=True)]

    @torch.no_grad()
    def nearest(self, vectors: NDArray[np.float32]) -> Indices:
        """The index of the codeword nearest to each vector: (n, D) to (n,)."""
        return _array(self._quantizer.nearest(self._tensor(vectors))).astype(np.uint16)

    @cached_property
    def fill_index(self) -> int:
        """The index of the codeword nearest to their mean, for indices that did not arrive."""
        mean = self.probabilities @ self.codebook
        return int(np.square(self.codebook - mean).sum(axis=1).argmin())

    @cached_property
    def _quantizer(self) -> CodebookQuantizer:
        return QUANTIZERS[self.quantizer].of(self.tensors, self.device)

    @cached_property
    def _encoder(self) -> nn.Module:
        network = semantic_encoder(*self._shape)
        return with_weights(network, self.tensors, self.device, "encoder.")

    @cached_property
    def _decoder(self) -> nn.Module:
        network = semantic_decoder(*self._shape)
        return with_weights(network, self.tensors, self.device, "decoder.")

    @property
    def _modality(self) -> Modality:
        return MODALITIES[self.modality]

    @property
    def _shape(self) -> tuple[Geometry, int]:
        """Of its networks: geometry and values of a patch."""
        return self.geometry, self._modality.patch_values

    def _encode(
        self,
        refinement_steps: int,
        images: NDArray[Any],
        rate_weights: NDArray[np.float32] | None = None,
    ) -> Latents:
        patches = to_patches(images)
        latents = in_strips(self._latents, patches, reach=1 + self.geometry.blocks)
        if not refinement_steps:
            return latents
        weights = None if rate_weights is None else self._tensor(rate_weights)
        assign = partial(self._assign, rate_weights=weights)
        start, aim = self._tensor(latents), self._modality.to_network(self._tensor(patches))
        decode = partial(self._patches, dtype=self.refinement_dtype)
        return _array(refine(start, aim, assign, decode, refinement_steps))

    def _latents(self, patches: NDArray[Any]) -> Latents:
        """Patches (B, h, w, 16 C) to (B, h, w, g, D)."""
        with autocast(self.device, self.dtype):
            encoded: Tensor = self._encoder(self._modality.to_network(self._tensor(patches)))
        latents = encoded.float().permute(0, 2, 3, 1)
        return _array(latents.reshape(*latents.shape[:3], -1, self.geometry.dimension))

    def _assign(self, latents: Tensor, rate_weights: Tensor | None) -> tuple[Tensor, Tensor]:
        """The expected codewords of latents, and what else these cost (refinement.py)."""
        indices = self._quantizer.assign(latents, rate_weights)
        costs = self._quantizer.rate_costs(indices, rate_weights)
        return self._quantizer.expected_codewords[indices], costs

    def _quantize(
        self, latents: Latents, rate_weights: NDArray[np.float32] | None = None
    ) -> Indices:
        weights = None if rate_weights is None else self._tensor(rate_weights)
        return _array(self._quantizer.assign(self._tensor(latents), weights)).astype(np.uint16)

    def _dequantize(self, indices: Indices) -> Latents:
        return _array(self._quantizer.reconstruct(self._tensor(indices.astype(np.int64))))

    def _decode(self, latents: Latents) -> NDArray[Any]:
        return in_strips(self._images, latents, reach=2 + self.geometry.blocks)

    def _images(self, latents: Latents) -> NDArray[Any]:
        """(B, h, w, g, D) to samples (B, 4 h, 4 w, C)."""
        return self._modality.from_network(self._patches(self._tensor(latents)))

    def _patches(self, latents: Tensor, dtype: DType | None = None) -> Tensor:
        """(B, h, w, g, D) to (B, 16 C, h, w); by default in the codec's own dtype."""
        with autocast(self.device, dtype or self.dtype):
            decoded: Tensor = self._decoder(latents.flatten(-2).permute(0, 3, 1, 2))
        return decoded.float()

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def _array(tensor: Tensor) -> NDArray[Any]:
    return tensor.contiguous().cpu().numpy()
