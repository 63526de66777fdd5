"""Training of an ESC codec: networks, codebooks and flip probabilities together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semcomm.codec.esc.codec_file import save_esc
from semcomm.codec.networks import Geometry
from semcomm.codec.training.epochs import CodecTrainer, QualityProgress, Sums, patches_of
from semcomm.codec.training.esc_export import exported
from semcomm.codec.training.esc_losses import EscAutoencoder, draw_books, esc_losses
from semcomm.codec.training.esc_recipe import EscRecipe
from semcomm.codec.training.held_out import HeldOut, mean_psnr_db
from semcomm.codec.training.images import TrainingImages, key_of
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image, from_network, psnr_db


@dataclass(frozen=True)
class EscProgress(QualityProgress):
    """The same of an ESC codec.

    crossovers: (V,) the mean flip probability of each codebook's bits.
    """

    crossovers: tuple[float, ...]

    def of_training(self) -> str:
        flips = " ".join(f"{crossover:.2g}" for crossover in self.crossovers)
        return f"loss {self.loss:.2f}  {self.quality_db:.2f} dB  flips {flips}"


class EscTrainer(CodecTrainer[Sums]):
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
        make = partial(EscAutoencoder, geometry, recipe.codebooks)
        own_rates = {"flip_logits": recipe.crossover_learning_rate}
        super().__init__(make, recipe, images, seed, held_out, own_rates)
        self.recipe = recipe
        self._initialize_codebooks()

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

    def _start_epoch(self) -> Sums:
        self._flips = torch.Generator().manual_seed(key_of(self.seed, "channel", self.epoch))
        return Sums(2)

    def _step(self, batch: Tensor, step: int, of_steps: int) -> tuple[float, float]:
        """Returns the loss and the squared error per image, pixels being from 0 to 1."""
        progress = step / of_steps
        self.model.flip_logits.requires_grad_(progress >= self.recipe.crossover_start)
        recipe, sub_vectors = self.recipe, math.prod(self.grid) * self.model.geometry.groups
        drawn = len(batch), sub_vectors, recipe.codebooks, recipe.mixed
        books = draw_books(*drawn, self._flips).to(batch.device)
        losses = esc_losses(self.model, batch, books, recipe, self._flips, self.dtype)
        loss = losses.total(recipe.commitment_weight)
        self.optimizers.step(loss, recipe.learning_rate_at(step, progress))
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

    def _progress(self, tally: Sums, steps: int) -> EscProgress:
        loss, distortion = tally.means()
        return EscProgress(
            epoch=self.epoch,
            images=tally.steps * self.batch_size,
            of_images=steps * self.batch_size,
            loss=loss,
            quality_db=psnr_db(distortion, math.prod(self.grid)),
            crossovers=tuple(self.model.crossovers.mean(dim=1).tolist()),
            held_out=self.measured,
        )
