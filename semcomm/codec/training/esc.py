"""Training of an ESC codec: networks, codebooks and flip probabilities together.

A reconstruction of ESC-MVQ (docs/decisions/0018-esc.md). A batch is divided among the codebooks.
Where codebook v has the share w_v of an image's N sub-vectors, an image's loss is

    |x - x'|^2 + |sg(z) - b|^2 + beta |z - sg(b_k)|^2 + sum over v of w_v weight_v N I(mu_v)

with b_k the codewords chosen, b those that arrive, sg no gradient, and I the information that an
index carries through bits that flip with the probabilities mu_v.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from annotated_types import Ge, Gt, Le, doc
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.choices import DType
from semcomm.codec.devices import autocast
from semcomm.codec.esc.codec import EscCodec
from semcomm.codec.esc.codec_file import CROSSOVERS, EscAbout, esc_from, save_esc
from semcomm.codec.esc.quantizer import channel_optimized
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizers.codebook import straight_through
from semcomm.codec.training.epochs import CodecTrainer, QualityProgress, patches_of
from semcomm.codec.training.held_out import HeldOut, mean_psnr_db
from semcomm.codec.training.images import TrainingImages, key_of
from semcomm.codec.training.losses import level_shares
from semcomm.codec.training.optimizers import Optimizers
from semcomm.codec.training.schedule import Schedule
from semcomm.codec.training.trainable_flips import information, received_codewords
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import PATCH_VALUES, Image, from_network

FIRST_CROSSOVER = 0.05
"""Of the most noise-proof codebook before the training; each further one has half of it."""

MEASURED_IMAGES = 4096
"""Training images over which the distortions of a codec's file are means."""


@dataclass(frozen=True, kw_only=True)
class EscRecipe(Schedule):
    """Codebooks, and what information costs each."""

    codebooks: Annotated[int, Ge(1), Le(16), doc("V; with 1 it is ESC-SVQ")] = 1
    information_weight: Annotated[
        float,
        Gt(0.0),
        Le(1e3),
        doc(
            "squared error of an image, values of pixels being from 0 to 1, that one bit of "
            "information costs the most noise-proof codebook; the higher it is, the more bits flip"
        ),
    ] = 0.2
    finest_information_weight: Annotated[
        Annotated[float, Gt(0.0), Le(1e3)] | None,
        doc("with several codebooks, that of the last; those between have equal ratios"),
    ] = None
    mixed: Annotated[
        float,
        Ge(0.0),
        Le(1.0),
        doc(
            "share of the images whose sub-vectors are of two codebooks that are drawn for each "
            "image, with a share of each that is drawn as well; the others have one codebook"
        ),
    ] = 0.5
    temperature: Annotated[
        float, Gt(0.0), Le(10.0), doc("of relaxed flips; the lower it is, the nearer to true ones")
    ] = 0.5
    crossover_learning_rate: Annotated[
        float, Gt(0.0), Le(10.0), doc("as `learning_rate`, for the flip probabilities' logits")
    ] = 1e-2
    commitment_weight: Annotated[float, Ge(0.0), Le(1e6), doc("the paper's beta")] = 0.25

    def __post_init__(self) -> None:
        if (self.codebooks > 1) != (self.finest_information_weight is not None):
            raise ValueError(
                f"codebooks is {self.codebooks} and finest_information_weight "
                f"{self.finest_information_weight}; several codebooks need one, and one takes none"
            )
        if self.codebooks > self.batch_size:
            raise ValueError(
                f"codebooks is {self.codebooks}; each needs an image of every batch, which has "
                f"{self.batch_size}"
            )

    @property
    def information_weights(self) -> list[float]:
        """That of each codebook, (V,)."""
        finest = self.finest_information_weight or self.information_weight
        weights = np.geomspace(self.information_weight, finest, self.codebooks)
        return [float(weight) for weight in weights]


