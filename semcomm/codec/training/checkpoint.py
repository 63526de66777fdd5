"""A training's state in one safetensors file, replaced as a whole after each epoch."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from semcomm.codec.training.epochs import EpochTrainer
from semcomm.errors import CheckpointError
from semcomm.files import write_atomically


def save_checkpoint(trainer: EpochTrainer[Any], path: Path, training: str) -> None:
    """Write weights, buffers, optimizer state and epoch; randomness, which epochs key, has none.

    training: identifies the training; only the same training can resume from the file.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _state(trainer).items()}
    metadata = {"epoch": str(trainer.epoch), "training": training}
    write_atomically(path, save(tensors, metadata | {"sha256": _digest(metadata, tensors)}))


@torch.no_grad()
def load_checkpoint(trainer: EpochTrainer[Any], path: Path, training: str) -> None:
    """Restore a trainer to the state that `save_checkpoint` wrote.

    Raises CheckpointError when the file is damaged or belongs to another training.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is not a checkpoint ({error}); remove it to train from the start"
        ) from None
    if metadata.get("training") != training:
        made = metadata.get("training", "nothing known")
        raise CheckpointError(
            f"{path} was made by another training: remove it, or go on with its settings and "
            f"versions, {made}"
        )
    state, digest = _state(trainer), metadata.pop("sha256", "")
    if digest != _digest(metadata, tensors) or _shapes(tensors) != _shapes(state):
        raise CheckpointError(f"{path} is damaged: its SHA-256 is wrong; remove it to train again")
    for name, tensor in state.items():
        tensor.copy_(tensors[name])
    trainer.epoch = int(metadata["epoch"])


def _digest(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _state(trainer: EpochTrainer[Any]) -> dict[str, Tensor]:
    """All tensors that an epoch changes, by name, to read or to overwrite in place."""
    state: dict[str, Tensor] = {}
    for name, parameter in trainer.model.named_parameters():
        state[name] = parameter
        state.update(
            (f"{name}.{moment}", tensor)
            for moment, tensor in trainer.optimizers.moments(parameter).items()
        )
    return state | dict(trainer.model.named_buffers())
