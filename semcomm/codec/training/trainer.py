"""Training of a codec of bits: optimizer steps and re-seeding of unused codewords."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semcomm.codec.codec_file import save_codec, save_levels
from semcomm.codec.networks import Geometry
from semcomm.codec.training.epochs import CodecTrainer, QualityProgress, patches_of
from semcomm.codec.training.export import codec_in_training, export_codec, export_levels
from semcomm.codec.training.held_out import HeldOut, measured
from semcomm.codec.training.images import TrainingImages, key_of
from semcomm.codec.training.losses import Losses, VqAutoencoder, compute_losses
from semcomm.codec.training.recipe import Recipe
from semcomm.codec.training.start import Start
from semcomm.errors import DataError
from semcomm.modalities.modality import MODALITIES, Sample


@dataclass(frozen=True)
class VqProgress(QualityProgress):
    """The same of a codec of bits.

    bits: per image, N times the empirical entropy of the indices.
    used_codewords: of the level that uses fewest.
    perplexity: 2 to the power of the empirical entropy of an index, at most `used_codewords`.

    With several levels, entropies and squared errors are means over the levels.
    """

    bits: float
    used_codewords: int
    perplexity: float

    def of_training(self) -> str:
        return (
            f"loss {self.loss:.2f}  {self.quality_db:.2f} dB  {self.bits:.1f} bits  "
            f"{self.used_codewords} codewords used, perplexity {self.perplexity:.1f}"
        )


class Trainer(CodecTrainer["_Tally"]):
    """Trains networks and codebooks.

    start: the codec to start from in place of random weights and codewords.
    """

    model: VqAutoencoder

    def __init__(
        self,
        geometry: Geometry,
        recipe: Recipe,
        images: TrainingImages,
        seed: int,
        held_out: Sequence[Sample] = (),
        start: Start | None = None,
    ) -> None:
        if len(images) < recipe.levels:
            raise DataError(
                f"{recipe.levels} levels need at least as many images; there are {len(images)}"
            )
        shape = geometry, recipe.levels, recipe.quantizer, recipe.level_groups or ()
        make = partial(VqAutoencoder, *shape, images.modality)
        own_rates = {"logits": recipe.logit_learning_rate}
        super().__init__(make, recipe, images, seed, held_out, own_rates)
        self.recipe, self.start = recipe, start
        if start is None:
            self._initialize_codebook()
        else:
            start.check(geometry, recipe, images.modality)
            start.copy_to(self.model)

    def settings(self) -> dict[str, Any]:
        return {"geometry": asdict(self.model.geometry), "recipe": self._recipe()}

    def save(self, path: Path, images: Sequence[Sample], origin: Mapping[str, Any]) -> None:
        origin = {**origin, "training": self._recipe()}
        start = self.start.levels if self.start else ()
        if self.recipe.levels > 1:
            about, tensors = export_levels(self.model, self.recipe, images, origin, start)
            save_levels(about, tensors, self.recipe.levels, path)
        else:
            codec = export_codec(path.stem, self.model, self.recipe, images, origin, start)
            save_codec(codec, path)

    def _recipe(self) -> dict[str, Any]:
        """The recipe, in which a start has a name and a digest, but no place on this machine.

        Without a channel there is no mention of it, as in files of before it could be set.
        """
        start = self.start and {"codec": self.start.name, "sha256": self.start.digest.hex()}
        recipe = asdict(self.recipe) | {"start": start}
        return {name: value for name, value in recipe.items() if name != "channel" or value}

    @torch.no_grad()
    def _initialize_codebook(self) -> None:
        """Set codewords to sub-vectors that the untrained encoder makes of training images."""
        first = next(self.images.batches(min(1024, len(self.images)), self.seed, epoch=0))
        patches = patches_of(first, self.device, self.images.modality)
        vectors = self.model.sub_vectors(patches).flatten(end_dim=-2)
        self.model.codebook.copy_(
            _draw(vectors, self.model.geometry.codewords, key_of(self.seed, "codebook"))
        )

    def _start_epoch(self) -> "_Tally":
        self._flips = torch.Generator().manual_seed(key_of(self.seed, "channel", self.epoch))
        return _Tally(self.model.levels, self.model.geometry.codewords)

    def _finish_epoch(self, tally: "_Tally") -> None:
        if not self.recipe.channel and self.epoch <= self.recipe.reseed_until * self.recipe.epochs:
            self._reseed(tally)

    def _step(self, batch: Tensor, step: int, of_steps: int) -> tuple[list[Losses], float]:
        """Step along the weighted mean gradient of all levels, each of which has its share of the
        images.

        Returns the losses of each level, and the weighted mean of their totals.
        """
        progress = step / of_steps
        weights = self.recipe.rate_weights_at(progress)
        transmit = None
        if self.recipe.channel:
            transmit = partial(
                self.recipe.channel.transmit,
                images=len(batch),
                codewords=self.model.geometry.codewords,
                generator=self._flips,
            )
        losses = compute_losses(self.model, batch, weights, self.dtype, transmit)
        shares = self.recipe.level_weights
        totals = [
            share * level.total(weight, self.recipe.commitment_weight)
            for share, level, weight in zip(shares, losses, weights, strict=True)
        ]
        loss = torch.stack(totals).sum()
        self.optimizers.step(loss, self.recipe.learning_rate_at(step, progress))
        return losses, loss.item()

    def _held_out_quality(self) -> HeldOut:
        weights = self.recipe.rate_weights_at((self.epoch + 1) / self.epochs)
        codecs = [
            codec_in_training(self.model, self.recipe, level, weight).on(self.device.type)
            for level, weight in enumerate(weights)
        ]
        return measured(codecs, self.held_out)

    @torch.no_grad()
    def _reseed(self, tally: "_Tally") -> None:
        """Move codewords that a level did not use in an epoch to sub-vectors of its last batch.

        Each gets probability 1 / K by the present logits and a fresh optimizer state, so that
        neither an old cost nor an old momentum moves it away again.
        """
        model = self.model
        levels = zip(tally.counts, tally.last_vectors, strict=True)
        for level, (counts, vectors) in enumerate(levels):
            unused = torch.nonzero(counts == 0).flatten().to(self.device)
            if not len(unused):
                continue
            codebook, logits = model.codebook[level], model.logits[level]
            key = key_of(self.seed, "reseed", self.epoch, level)
            codebook[unused] = _draw(vectors, len(unused), key)
            logits[unused] = math.log(len(logits)) - torch.logsumexp(-logits, dim=0)
            for parameter in (model.codebook, model.logits):
                self.optimizers.moments(parameter)["exp_avg"][level, unused] = 0
                self.optimizers.moments(parameter)["exp_avg_sq"][level, unused] = 0

    def _progress(self, tally: "_Tally", steps: int) -> VqProgress:
        positions = math.prod(self.grid)
        distortion, modality = tally.distortion / tally.steps, MODALITIES[self.images.modality]
        indices = positions * torch.tensor(self.model.groups)
        shares = tally.counts / tally.counts.sum(dim=1, keepdim=True)
        entropies = -torch.xlogy(shares, shares).sum(dim=1) / math.log(2)
        images = tally.steps * self.batch_size
        return VqProgress(
            epoch=self.epoch,
            images=images,
            of_images=steps * self.batch_size,
            loss=tally.loss / tally.steps,
            quality_db=modality.quality_db(distortion, positions),
            bits=(entropies * indices).mean().item(),
            used_codewords=int((tally.counts > 0).sum(dim=1).min()),
            perplexity=2 ** entropies.mean().item(),
            held_out=self.measured,
        )


class _Tally:
    """Sums over an epoch; counts and last vectors are those of each level."""

    def __init__(self, levels: int, codewords: int) -> None:
        self.steps, self.loss, self.distortion = 0, 0.0, 0.0
        self.counts = torch.zeros(levels, codewords, dtype=torch.int64)
        self.last_vectors = [torch.empty(0)] * levels

    def add(self, losses: list[Losses], loss: float) -> None:
        self.steps += 1
        self.loss += loss
        self.distortion += sum(level.distortion.item() for level in losses) / len(losses)
        for counts, level in zip(self.counts, losses, strict=True):
            counts += torch.bincount(level.indices.cpu(), minlength=len(counts))
        self.last_vectors = [level.vectors for level in losses]


def _draw(vectors: Tensor, count: int, key: int) -> Tensor:
    """`count` rows of `vectors`, all different as long as there are enough."""
    generator = torch.Generator().manual_seed(key)
    order = torch.randperm(len(vectors), generator=generator)
    return vectors[order.repeat(-(-count // len(order)))[:count].to(vectors.device)]
