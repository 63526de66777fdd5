"""A whole training; an interruption loses at most one epoch."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from semcomm.codec.training.checkpoint import load_checkpoint, save_checkpoint
from semcomm.codec.training.epochs import EpochProgress, EpochTrainer
from semcomm.version import __version__


def train(
    trainer: EpochTrainer[Any], checkpoint: Path, on_progress: Callable[[EpochProgress], None]
) -> None:
    """Train to the last epoch, from `checkpoint` if the file exists; write it after each epoch.

    on_progress: called several times per second.
    Raises CheckpointError when the file is damaged or belongs to another training.
    """
    training = _identity(trainer)
    if checkpoint.exists():
        load_checkpoint(trainer, checkpoint, training)
    while trainer.epoch < trainer.epochs:
        for progress in trainer.run_epoch():
            on_progress(progress)
        save_checkpoint(trainer, checkpoint, training)


def _identity(trainer: EpochTrainer[Any]) -> str:
    """What a training depends on: its settings, seed and images, and what computes it."""
    settings = trainer.settings() | {"seed": trainer.seed, "images": trainer.images.digest()}
    computed_by = {
        "device": trainer.device.type,
        "dtype": trainer.dtype,
        "semcomm": __version__,
        "torch": torch.__version__,
    }
    return json.dumps(settings | {"computed_by": computed_by}, sort_keys=True)
