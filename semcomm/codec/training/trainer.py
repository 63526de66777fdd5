"""One training: epochs of Adam steps, codewords re-seeded, everything random a function of seed and
epoch.
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
from semcomm.codec.training.losses import Losses, Model, losses
from semcomm.codec.training.optimizers import Optimizers
from semcomm.codec.training.recipe import Recipe
from semcomm.errors import DataError


@dataclass(frozen=True)
class EpochSoFar:
    """What a person watching wants to know, over the images of an epoch seen so far.

    images, of_images: seen so far, and in a whole epoch.
    bits: N times the empirical entropy of the indices, an image.
    perplexity: 2 to the empirical entropy of an index, at most the used codewords.

    Of several levels, the means of entropies and squared errors, and the codewords of the level
    that uses fewest.
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
    """Trains a model on patches (n, h, w, 48) uint8; `epoch` says how many epochs are done."""

    def __init__(
        self, geometry: Geometry, recipe: Recipe, patches: NDArray[np.uint8], seed: int
    ) -> None:
        self.recipe, self.seed, self.epoch = recipe, seed, 0
        self.device = torch_device(recipe.device)
        self.dtype: DType = fast_dtype(self.device) if recipe.dtype == "auto" else recipe.dtype
        self.patches = torch.from_numpy(patches)
        if len(patches) < recipe.levels:
            raise DataError(
                f"{recipe.levels} levels take as many images at least; there are {len(patches)}"
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_key(seed, "weights"))
            model = Model(geometry, recipe.levels)
        self.model = model.to(self.device).to(memory_format=torch.channels_last)
        self.batch_size = min(recipe.batch_size, len(patches))
        self._spread_codebook()
        self.optimizers = Optimizers(self.model, recipe)

    @torch.no_grad()
    def _spread_codebook(self) -> None:
        """Start the codebook on sub-vectors that the untrained encoder makes of training images."""
        images = self._order(epoch=0)[:1024]
        vectors = self.model.sub_vectors(self._batch(images)).flatten(end_dim=-2)
        self.model.codebook.copy_(
            _draw(vectors, self.model.geometry.codewords, _key(self.seed, "codebook"))
        )

    def run_epoch(self) -> Iterator[EpochSoFar]:
        """One pass over the images in whole batches, saying how it stands every 16 steps and at its
        end.
        """
        order = self._order(self.epoch)
        steps = len(order) // self.batch_size
        tally = _Tally(self.model.levels, self.model.geometry.codewords)
        for step, images in enumerate(
            order[: steps * self.batch_size].reshape(steps, self.batch_size)
        ):
            tally.add(*self._step(images, self.epoch * steps + step, steps * self.recipe.epochs))
            if step % 16 == 15 and step < steps - 1:
                yield self._so_far(tally, steps)
        so_far = self._so_far(tally, steps)
        self.epoch += 1
        if self.epoch <= self.recipe.reseed_until * self.recipe.epochs:
            self._reseed(tally)
        yield so_far

    def _step(self, images: Tensor, step: int, of_steps: int) -> tuple[list[Losses], float]:
        """Move by the mean gradient of all levels, each of which has its share of the images."""
        progress = step / of_steps
        parts = self._batch(images).tensor_split(self.model.levels)
        weights = self.recipe.rate_weights_at(progress)
        found = [
            losses(self.model, part, weight, self.dtype, level)
            for level, (part, weight) in enumerate(zip(parts, weights, strict=True))
        ]
        loss = self._loss(found, weights)
        self.optimizers.step(loss, self.recipe.learning_rate_at(step, progress))
        return found, loss.item()

    def _loss(self, found: list[Losses], weights: list[float]) -> Tensor:
        beta = self.recipe.commitment_weight
        totals = [level.total(weight, beta) for level, weight in zip(found, weights, strict=True)]
        return torch.stack(totals).mean()

    @torch.no_grad()
    def _reseed(self, tally: "_Tally") -> None:
        """Put codewords of a level that a whole epoch left unused on sub-vectors of its last batch.

        Each is given probability 1 / K by the logits of this moment and a fresh optimizer state,
        so that neither an old price nor an old momentum takes it away again.
        """
        model = self.model
        for level, (counts, vectors) in enumerate(
            zip(tally.counts, tally.last_vectors, strict=True)
        ):
            unused = torch.nonzero(counts == 0).flatten().to(self.device)
            if not len(unused):
                continue
            codebook, logits = model.codebook[level], model.logits[level]
            codebook[unused] = _draw(
                vectors, len(unused), _key(self.seed, "reseed", self.epoch, level)
            )
            logits[unused] = math.log(len(logits)) - torch.logsumexp(-logits, dim=0)
            for parameter in (model.codebook, model.logits):
                self.optimizers.moments(parameter)["exp_avg"][level, unused] = 0
                self.optimizers.moments(parameter)["exp_avg_sq"][level, unused] = 0

    def _so_far(self, tally: "_Tally", steps: int) -> EpochSoFar:
        values, sub_vectors = self.patches[0].numel(), tally.counts.sum().item()
        shares = tally.counts / tally.counts.sum(dim=1, keepdim=True)
        entropies = -torch.xlogy(shares, shares).sum(dim=1) / math.log(2)
        images = tally.steps * self.batch_size
        return EpochSoFar(
            epoch=self.epoch,
            images=images,
            of_images=steps * self.batch_size,
            loss=tally.loss / tally.steps,
            psnr_db=-10 * math.log10(max(tally.distortion / (tally.steps * values), 1e-12)),
            bits=entropies.mean().item() * sub_vectors / images,
            used_codewords=int((tally.counts > 0).sum(dim=1).min()),
            perplexity=2 ** entropies.mean().item(),
        )

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(_key(self.seed, "order", epoch))
        return torch.randperm(len(self.patches), generator=generator)

    def _batch(self, images: Tensor) -> Tensor:
        pixels = self.patches.index_select(0, images).to(self.device)
        return (pixels.float() / 255).permute(0, 3, 1, 2)


class _Tally:
    """Sums over an epoch; of counts and last vectors, those of each level."""

    def __init__(self, levels: int, codewords: int) -> None:
        self.steps, self.loss, self.distortion = 0, 0.0, 0.0
        self.counts = torch.zeros(levels, codewords, dtype=torch.int64)
        self.last_vectors = [torch.empty(0)] * levels

    def add(self, found: list[Losses], loss: float) -> None:
        self.steps += 1
        self.loss += loss
        self.distortion += sum(level.distortion.item() for level in found) / len(found)
        for counts, level in zip(self.counts, found, strict=True):
            counts += torch.bincount(level.indices.cpu(), minlength=len(counts))
        self.last_vectors = [level.vectors for level in found]


def _draw(vectors: Tensor, count: int, key: int) -> Tensor:
    """`count` rows of `vectors`, all different as long as there are enough."""
    generator = torch.Generator().manual_seed(key)
    order = torch.randperm(len(vectors), generator=generator)
    return vectors[order.repeat(-(-count // len(order)))[:count].to(vectors.device)]


def _key(seed: int, purpose: str, epoch: int = 0, level: int = 0) -> int:
    """A generator's seed that depends on what it is for and nothing else."""
    words = np.random.SeedSequence(
        [seed, epoch, *purpose.encode(), *[level] * (level > 0)]
    ).generate_state(2, np.uint32)
    return int(words[0]) << 31 | int(words[1]) >> 1
