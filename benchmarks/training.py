"""Images per second of training, as `semcomm train` does it and as plain PyTorch would, with all
cores.

50,000 random images of 32 x 32 pixels, batches of 64, the networks and the recipe of the shipped
codecs. Plain PyTorch means float32 throughout, tensors in their default layout, and the losses, the
search for codewords and Adam written as one finds them in code for VQ-VAEs. Both take blocks of 16
steps in turn, so that what else the machine does slows both; the figures are medians over blocks.

    python benchmarks/training.py
"""

import argparse
import statistics
import time
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from semcomm.codec.devices import fast_dtype
from semcomm.codec.networks import Geometry
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.losses import VqAutoencoder
from semcomm.codec.training.recipe import Recipe
from semcomm.codec.training.trainer import Trainer
from semcomm.modalities.patches import from_patches
from semcomm.modalities.rgb8 import PATCH_VALUES

IMAGES, GRID = 50_000, (8, 8)
STEPS = 16  # in a block; run_epoch says as often how it stands
WARM_UP = 3  # blocks


def ours(patches: NDArray[np.uint8], recipe: Recipe) -> Iterator[None]:
    """A block of training at each turn."""
    trainer = Trainer(Geometry(), recipe, WholeImages(from_patches(patches)), seed=0)
    while True:
        for so_far in trainer.run_epoch():
            if so_far.images < so_far.of_images:
                yield


def plain(patches: NDArray[np.uint8], recipe: Recipe) -> Iterator[None]:
    """The same steps by the book: equations (3) to (6) in float32, images as (n, 48, 8, 8)."""
    torch.manual_seed(0)
    images = torch.from_numpy(np.ascontiguousarray(patches.transpose(0, 3, 1, 2)))
    model = VqAutoencoder(Geometry())
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    while True:
        order = torch.randperm(IMAGES)
        for start in range(0, IMAGES - STEPS * recipe.batch_size + 1, STEPS * recipe.batch_size):
            for step in range(STEPS):
                first = start + step * recipe.batch_size
                optimizer.zero_grad()
                batch = images[order[first : first + recipe.batch_size]].float() / 255
                loss = plain_loss(model, batch, recipe)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                loss.item()
            yield


def plain_loss(model: VqAutoencoder, x: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """The loss (5) of a batch."""
    rate_weight, commitment_weight = recipe.rate_weights[0], recipe.commitment_weight
    latents = model.encoder(x).permute(0, 2, 3, 1).contiguous()
    z = latents.view(-1, model.geometry.dimension)
    bits = -torch.log2(torch.softmax(-model.logits[0], dim=0))
    codebook = model.codebook[0]
    distances = (
        z.square().sum(dim=1, keepdim=True) - 2 * z @ codebook.T + codebook.square().sum(dim=1)
    )
    indices = (distances + rate_weight * bits).argmin(dim=1)
    chosen = codebook[indices]
    quantized = (z + (chosen - z).detach()).view_as(latents).permute(0, 3, 1, 2).contiguous()
    distortion = F.mse_loss(model.decoder(quantized), x, reduction="sum")
    moved = F.mse_loss(chosen, z.detach(), reduction="sum")
    commitment = F.mse_loss(z, chosen.detach(), reduction="sum")
    rate = rate_weight * (1 + commitment_weight) * bits[indices].sum()
    return (distortion + moved + commitment_weight * commitment + rate) / len(x)


def images_per_second(blocks: Iterator[None], batch_size: int) -> float:
    """Over one block."""
    begin = time.perf_counter()
    next(blocks)
    return STEPS * batch_size / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description="Images per second of training.")
    parser.add_argument(
        "--blocks", type=int, default=24, help="of 16 steps, of which the median is taken"
    )
    options = parser.parse_args()

    recipe = Recipe(device="cpu")
    patches = np.random.default_rng(0).integers(
        0, 256, (IMAGES, *GRID, PATCH_VALUES), dtype=np.uint8
    )
    name = f"semcomm, {fast_dtype(torch.device('cpu'))}"
    contestants = {name: ours(patches, recipe), "plain PyTorch, float32": plain(patches, recipe)}
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(WARM_UP + options.blocks):
        for name, blocks in contestants.items():
            speeds[name].append(images_per_second(blocks, recipe.batch_size))
    medians = {name: statistics.median(values[WARM_UP:]) for name, values in speeds.items()}
    print(
        f"{torch.get_num_threads()} threads, batches of {recipe.batch_size}, {options.blocks} "
        f"blocks of {STEPS} steps"
    )
    for name, median in medians.items():
        print(f"{name:24}{median:8.0f} images/s")
    fast, slow = medians.values()
    print(f"{'ratio':24}{fast / slow:8.2f}")


if __name__ == "__main__":
    main()