class EscAutoencoder(nn.Module):
    """All that is trained.

    codebooks: (V, K, D); flip_logits: (V, B), twice the flip probabilities as logits.
    """

    def __init__(self, geometry: Geometry, codebooks: int) -> None:
        super().__init__()
        self.geometry = geometry
        self.encoder, self.decoder = semantic_encoder(geometry), semantic_decoder(geometry)
        shape = codebooks, geometry.codewords, geometry.dimension
        self.codebooks = nn.Parameter(torch.randn(shape))
        first = FIRST_CROSSOVER / 2 ** torch.arange(codebooks)
        bits = geometry.codewords.bit_length() - 1
        self.flip_logits = nn.Parameter(torch.logit(2 * first)[:, None].repeat(1, bits))

    @property
    def crossovers(self) -> Tensor:
        """(V, B) the flip probabilities, from 0 to 1/2."""
        return torch.sigmoid(self.flip_logits) / 2

    def sub_vectors(self, patches: Tensor, dtype: DType = "float32") -> Tensor:
        """(B, 48, h, w) patches to (B, N, D) float32."""
        with autocast(patches.device, dtype):
            latents: Tensor = self.encoder(patches)
        return latents.float().permute(0, 2, 3, 1).reshape(len(patches), -1, self.dimension)

    def patches(self, vectors: Tensor, grid: Sequence[int], dtype: DType = "float32") -> Tensor:
        """(B, N, D) sub-vectors of a grid (h, w) to (B, 48, h, w) float32."""
        latents = vectors.reshape(len(vectors), *grid, -1).permute(0, 3, 1, 2)
        with autocast(vectors.device, dtype):
            decoded: Tensor = self.decoder(latents)
        return decoded.float()

    @property
    def dimension(self) -> int:
        return self.geometry.dimension


class EscLosses(NamedTuple):
    """Means over a batch of what an image's loss adds up, and the patches that were received."""

    distortion: Tensor
    codebook: Tensor
    commitment: Tensor
    information: Tensor
    received: Tensor

    def total(self, commitment_weight: float) -> Tensor:
        return (
            self.distortion + self.codebook + commitment_weight * self.commitment + self.information
        )


def esc_losses(
    model: EscAutoencoder,
    patches: Tensor,
    books: Tensor,
    recipe: EscRecipe,
    generator: torch.Generator,
    dtype: DType = "float32",
) -> EscLosses:
    """Run a batch of (B, 48, h, w) float32 patches through encoder, flips and decoder.

    books: (B, N) int64, the codebook of each sub-vector.
    generator: of the CPU, so that all devices draw alike.
    """
    latents, crossovers = model.sub_vectors(patches, dtype), model.crossovers
    vectors, count = latents.flatten(end_dim=1), len(patches)
    draws = torch.rand(len(vectors), crossovers.shape[1], generator=generator)
    uniforms = draws.to(vectors.device)
    quantized = torch.empty_like(vectors)
    of_codebooks, commitment = torch.zeros(2, device=vectors.device).unbind()
    for book, (codebook, own) in enumerate(zip(model.codebooks, crossovers, strict=True)):
        rows = torch.nonzero(books.flatten() == book).flatten()
        ours = vectors[rows]
        with torch.no_grad():
            indices = channel_optimized(codebook, own).assign(ours)
        arrived, soft = received_codewords(
            codebook, indices, own, uniforms[rows], recipe.temperature
        )
        quantized = quantized.index_copy(0, rows, straight_through(ours, arrived) + soft)
        of_codebooks = of_codebooks + F.mse_loss(arrived, ours.detach(), reduction="sum")
        commitment = commitment + F.mse_loss(ours, codebook[indices].detach(), reduction="sum")
    received = model.patches(quantized.view_as(latents), patches.shape[2:], dtype)
    weights = torch.tensor(recipe.information_weights, device=vectors.device)
    carried = weights * information(crossovers) * latents.shape[1]
    return EscLosses(
        (received - patches).square().sum(dim=(1, 2, 3)).mean(),
        of_codebooks / count,
        commitment / count,
        carried.mean(),
        received,
    )


