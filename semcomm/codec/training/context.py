"""Training of a context model, in the integer arithmetic of docs/bitstream.md.

Weights are real numbers, rounded wherever they are used; a gradient passes through the rounding
unchanged (Bengio, Leonard and Courville, Estimating or propagating gradients through stochastic
neurons for conditional computation, 2013). The trained network is therefore exactly the one that
codes.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.codec.entropy_coding.context_model import PREFIX
from semcomm.codec.entropy_coding.context_network import (
    ACTIVATION_SHIFTS,
    MAX_ACTIVATION,
    NEIGHBOURS,
)

ABOVE, BESIDE = -min(row for row, _ in NEIGHBOURS), max(column for _, column in NEIGHBOURS)

ACTIVATION_UNIT = WEIGHT_UNIT = 1 / 64
EMBEDDING_UNIT = ACTIVATION_UNIT / WEIGHT_UNIT / (1 << ACTIVATION_SHIFTS[0])
SUM_UNITS = EMBEDDING_UNIT * WEIGHT_UNIT, ACTIVATION_UNIT * WEIGHT_UNIT
"""The value of an integer 1 in the sums of the first layer and of the others; a logit of 1 is one
octave.
"""

BIASES = ("bias1", "bias2", "bias3")
OTHER_UNITS = {
    "embedding": EMBEDDING_UNIT,
    "bias1": SUM_UNITS[0],
    "bias2": SUM_UNITS[1],
    "bias3": SUM_UNITS[1],
}
LARGEST_WEIGHT, LARGEST_BIAS = 127, 1 << 20


@dataclass(frozen=True)
class ContextRecipe:
    """The size of a context model, and its training.

    entries: of an embedding.
    hidden: units of the two hidden layers.
    epochs: passes over all images, where a position has one or two indices (`passes`).
    learning_rate: of Adam; it rises from 0 in a few steps, then follows half a cosine down to 0.
    """

    entries: int = 16
    hidden: tuple[int, int] = (128, 64)
    epochs: int = 6
    batch_size: int = 64
    learning_rate: float = 1.6e-2
    seed: int = 0

    def passes(self, groups: int) -> int:
        """Passes over all images where a position has so many indices: at most as many indices in
        all as with two, but at least one pass.

        Example: of six epochs, 6 with two indices, 3 with four, and 2 with eight.
        """
        return math.ceil(self.epochs * min(1.0, 2 / groups))


@dataclass(frozen=True)
class ContextEpoch:
    """The result of one epoch.

    bits: per image, the ideal code length of its indices, averaged while the model was learning.
    level: of the codec, where it has several.
    """

    epoch: int
    of_epochs: int
    bits: float
    level: int | None = None

    def __str__(self) -> str:
        level = "" if self.level is None else f"level {self.level}, "
        return f"{level}epoch {self.epoch}/{self.of_epochs}: {self.bits:.2f} bits per image"


class ContextNetwork(nn.Module):
    """A context model in training, for grids with `groups` indices per position."""

    def __init__(self, groups: int, codewords: int, recipe: ContextRecipe) -> None:
        super().__init__()
        first, second = recipe.hidden
        inputs = len(NEIGHBOURS) * groups * recipe.entries
        earlier = groups * (groups - 1) // 2
        self.embedding = _normal(0.5, codewords + 1, recipe.entries)
        self.neighbours = _normal(
            1.5 / math.sqrt(inputs), len(NEIGHBOURS) * groups, recipe.entries, first
        )
        self.before = _normal(0.1, earlier, recipe.entries, first)
        self.weight2 = _normal(math.sqrt(2 / first), groups, first, second)
        self.weight3 = _normal(math.sqrt(1 / second), groups, second, codewords)
        self.bias1 = nn.Parameter(torch.full((groups, first), 0.1))
        self.bias2 = nn.Parameter(torch.full((groups, second), 0.1))
        self.bias3 = nn.Parameter(torch.zeros(groups, codewords))

    def forward(self, indices: Tensor) -> Tensor:
        """Logits (B, h, w, g, K), in octaves, of indices (B, h, w, g) int64."""
        return torch.stack(list(self.group_logits(indices)), dim=-2)

    def group_logits(self, indices: Tensor) -> Iterator[Tensor]:
        """The same, (B, h, w, K) for each group."""
        whole = {name: multiples * unit for name, (multiples, unit) in self._multiples().items()}
        embedded = whole["embedding"][indices]
        near = self._neighbours(embedded, whole["embedding"][-1]) @ whole["neighbours"].flatten(
            end_dim=1
        )
        for group in range(indices.shape[-1]):
            first, pair = near + whole["bias1"][group], group * (group - 1) // 2
            if group:
                weights = whole["before"][pair : pair + group].flatten(end_dim=1)
                first = first + embedded[..., :group, :].flatten(-2) @ weights
            second = _activation(first) @ whole["weight2"][group] + whole["bias2"][group]
            yield _activation(second) @ whole["weight3"][group] + whole["bias3"][group]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The model as the tensors of a codec's file."""
        return {
            PREFIX + name: multiples.detach()
            .numpy()
            .astype(np.int32 if name in BIASES else np.int8)
            for name, (multiples, _) in self._multiples().items()
        }

    def units(self) -> dict[str, float]:
        """The value of an integer 1 in each of the tensors."""
        return {name: OTHER_UNITS.get(name, WEIGHT_UNIT) for name, _ in self.named_parameters()}

    def _multiples(self) -> dict[str, tuple[Tensor, float]]:
        """Each parameter as integer multiples of its unit, and the unit."""
        multiples = {}
        for name, unit in self.units().items():
            largest = LARGEST_BIAS if name in BIASES else LARGEST_WEIGHT
            scaled = (self.get_parameter(name) / unit).clamp(-largest, largest)
            multiples[name] = _whole(scaled, down=False), unit
        return multiples

    def _neighbours(self, embedded: Tensor, outside: Tensor) -> Tensor:
        """(B, h, w, 12 g entries) the embeddings around each position."""
        count, rows, columns, groups, entries = embedded.shape
        padded = outside.expand(count, rows + ABOVE, columns + 2 * BESIDE, groups, entries).clone()
        padded[:, ABOVE:, BESIDE : BESIDE + columns] = embedded
        parts = []
        for row, column in NEIGHBOURS:
            top, left = ABOVE + row, BESIDE + column
            parts.append(padded[:, top : top + rows, left : left + columns].flatten(3))
        return torch.cat(parts, dim=-1)


