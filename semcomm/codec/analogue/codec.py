"""An analogue codec: from images to real latents and back, numpy in and numpy out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from semcomm.choices import DType
from semcomm.codec.analogue.networks import AnalogueAutoencoder, Network
from semcomm.codec.devices import torch_device
from semcomm.codec.stacks import Stacked
from semcomm.codec.weights import with_weights
from semcomm.modalities.patches import grid_shape, size_of, to_patches
from semcomm.modalities.rgb8 import Image, from_network, to_network

Latents = NDArray[np.float32]

CPU = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class AnalogueCodec:
    """The networks of one trained system.

    An image of H x W pixels has latents (h, w, 2 s) float32, where h = ceil(H / 4), w = ceil(W /
    4), and s is the network's complex symbols per patch. Each pair of latents becomes one symbol.

    points: ascending Es/N0 in dB that the networks have gains and biases for; one where they are
        told none.
    knows_noise: whether the decoder's input is the linear estimate of the symbols by their noise
        variances; else it is the symbols as they arrived.
    tensors: the networks' weights, as `encoder.*` and `decoder.*`, float16.
    origin: how the codec was made, for people.
    digest: SHA-256 over all of the above but the name.
    """

    name: str
    network: Network
    points: tuple[float, ...]
    knows_noise: bool
    tensors: Mapping[str, NDArray[Any]]
    origin: Mapping[str, Any]
    digest: bytes
    device: torch.device = CPU
    dtype: DType = "float32"

    def on(self, device: str, dtype: DType = "float32") -> Self:
        """The same codec, whose networks run on `device` and compute in `dtype`.

        device: `auto`, `cpu`, `cuda` or `mps`.
        """
        return replace(self, device=torch_device(device), dtype=dtype)

    def latent_shape(self, size: tuple[int, int]) -> tuple[int, int, int]:
        """That of the latents of an image of this height and width."""
        return *grid_shape(*size), 2 * self.network.symbols

    @torch.no_grad()
    def encode(self, images: Sequence[Image], esn0_db: float) -> Sequence[Latents]:
        """The latents of images. Their scale has no meaning.

        esn0_db: what the transmitter believes.
        """
        stacked = Stacked.of(images, lambda image: grid_shape(*size_of(image)))
        return stacked.map(self._encode, [esn0_db] * len(images))

    @torch.no_grad()
    def decode(
        self,
        latents: Sequence[Latents],
        esn0_db: Sequence[float] | NDArray[np.floating],
        sizes: Sequence[tuple[int, int]],
    ) -> list[Image]:
        """The images of latents as they arrived, rounded to 8 bits and cropped to their sizes.

        esn0_db: (B,), what the receiver believes.
        """
        whole = Stacked.of(latents).map(self._decode, np.asarray(esn0_db, np.float32))
        return [image[:height, :width] for image, (height, width) in zip(whole, sizes, strict=True)]

    @cached_property
    def _networks(self) -> AnalogueAutoencoder:
        networks = AnalogueAutoencoder(self.network, self.points)
        return with_weights(networks, self.tensors, self.device)

    def _encode(self, images: NDArray[np.uint8], esn0_db: NDArray[np.float32]) -> Latents:
        patches = to_network(self._tensor(to_patches(images)))
        latents = self._networks.latents(patches, self._tensor(esn0_db), self.dtype)
        return latents.contiguous().cpu().numpy()

    def _decode(self, latents: Latents, esn0_db: NDArray[np.float32]) -> NDArray[np.uint8]:
        given = self._tensor(latents), self._tensor(esn0_db)
        return from_network(self._networks.patches(*given, self.dtype))

    def _tensor(self, array: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)