def draw_books(
    images: int, sub_vectors: int, codebooks: int, mixed: float, generator: torch.Generator
) -> Tensor:
    """The codebook of each sub-vector of a batch of images, (images, sub_vectors) int64.

    mixed: as in `EscRecipe`; the images that have one codebook are divided equally.
    """
    shares = torch.tensor(level_shares(images, codebooks))
    alone = torch.arange(codebooks).repeat_interleave(shares)[:, None]
    pairs = torch.randint(codebooks, (images, 2), generator=generator)
    is_mixed, share = torch.rand(2, images, 1, generator=generator)
    is_first = torch.rand(images, sub_vectors, generator=generator) < share
    drawn = torch.where(is_first, pairs[:, :1], pairs[:, 1:])
    return torch.where(is_mixed < mixed, drawn, alone)


@dataclass(frozen=True)
class EscProgress(QualityProgress):
    """The same of an ESC codec.

    crossovers: (V,) the mean flip probability of each codebook's bits.
    """

    crossovers: tuple[float, ...]

    def of_training(self) -> str:
        flips = " ".join(f"{crossover:.2g}" for crossover in self.crossovers)
        return f"loss {self.loss:.2f}  {self.quality_db:.2f} dB  flips {flips}"


class EscTrainer(CodecTrainer["_Tally"]):
    """Trains networks, codebooks and flip probabilities; flips are new in each step."""

    model: EscAutoencoder

    def __init__(
        self,
        geometry: Geometry,
        recipe: EscRecipe,
        images: TrainingImages,
        seed: int,
        held_out: Sequence[Image] = (),
    ) -> None:
        super().__init__(recipe, images, seed, held_out)
        self.recipe = recipe
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(key_of(seed, "weights"))
            model = EscAutoencoder(geometry, recipe.codebooks)
        self.model = model.to(self.device).to(memory_format=torch.channels_last)
        self._initialize_codebooks()
        own_rates = {"flip_logits": recipe.crossover_learning_rate}
        self.optimizers = Optimizers(self.model, recipe, own_rates)

    def settings(self) -> dict[str, Any]:
        return {"geometry": asdict(self.model.geometry), "recipe": asdict(self.recipe)}

    def save(self, path: Path, images: Sequence[Image], origin: Mapping[str, Any]) -> None:
        origin = {**origin, "training": asdict(self.recipe)}
        codec = exported(path.stem, self.model, images, origin, self.device.type)
        save_esc(codec, path)

    @torch.no_grad()
    def _initialize_codebooks(self) -> None:
        """Set codewords to sub-vectors that the untrained encoder makes of training images."""
        first = next(self.images.batches(min(1024, len(self.images)), self.seed, epoch=0))
        vectors = self.model.sub_vectors(patches_of(first, self.device)).flatten(end_dim=1)
        generator = torch.Generator().manual_seed(key_of(self.seed, "codebook"))
        shape = self.model.codebooks.shape[:2]
        chosen = torch.randint(len(vectors), shape, generator=generator)
        self.model.codebooks.copy_(vectors[chosen.to(vectors.device)])

    def _start_epoch(self) -> "_Tally":
        self._flips = torch.Generator().manual_seed(key_of(self.seed, "channel", self.epoch))
        return _Tally()

    def _step(self, batch: Tensor, step: int, of_steps: int) -> tuple[float, float]:
        """Returns the loss and the squared error per image, pixels being from 0 to 1."""
        recipe, sub_vectors = self.recipe, math.prod(self.grid) * self.model.geometry.groups
        drawn = len(batch), sub_vectors, recipe.codebooks, recipe.mixed
        books = draw_books(*drawn, self._flips).to(batch.device)
        losses = esc_losses(self.model, batch, books, recipe, self._flips, self.dtype)
        loss = losses.total(recipe.commitment_weight)
        self.optimizers.step(loss, recipe.learning_rate_at(step, step / of_steps))
        return loss.item(), losses.distortion.item()

    @torch.no_grad()
    def _held_out_quality(self) -> HeldOut:
        """The mean over the codebooks, with the same flips after each epoch."""
        flips, psnr_db = torch.Generator().manual_seed(key_of(self.seed, "held out")), 0.0
        for book in range(self.recipe.codebooks):
            received = []
            for picture in self.held_out:
                patches, (height, width) = patches_of(picture[None], self.device), size_of(picture)
                count = math.prod(patches.shape[2:]) * self.model.geometry.groups
                books = torch.full((1, count), book, device=self.device)
                losses = esc_losses(self.model, patches, books, self.recipe, flips, self.dtype)
                received.append(from_network(losses.received)[0, :height, :width])
            psnr_db += mean_psnr_db(self.held_out, received) / self.recipe.codebooks
        return HeldOut(psnr_db)

    def _progress(self, tally: "_Tally", steps: int) -> EscProgress:
        values = math.prod(self.grid) * PATCH_VALUES
        return EscProgress(
            epoch=self.epoch,
            images=tally.steps * self.batch_size,
            of_images=steps * self.batch_size,
            loss=tally.loss / tally.steps,
            quality_db=-10 * math.log10(max(tally.distortion / (tally.steps * values), 1e-12)),
            crossovers=tuple(self.model.crossovers.mean(dim=1).tolist()),
            held_out=self.measured,
        )