def trained_context(
    indices: NDArray[np.uint16],
    codewords: int,
    recipe: ContextRecipe,
    on_progress: Callable[[ContextEpoch], None],
) -> dict[str, NDArray[Any]]:
    """The tensors of a context model trained on indices (n, h, w, g).

    They depend on the arguments alone, on one machine with one number of threads.

    on_progress: called after each epoch.
    """
    grids = torch.from_numpy(indices.astype(np.int64))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = ContextNetwork(grids.shape[-1], codewords, recipe)
    with torch.no_grad():
        network.bias3.copy_(_log2_shares(grids, codewords))
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    size, epochs = min(recipe.batch_size, len(grids)), recipe.passes(grids.shape[-1])
    steps = len(grids) // size
    for epoch in range(epochs):
        order = np.random.default_rng([recipe.seed, epoch]).permutation(len(grids))
        bits = 0.0
        for step, batch in enumerate(order[: steps * size].reshape(steps, size)):
            for group in optimizer.param_groups:
                group["lr"] = _learning_rate(epoch * steps + step, epochs * steps, recipe)
            cost = ideal_bits(network, grids[batch])
            optimizer.zero_grad()
            (cost / indices[0].size).backward()
            optimizer.step()
            bits += cost.item()
        on_progress(ContextEpoch(epoch + 1, epochs, bits / steps))
    return network.tensors()


def ideal_bits(network: ContextNetwork, indices: Tensor) -> Tensor:
    """-log2 of the probability of an image's indices; mean over a batch (B, h, w, g)."""
    nats = [
        F.cross_entropy(logits.flatten(end_dim=-2) * math.log(2), own.flatten(), reduction="sum")
        for logits, own in zip(network.group_logits(indices), indices.unbind(-1), strict=True)
    ]
    return torch.stack(nats).sum() / math.log(2) / len(indices)


def _log2_shares(indices: Tensor, codewords: int) -> Tensor:
    """(g, K) log2 of the share of each index, where every count is raised by one."""
    counts = [
        torch.bincount(group.flatten(), minlength=codewords) + 1.0 for group in indices.unbind(-1)
    ]
    return torch.stack([(count / count.sum()).log2() for count in counts])


def _learning_rate(step: int, steps: int, recipe: ContextRecipe) -> float:
    rise = min(1.0, (step + 1) / 50)
    return recipe.learning_rate * rise * (1 + math.cos(math.pi * step / steps)) / 2


def _normal(deviation: float, *shape: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(shape) * deviation)


def _activation(sums: Tensor) -> Tensor:
    multiples = (sums / ACTIVATION_UNIT).clamp(0, MAX_ACTIVATION)
    return _whole(multiples, down=True) * ACTIVATION_UNIT


class _Whole(torch.autograd.Function):
    """Rounding that passes the gradient unchanged."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, down: bool) -> Tensor:
        return values.floor() if down else values.round()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0], None


def _whole(values: Tensor, down: bool) -> Tensor:
    whole: Tensor = _Whole.apply(values, down)
    return whole
