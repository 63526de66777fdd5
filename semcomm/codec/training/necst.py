"""NECST: bits that are learned together with the flips of a binary symmetric channel.

K. Choi, K. Tatwawadi, A. Grover, T. Weissman and S. Ermon, Neural joint source-channel coding, ICML
2019. The encoder gives the log-odds of each bit, from which bits are drawn in training; their
probabilities have the channel in them. What the paper leaves open: docs/decisions/0017-necst.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from annotated_types import Ge, Gt, Le, doc
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.choices import DType
from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About, codec_from, save_codec
from semcomm.codec.devices import autocast
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizers.vq import Vq
from semcomm.codec.training.bit_flips import BitFlips
from semcomm.codec.training.channel_trainer import ChannelTrainer
from semcomm.codec.training.export import code_table, network_tensors, with_code_table
from semcomm.codec.training.held_out import HeldOut, measured
from semcomm.codec.training.images import TrainingImages
from semcomm.codec.training.random_bits import (
    arrival_probabilities,
    draw_bits,
    log_probabilities,
    straight_through_bits,
    vimco_objective,
)
from semcomm.codec.training.schedule import Schedule
from semcomm.modalities.rgb8 import Image
from semcomm.validation import Validated

CODEBOOK = np.array([[-1.0], [1.0]], np.float32)
"""What the decoder is given of a bit of 0 and of 1. The nearer one of a logit is its sign."""


@dataclass(frozen=True)
class BitNetwork(Validated):
    """The residual networks of the digital codecs, with bits in place of sub-vectors."""

    bits: Annotated[
        int,
        Ge(1),
        Le(64),
        doc("per patch of 4 x 4 pixels; an image of 32 x 32 pixels has 64 patches"),
    ] = 8
    channels: Annotated[int, Ge(1), Le(1024), doc("feature maps inside the networks")] = 64
    blocks: Annotated[int, Ge(0), Le(16), doc("residual blocks in each network")] = 1

    @property
    def geometry(self) -> Geometry:
        """That of a codec with K = 2 codewords of D = 1 entry."""
        return Geometry(self.bits, 1, 2, self.channels, self.blocks)


@dataclass(frozen=True)
class NecstRecipe(Schedule):
    """The channel that bits are learned for, and how gradients reach the encoder."""

    channel: Annotated[BitFlips, doc("the binary symmetric channel")]
    gradient: Annotated[
        Literal["straight-through", "vimco"],
        doc(
            "how gradients reach the encoder: `straight-through` gives the probability of a bit "
            "the gradient of the bit; `vimco` weighs several draws by their scores, as the paper "
            "does"
        ),
    ] = "straight-through"
    samples: Annotated[
        Annotated[int, Ge(1), Le(1024)] | None,
        doc(
            "draws of the bits of each image and step, each of which the decoder reconstructs; by "
            "default 1, and 5 for `vimco`, which takes at least 2"
        ),
    ] = None
    score: Annotated[
        Literal["likelihood", "released-code"] | None,
        doc(
            "of `vimco`: `likelihood`, the default, is the paper's, a Gaussian log-likelihood; "
            "`released-code` is the squared error, so that the worst draw weighs most, as in the "
            "authors' code"
        ),
    ] = None
    variance: Annotated[
        Annotated[float, Gt(0.0), Le(1e6)] | None,
        doc(
            "of the Gaussian of `score: likelihood`, in squares of pixel values from 0 to 1; by "
            "default 0.5, with which the score is minus the squared error"
        ),
    ] = None

    def __post_init__(self) -> None:
        vimco = self.gradient == "vimco"
        if vimco and self.samples == 1:
            raise ValueError("samples is 1; with gradient vimco it takes at least 2")
        if self.score and not vimco:
            raise ValueError(
                f"score is {self.score}; gradient {self.gradient} has none: set gradient to `vimco`"
            )
        if self.variance and not (vimco and self.score != "released-code"):
            raise ValueError(
                f"variance is {self.variance}; it needs gradient `vimco` and score `likelihood`"
            )

    @property
    def draws(self) -> int:
        """`samples`, or its default."""
        return self.samples or (5 if self.gradient == "vimco" else 1)

    def vimco_loss(self, squares: Tensor, of_bits: Tensor) -> Tensor:
        """What VIMCO lowers, the mean over the images.

        squares, of_bits: (K, B) the squared error of each draw and the log-probability of its bits.
        """
        if self.score == "released-code":
            return vimco_objective(squares, of_bits).mean()
        return -vimco_objective(squares / (-2 * (self.variance or 0.5)), of_bits).mean()


class BitAutoencoder(nn.Module):
    """The networks: an encoder from patches to logits of bits, and a decoder from bits."""

    def __init__(self, network: BitNetwork) -> None:
        super().__init__()
        self.network = network
        self.encoder = semantic_encoder(network.geometry)
        self.decoder = semantic_decoder(network.geometry)

    def logits(self, patches: Tensor, dtype: DType = "float32") -> Tensor:
        """(B, 48, h, w) to (B, bits, h, w) float32."""
        with autocast(patches.device, dtype):
            logits: Tensor = self.encoder(patches)
        return logits.float()

    def squared_errors(self, bits: Tensor, patches: Tensor, dtype: DType = "float32") -> Tensor:
        """(K, B), of what is reconstructed of each draw.

        bits: (K, B, bits, h, w) of 0 and 1; patches: (B, 48, h, w).
        """
        with autocast(patches.device, dtype):
            decoded: Tensor = self.decoder(2 * bits.flatten(end_dim=1) - 1)
        reconstructed = decoded.float().view(*bits.shape[:2], *patches.shape[1:])
        return (reconstructed - patches).square().sum(dim=(2, 3, 4))


class NecstTrainer(ChannelTrainer):
    """Trains both networks; bits are drawn anew in each step."""

    model: BitAutoencoder

    def __init__(
        self,
        network: BitNetwork,
        recipe: NecstRecipe,
        images: TrainingImages,
        seed: int,
        held_out: Sequence[Image] = (),
    ) -> None:
        super().__init__(partial(BitAutoencoder, network), recipe, images, seed, held_out)
        self.recipe = recipe

    def settings(self) -> dict[str, Any]:
        network, training = asdict(self.model.network), asdict(self.recipe)
        return {"system": "necst", "network": network, "training": training}

    def save(self, path: Path, images: Sequence[Image], origin: Mapping[str, Any]) -> None:
        about, tensors = _contents(self.model, {**origin, **self.settings()})
        latents = _untabled(about, tensors).encode(images)
        save_codec(with_code_table(path.stem, about, tensors, latents), path)

    def _step(self, batch: Tensor, step: int, of_steps: int) -> tuple[float]:
        loss, squares = losses(self.model, batch, self.recipe, self._noise, self.dtype)
        self.optimizers.step(loss, self.recipe.learning_rate_at(step, step / of_steps))
        return (squares.mean().item(),)

    def _held_out_quality(self) -> HeldOut:
        """Of the more probable bits, without the channel."""
        return measured([bit_codec(self.model).on(self.device.type)], self.held_out)


def losses(
    model: BitAutoencoder,
    patches: Tensor,
    recipe: NecstRecipe,
    generator: torch.Generator,
    dtype: DType = "float32",
) -> tuple[Tensor, Tensor]:
    """What is to be lowered, and the squared error of each draw and image, (K, B)."""
    crossovers = recipe.channel.draw_crossovers(len(patches), generator).to(patches.device)
    probabilities = arrival_probabilities(model.logits(patches, dtype), crossovers)
    bits = draw_bits(probabilities, recipe.draws, generator)
    if recipe.gradient == "vimco":
        squares = model.squared_errors(bits, patches, dtype)
        return recipe.vimco_loss(squares, log_probabilities(bits, probabilities)), squares
    squares = model.squared_errors(straight_through_bits(bits, probabilities), patches, dtype)
    return squares.mean(), squares


def bit_codec(model: BitAutoencoder) -> Codec:
    """The codec of a model as it is."""
    return _untabled(*_contents(model, {}))


def _contents(
    model: BitAutoencoder, origin: Mapping[str, Any]
) -> tuple[About, dict[str, NDArray[Any]]]:
    """The text of the file, and its tensors but for those of the code table.

    It is a vq codec whose latents are the logits, so that the transmitter sends the more probable
    bit.
    """
    quantizer = Vq.tables(CODEBOOK, np.ones(len(CODEBOOK)), rate_weight=0.0)
    about = About(model.network.geometry, "vq", dict(origin))
    return about, {**network_tensors(model), **quantizer}


def _untabled(about: About, tensors: Mapping[str, NDArray[Any]]) -> Codec:
    """The codec with a code table of equal shares."""
    table = code_table(np.ones(len(CODEBOOK), np.int64))
    return codec_from("untabled", about, {**tensors, **table})
