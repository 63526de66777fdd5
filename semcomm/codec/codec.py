"""A codec: all that transmitter and receiver share, numpy in and numpy out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.choices import DType, QuantizerName
from semcomm.codec.devices import autocast, torch_device
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizer import nearest_codewords
from semcomm.codec.refinement import refined
from semcomm.modalities.rgb8 import Image, from_patches, grid_shape, to_bytes, to_patches

Latents = NDArray[np.float32]
Indices = NDArray[np.uint16]
RateWeights = Sequence[float] | NDArray[np.float32]

BATCH_IMAGES, BATCH_POSITIONS = 64, 4096
CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class Codec:
    """Networks, quantizer and code table of one trained system.

    Sizes vary from image to image; one of H x W pixels has latents (h, w, g, D) float32 and indices
    (h, w, g) uint16, where h = ceil(H / 4), w = ceil(W / 4), and g and D are the geometry's.

    tensors: the networks' weights, as `encoder.*` and `decoder.*`, float16 (docs/decisions/0003),
        and by name codebook (K, D) float32, bias (K,) float32, what criterion (3) adds to a
        codeword's squared distance, zeros for vq, probabilities (K,) float64, shares of the
        quantizer's outputs over the training images, code_lengths (K,) uint8, bits of the Huffman
        codewords, `context.*`, a context model (entropy_coding/context_model.py), where there is
        one.
    origin: what made it, for people.
    digest: SHA-256 over all that is above.
    """

    name: str
    geometry: Geometry
    quantizer: QuantizerName
    tensors: Mapping[str, NDArray[Any]]
    origin: Mapping[str, Any]
    digest: bytes
    device: torch.device = CPU
    dtype: DType = "float32"

    def on(self, device: str, dtype: DType = "float32") -> Self:
        """The same codec with its networks on `auto`, `cpu`, `cuda` or `mps`, computing in
        `dtype`.
        """
        return replace(self, device=torch_device(device), dtype=dtype)

    @property
    def codebook(self) -> NDArray[np.float32]:
        return self.tensors["codebook"]

    @property
    def code_lengths(self) -> NDArray[np.uint8]:
        return self.tensors["code_lengths"]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        return self.tensors["probabilities"]

    def index_shape(self, size: tuple[int, int]) -> tuple[int, int, int]:
        """(h, w, g) of an image of this height and width; their product is N."""
        return *grid_shape(*size), self.geometry.groups

    @torch.no_grad()
    def encode(
        self,
        images: Sequence[Image],
        refinement_steps: int = 0,
        rate_weights: RateWeights | None = None,
    ) -> list[Latents]:
        """The semantic encoder, equation (1), and what it gives `refined` by so many steps.

        rate_weights: those of `quantize`, to be refined for.
        """
        grids = [grid_shape(*image.shape[:2]) for image in images]
        return _in_full_batches(
            partial(self._encode, refinement_steps), images, grids, rate_weights
        )

    @torch.no_grad()
    def quantize(
        self, latents: Sequence[Latents], rate_weights: RateWeights | None = None
    ) -> list[Indices]:
        """The index of each sub-vector's codeword, criterion (3).

        rate_weights: one an image, that is added to the codec's own for each bit of a Huffman
            codeword.
        """
        return _in_full_batches(
            self._quantize, latents, [z.shape[:2] for z in latents], rate_weights
        )

    def dequantize(self, indices: Sequence[Indices]) -> list[Latents]:
        """The codeword of each index."""
        return _in_full_batches(self._dequantize, indices, [grid.shape[:2] for grid in indices])

    @torch.no_grad()
    def indices_of(self, images: Sequence[Image], refinement_steps: int = 0) -> list[Indices]:
        """`quantize` of what `encode` gives, whose batches are not taken apart in between."""
        grids = [grid_shape(*image.shape[:2]) for image in images]
        return _in_full_batches(
            lambda stack: self._quantize(self._encode(refinement_steps, stack)), images, grids
        )

    @torch.no_grad()
    def images_of(
        self, indices: Sequence[Indices], sizes: Sequence[tuple[int, int]]
    ) -> list[Image]:
        """`decode` of what `dequantize` gives, likewise."""
        grids = [grid.shape[:2] for grid in indices]
        whole = _in_full_batches(
            lambda stack: self._decode(self._dequantize(stack)), indices, grids
        )
        return _cropped(whole, sizes)

    @torch.no_grad()
    def nearest(self, vectors: NDArray[np.float32]) -> Indices:
        """The index of the codeword nearest to each vector: (n, D) to (n,)."""
        unbiased = torch.zeros(len(self.codebook), device=self.device)
        found = nearest_codewords(self._tensor(vectors), self._tensor(self.codebook), unbiased)
        return _array(found).astype(np.uint16)

    @torch.no_grad()
    def decode(self, latents: Sequence[Latents], sizes: Sequence[tuple[int, int]]) -> list[Image]:
        """The semantic decoder, equation (2), rounded to 8 bits and cropped to height and width."""
        whole = _in_full_batches(self._decode, latents, [z.shape[:2] for z in latents])
        return _cropped(whole, sizes)

    @cached_property
    def fill_index(self) -> int:
        """What stands for an index that did not arrive: the codeword nearest to their mean."""
        mean = self.probabilities @ self.codebook
        return int(np.square(self.codebook - mean).sum(axis=1).argmin())

    @cached_property
    def _encoder(self) -> nn.Module:
        return self._network("encoder.", semantic_encoder(self.geometry))

    @cached_property
    def _decoder(self) -> nn.Module:
        return self._network("decoder.", semantic_decoder(self.geometry))

    def _network(self, prefix: str, network: nn.Module) -> nn.Module:
        weights = {
            name: torch.from_numpy(self.tensors[prefix + name]) for name in network.state_dict()
        }
        network.load_state_dict(weights)
        return (
            network.to(self.device)
            .to(memory_format=torch.channels_last)
            .eval()
            .requires_grad_(False)
        )

    def _encode(
        self, refinement_steps: int, images: Image, rate_weights: NDArray[np.float32] | None = None
    ) -> Latents:
        patches = (
            torch.from_numpy(to_patches(images))
            .to(self.device)
            .float()
            .div_(255)
            .permute(0, 3, 1, 2)
        )
        with autocast(self.device, self.dtype):
            latents = self._encoder(patches)
        split = (
            latents.float()
            .permute(0, 2, 3, 1)
            .unflatten(-1, (self.geometry.groups, self.geometry.dimension))
        )
        if refinement_steps:
            choose = partial(self._choose, rate_weights=rate_weights)
            split = refined(split, patches, choose, self._patches, refinement_steps)
        return _array(split)

    def _quantize(
        self, latents: Latents, rate_weights: NDArray[np.float32] | None = None
    ) -> Indices:
        return _array(self._nearest(self._tensor(latents), rate_weights)).astype(np.uint16)

    def _choose(
        self, latents: Tensor, rate_weights: NDArray[np.float32] | None
    ) -> tuple[Tensor, Tensor]:
        """The codewords of `_nearest`, and what criterion (3) adds for them to their squared
        distances.
        """
        indices = self._nearest(latents, rate_weights)
        prices = self._tensor(self.tensors["bias"])[indices]
        if rate_weights is not None:
            prices = (
                prices + self._tensor(rate_weights).view(-1, 1, 1, 1) * self._huffman_bits[indices]
            )
        return self._tensor(self.codebook)[indices], prices

    def _nearest(self, latents: Tensor, rate_weights: NDArray[np.float32] | None) -> Tensor:
        """(B, h, w, g, D), and (B,) if there are any, to (B, h, w, g)."""
        vectors = latents.flatten(end_dim=-2)
        criterion = [self._tensor(self.codebook), self._tensor(self.tensors["bias"])]
        if rate_weights is not None:
            weights = self._tensor(rate_weights).repeat_interleave(len(vectors) // len(latents))
            criterion += [weights, self._huffman_bits]
        return nearest_codewords(vectors, *criterion).view(latents.shape[:-1])

    @property
    def _huffman_bits(self) -> Tensor:
        return self._tensor(self.code_lengths.astype(np.float32))

    def _dequantize(self, indices: Indices) -> Latents:
        return self.codebook.take(indices, axis=0)

    def _decode(self, latents: Latents) -> Image:
        return from_patches(
            to_bytes(_array(self._patches(self._tensor(latents)).permute(0, 2, 3, 1)))
        )

    def _patches(self, latents: Tensor) -> Tensor:
        """(B, h, w, g, D) to (B, 48, h, w)."""
        with autocast(self.device, self.dtype):
            decoded: Tensor = self._decoder(latents.flatten(-2).permute(0, 3, 1, 2))
        return decoded.float()

    def _tensor(self, array: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(array).to(self.device)


def _cropped(images: Sequence[Image], sizes: Sequence[tuple[int, int]]) -> list[Image]:
    return [image[:height, :width] for image, (height, width) in zip(images, sizes, strict=True)]


def _array(tensor: Tensor) -> NDArray[Any]:
    return tensor.contiguous().cpu().numpy()


def _in_full_batches(
    run: Callable[..., NDArray[Any]],
    arrays: Sequence[NDArray[Any]],
    grids: Sequence[tuple[int, ...]],
    weights: RateWeights | None = None,
) -> list[NDArray[Any]]:
    """Apply `run` to stacks of equal shape, filled up with zeros to a count that the grid alone
    decides.

    A network's sums may be ordered by the shape of its batch; so an image's result depends on no
    other.

    weights: one for each array, which `run` takes, too.
    """
    members = defaultdict(list)
    for number, array in enumerate(arrays):
        members[array.shape].append(number)
    results: dict[int, NDArray[Any]] = {}
    for numbers in members.values():
        rows, columns = grids[numbers[0]]
        full = max(1, min(BATCH_IMAGES, BATCH_POSITIONS // (rows * columns)))
        for start in range(0, len(numbers), full):
            batch = numbers[start : start + full]
            stack = _filled([arrays[number] for number in batch], full)
            further = (
                [] if weights is None else [_filled(np.asarray(weights, np.float32)[batch], full)]
            )
            results.update(zip(batch, run(stack, *further), strict=False))
    return [results[number] for number in range(len(arrays))]


def _filled(arrays: Sequence[NDArray[Any]] | NDArray[Any], count: int) -> NDArray[Any]:
    """A stack of arrays of equal shape, and zeros up to `count`."""
    stack = np.zeros((count, *arrays[0].shape), arrays[0].dtype)
    stack[: len(arrays)] = arrays
    return stack
