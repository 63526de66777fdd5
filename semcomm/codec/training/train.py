"""A whole training; an interruption loses at most one epoch."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from semcomm.codec.training.checkpoint import load_checkpoint, save_checkpoint
from semcomm.codec.training.trainer import EpochProgress, Trainer


def train(trainer: Trainer, checkpoint: Path, on_progress: Callable[[EpochProgress], None]) -> None:
    """Train to the last epoch, from `checkpoint` if the file exists; write it after each epoch.

    on_progress: called several times per second.
    Raises CheckpointError when the file is damaged or belongs to another training.
    """
    training = _identity(trainer)
    if checkpoint.exists():
        load_checkpoint(trainer, checkpoint, training)
    while trainer.epoch < trainer.recipe.epochs:
        for progress in trainer.run_epoch():
            on_progress(progress)
        save_checkpoint(trainer, checkpoint, training)


def _identity(trainer: Trainer) -> str:
    """What a training depends on: geometry, recipe, seed and images."""
    images = hashlib.sha256(trainer.patches.numpy().tobytes()).hexdigest()
    settings = {"geometry": asdict(trainer.model.geometry), "recipe": asdict(trainer.recipe)}
    return json.dumps(settings | {"seed": trainer.seed, "images": images}, sort_keys=True)
