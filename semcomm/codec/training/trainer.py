"""One training: epochs of optimizer steps and re-seeding of unused codewords.

All randomness is a function of seed and epoch.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomm.choices import DType
from semcomm.codec.devices import fast_dtype, torch_device
from semcomm.codec.networks import Geometry
from semcomm.codec.training.losses import Losses, VqAutoencoder, compute_losses
from semcomm.codec.training.optimizers import Optimizers
from semcomm.codec.training.recipe import Recipe
from semcomm.errors import DataError
from semcomm.modalities.rgb8 import to_network


@dataclass(frozen=True)
class EpochProgress:
    """The state of an epoch, over its images so far.

    images, of_images: so far, and in the whole epoch.
    bits: per image, N times the empirical entropy of the indices.
    used_codewords: of the level that uses fewest.
    perplexity: 2 to the power of the empirical entropy of an index, at most `used_codewords`.

    With several levels, entropies and squared errors are means over the levels.
    """

    epoch: int
    images: int
    of_images: int
    loss: float
    psnr_db: float
    bits: float
    used_codewords: int
    perplexity: float


class Trainer:
    """Trains a model on patches (n, h, w, 48) uint8; `epoch` epochs are done."""

    def __init__(
        self, geometry: Geometry, recipe: Recipe, patches: NDArray[np.uint8], seed: int
    ) -> None:
        self.recipe, self.seed, self.epoch = recipe, seed, 0
        self.device = torch_device(recipe.device)
        self.dtype: DType = fast_dtype(self.device) if recipe.dtype == "auto" else recipe.dtype
        self.patches = torch.from_numpy(patches)
        if len(patches) < recipe.levels:
            raise DataError(
                f"{recipe.levels} levels need at least as many images; there are {len(patches)}"
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_key(seed, "weights"))
            groups = recipe.level_groups or ()
            model = VqAutoencoder(geometry, recipe.levels, recipe.quantizer, groups)
        self.model = model.to(self.device).to(memory_format=torch.channels_last)
        self.batch_size = min(recipe.batch_size, len(patches))
        self._initialize_codebook()
        self.optimizers = Optimizers(self.model, recipe)

    @torch.no_grad()
    def _initialize_codebook(self) -> None:
        """Set codewords to sub-vectors that the untrained encoder makes of training images."""
        images = self._order(epoch=0)[:1024]
        vectors = self.model.sub_vectors(self._batch(images)).flatten(end_dim=-2)
        self.model.codebook.copy_(
            _draw(vectors, self.model.geometry.codewords, _key(self.seed, "codebook"))
        )

    def run_epoch(self) -> Iterator[EpochProgress]:
        """One pass over the images in whole batches; yields its progress every 16 steps and at the
        end.
        """
        order = self._order(self.epoch)
        steps = len(order) // self.batch_size
        tally = _Tally(self.model.levels, self.model.geometry.codewords)
        batches = order[: steps * self.batch_size].reshape(steps, self.batch_size)
        for step, images in enumerate(batches):
            tally.add(*self._step(images, self.epoch * steps + step, steps * self.recipe.epochs))
            if step % 16 == 15 and step < steps - 1:
                yield self._progress(tally, steps)
        progress = self._progress(tally, steps)
        self.epoch += 1
        if self.epoch <= self.recipe.reseed_until * self.recipe.epochs:
            self._reseed(tally)
        yield progress

    def _step(self, images: Tensor, step: int, of_steps: int) -> tuple[list[Losses], float]:
        """Step along the weighted mean gradient of all levels, each of which has its share of the
        images.

        Returns the losses of each level, and the weighted mean of their totals.
        """
        progress = step / of_steps
        weights = self.recipe.rate_weights_at(progress)
        losses = compute_losses(self.model, self._batch(images), weights, self.dtype)
        shares = self.recipe.level_weights
        totals = [
            share * level.total(weight, self.recipe.commitment_weight)
            for share, level, weight in zip(shares, losses, weights, strict=True)
        ]
        loss = torch.stack(totals).sum()
        self.optimizers.step(loss, self.recipe.learning_rate_at(step, progress))
        return losses, loss.item()

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
            key = _key(self.seed, "reseed", self.epoch, level)
            codebook[unused] = _draw(vectors, len(unused), key)
            logits[unused] = math.log(len(logits)) - torch.logsumexp(-logits, dim=0)
            for parameter in (model.codebook, model.logits):
                self.optimizers.moments(parameter)["exp_avg"][level, unused] = 0
                self.optimizers.moments(parameter)["exp_avg_sq"][level, unused] = 0

    def _progress(self, tally: "_Tally", steps: int) -> EpochProgress:
        _, rows, columns, values = self.patches.shape
        pixels = rows * columns * values
        indices = rows * columns * torch.tensor(self.model.groups)
        shares = tally.counts / tally.counts.sum(dim=1, keepdim=True)
        entropies = -torch.xlogy(shares, shares).sum(dim=1) / math.log(2)
        images = tally.steps * self.batch_size
        return EpochProgress(
            epoch=self.epoch,
            images=images,
            of_images=steps * self.batch_size,
            loss=tally.loss / tally.steps,
            psnr_db=-10 * math.log10(max(tally.distortion / (tally.steps * pixels), 1e-12)),
            bits=(entropies * indices).mean().item(),
            used_codewords=int((tally.counts > 0).sum(dim=1).min()),
            perplexity=2 ** entropies.mean().item(),
        )

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(_key(self.seed, "order", epoch))
        return torch.randperm(len(self.patches), generator=generator)

    def _batch(self, images: Tensor) -> Tensor:
        return to_network(self.patches.index_select(0, images).to(self.device))


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


def _key(seed: int, purpose: str, epoch: int = 0, level: int = 0) -> int:
    """A generator's seed that depends on the arguments alone."""
    entropy = [seed, epoch, *purpose.encode(), *[level] * (level > 0)]
    words = np.random.SeedSequence(entropy).generate_state(2, np.uint32)
    return int(words[0]) << 31 | int(words[1]) >> 1
