"""A whole training, which an interruption at any moment sets back by one epoch at most."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from semcomm.codec.training.checkpoint import load_checkpoint, save_checkpoint
from semcomm.codec.training.trainer import EpochSoFar, Trainer


def train(trainer: Trainer, checkpoint: Path, watch: Callable[[EpochSoFar], None]) -> None:
    """Train to the last epoch, from `checkpoint` where there is one, and leave one there after each
    epoch.

    watch: is told how it stands, several times a second.
    Raises CheckpointError when the file there is damaged or belongs to another training.
    """
    training = _identity(trainer)
    if checkpoint.exists():
        load_checkpoint(trainer, checkpoint, training)
    while trainer.epoch < trainer.recipe.epochs:
        for so_far in trainer.run_epoch():
            watch(so_far)
        save_checkpoint(trainer, checkpoint, training)


def _identity(trainer: Trainer) -> str:
    """What makes it this training and no other: geometry, recipe, seed and images."""
    images = hashlib.sha256(trainer.patches.numpy().tobytes()).hexdigest()
    settings = {"geometry": asdict(trainer.model.geometry), "recipe": asdict(trainer.recipe)}
    return json.dumps(settings | {"seed": trainer.seed, "images": images}, sort_keys=True)