class _Tally:
    """Sums over an epoch."""

    def __init__(self) -> None:
        self.steps, self.loss, self.distortion = 0, 0.0, 0.0

    def add(self, loss: float, distortion: float) -> None:
        self.steps += 1
        self.loss += loss
        self.distortion += distortion


def exported(
    name: str,
    model: EscAutoencoder,
    images: Sequence[Image],
    origin: Mapping[str, Any],
    device: str = "cpu",
) -> EscCodec:
    """The codec of a trained model, whose networks' weights are rounded to float16.

    images: those of the training, the first of which its distortions are measured on.
    """
    about = EscAbout(model.geometry, len(model.codebooks), dict(origin))
    tensors = {
        name: tensor.detach().cpu().half().contiguous().numpy()
        for name, tensor in model.state_dict().items()
        if "coder." in name
    }
    tensors["codebooks"] = model.codebooks.detach().cpu().numpy().copy()
    crossovers = model.crossovers.detach().cpu().double().numpy()
    tensors["crossovers"] = crossovers.clip(*CROSSOVERS)
    tensors["distortions"] = np.zeros(len(crossovers))
    codec = esc_from(name, about, tensors).on(device)
    tensors["distortions"] = mean_square_errors(codec, images[:MEASURED_IMAGES])
    return esc_from(name, about, tensors)


def mean_square_errors(codec: EscCodec, images: Sequence[Image]) -> NDArray[np.float64]:
    """Of images all of whose sub-vectors have one codebook and flip as it learned, (V,).

    Values of pixels are from 0 to 1.
    """
    rng, errors = np.random.default_rng(0), list[float]()
    places = 1 << np.arange(codec.crossovers.shape[1])
    latents, sizes = codec.encode(images), [size_of(image) for image in images]
    for book, crossovers in enumerate(codec.crossovers):
        arrived = []
        for own in latents:
            books = np.full(math.prod(own.shape[:-1]), book)
            indices = codec.quantize(own.reshape(1, books.size, -1), books)
            flips = rng.random((*indices.shape, places.size)) < crossovers
            arrived.append(codec.reconstruct(indices ^ flips @ places, books).reshape(own.shape))
        pairs = zip(images, codec.decode(arrived, sizes), strict=True)
        squares = [np.square((ours.astype(float) - theirs) / 255).mean() for ours, theirs in pairs]
        errors.append(float(np.mean(squares)))
    return np.array(errors)
