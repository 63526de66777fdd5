"""An ESC codec: from images to latents, indices and back, numpy in and numpy out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from semcomm.choices import DType
from semcomm.codec.devices import autocast, torch_device
from semcomm.codec.esc.quantizer import channel_optimized
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizers.codebook import CodebookQuantizer
from semcomm.codec.stacks import Stacked
from semcomm.codec.weights import with_weights
from semcomm.modalities.patches import grid_shape, size_of, to_patches
from semcomm.modalities.rgb8 import Image, from_network, to_network

Latents = NDArray[np.float32]
Indices = NDArray[np.int64]

CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class EscCodec:
    """One trained pair of networks with V codebooks of K = 2^B codewords.

    geometry: its shapes, of which `codewords` is K.
    tensors: the networks' weights, as `encoder.*` and `decoder.*`, float16; `codebooks`,
        (V, K, D) float32; `crossovers`, (V, B) float64, the probabilities that bit j of an index
        flips, whose value is 2^j; `distortions`, (V,) float64, the mean squared error of training
        images all of whose sub-vectors are sent by a codebook at its crossovers, values of pixels
        being from 0 to 1.
    origin: how the codec was made, for people.
    digest: SHA-256 over all of the above but the name.
    """

    name: str
    geometry: Geometry
    tensors: Mapping[str, NDArray[Any]]
    origin: Mapping[str, Any]
    digest: bytes
    device: torch.device = CPU
    dtype: DType = "float32"

    @property
    def crossovers(self) -> NDArray[np.float64]:
        return self.tensors["crossovers"]

    @property
    def distortions(self) -> NDArray[np.float64]:
        return self.tensors["distortions"]

    def on(self, device: str, dtype: DType = "float32") -> Self:
        """The same codec, whose networks run on `device` and compute in `dtype`.

        device: `auto`, `cpu`, `cuda` or `mps`.
        """
        return replace(self, device=torch_device(device), dtype=dtype)

    def latent_shape(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(h, w, g, D) of an image of this height and width; h w g is N."""
        return *grid_shape(*size), self.geometry.groups, self.geometry.dimension

    @torch.no_grad()
    def encode(self, images: Sequence[Image]) -> Sequence[Latents]:
        """(h, w, g, D) float32 of each image."""
        return Stacked.of(images, lambda image: grid_shape(*size_of(image))).map(self._encode)

    @torch.no_grad()
    def quantize(self, vectors: Latents, books: Indices) -> Indices:
        """The index of each sub-vector by its codebook: (F, N, D) to (F, N).

        books: (N,) the codebook of each of an image's sub-vectors.
        """
        indices = np.empty(vectors.shape[:2], np.int64)
        for book in np.unique(books).tolist():
            chosen = np.ascontiguousarray(vectors[:, books == book])
            assigned = self._quantizers[book].assign(torch.from_numpy(chosen).to(self.device))
            indices[:, books == book] = assigned.cpu().numpy()
        return indices

    def reconstruct(self, indices: Indices, books: Indices) -> Latents:
        """The codeword of each index in its codebook: (F, N), both, to (F, N, D)."""
        codewords: Latents = self.tensors["codebooks"][books, indices]
        return codewords

    @torch.no_grad()
    def decode(self, latents: Sequence[Latents], sizes: Sequence[tuple[int, int]]) -> list[Image]:
        """The images of latents (h, w, g, D), rounded to 8 bits and cropped to height and width."""
        whole = Stacked.of(latents).map(self._decode)
        return [image[:height, :width] for image, (height, width) in zip(whole, sizes, strict=True)]

    @cached_property
    def _quantizers(self) -> list[CodebookQuantizer]:
        tables = self.tensors["codebooks"], self.crossovers.astype(np.float32)
        books, crossovers = (torch.from_numpy(table).to(self.device) for table in tables)
        return [channel_optimized(*each) for each in zip(books, crossovers, strict=True)]

    @cached_property
    def _encoder(self) -> nn.Module:
        network = semantic_encoder(self.geometry)
        return with_weights(network, self.tensors, self.device, "encoder.")

    @cached_property
    def _decoder(self) -> nn.Module:
        network = semantic_decoder(self.geometry)
        return with_weights(network, self.tensors, self.device, "decoder.")

    def _encode(self, images: NDArray[np.uint8]) -> Latents:
        patches = to_network(torch.from_numpy(to_patches(images)).to(self.device))
        with autocast(self.device, self.dtype):
            encoded = self._encoder(patches).float().permute(0, 2, 3, 1)
        shape = self.geometry.groups, self.geometry.dimension
        latents: Latents = encoded.contiguous().unflatten(-1, shape).cpu().numpy()
        return latents

    def _decode(self, latents: Latents) -> NDArray[np.uint8]:
        inputs = torch.from_numpy(latents).to(self.device).flatten(-2).permute(0, 3, 1, 2)
        with autocast(self.device, self.dtype):
            patches = self._decoder(inputs)
        return from_network(patches.float())
