"""Checkpoints: whole, refused when they are anything else, and never lost to a failed write."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save, save_file

from semcomm.codec.training.bit_flips import BitFlips
from semcomm.codec.training.checkpoint import load_checkpoint, save_checkpoint
from semcomm.codec.training.trainer import Trainer
from semcomm.errors import CheckpointError

Make = Callable[..., Trainer]
Fingerprint = Callable[[Trainer], str]


def run(trainer: Trainer) -> Trainer:
    for _ in trainer.run_epoch():
        pass
    return trainer


@pytest.fixture
def checkpoint(make_trainer: Make, tmp_path: Path) -> Path:
    """After one epoch, of a training named `this one`."""
    path = tmp_path / "it.checkpoint.safetensors"
    save_checkpoint(run(make_trainer()), path, "this one")
    return path


def refused(trainer: Trainer, path: Path) -> str:
    """The message with which a checkpoint is refused, the trainer staying as it was."""
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    with pytest.raises(CheckpointError, match=re.escape(str(path))) as caught:
        load_checkpoint(trainer, path, "this one")
    assert trainer.epoch == 0
    assert all(
        torch.equal(tensor, before[name]) for name, tensor in trainer.model.state_dict().items()
    )
    return str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"dtype": "float32"},
        {"dtype": "bfloat16"},
        {"kernel_learning_rate": 0.02},
        {"levels": 2, "rate_weight": 0.1, "finest_rate_weight": 0.01},
        {"quantizer": "vq", "channel": BitFlips((0.0, 0.2))},
    ],
)
def test_a_resumed_training_equals_an_uninterrupted_one(
    make_trainer: Make, fingerprint: Fingerprint, tmp_path: Path, changes: dict[str, object]
) -> None:
    through = run(make_trainer(**changes))
    save_checkpoint(through, tmp_path / "checkpoint", "this one")
    resumed = make_trainer(**changes)
    load_checkpoint(resumed, tmp_path / "checkpoint", "this one")
    assert resumed.epoch == 1 and fingerprint(resumed) == fingerprint(through)
    assert fingerprint(run(resumed)) == fingerprint(run(through))


def test_a_checkpoint_of_an_untrained_trainer_changes_nothing(
    make_trainer: Make, fingerprint: Fingerprint, tmp_path: Path
) -> None:
    trainer = make_trainer()
    save_checkpoint(trainer, tmp_path / "checkpoint", "this one")
    load_checkpoint(trainer, tmp_path / "checkpoint", "this one")
    assert fingerprint(run(trainer)) == fingerprint(run(make_trainer()))


def test_a_checkpoint_cut_short_anywhere_is_refused(make_trainer: Make, checkpoint: Path) -> None:
    content, trainer = checkpoint.read_bytes(), make_trainer()
    for length in {0, 1, 7, 8, 9, len(content) - 1, *range(10, len(content), 997)}:
        checkpoint.write_bytes(content[:length])
        assert "is not a checkpoint" in refused(trainer, checkpoint)


def test_a_flipped_bit_anywhere_is_refused_or_is_no_damage(
    make_trainer: Make, fingerprint: Fingerprint, checkpoint: Path
) -> None:
    """A safetensors header has places that mean nothing, such as the case of a digit in an
    escape.
    """
    content, intact, whole = checkpoint.read_bytes(), make_trainer(), make_trainer()
    load_checkpoint(intact, checkpoint, "this one")
    rng = np.random.default_rng(0)
    header = 8 + int.from_bytes(content[:8], "little")
    positions = [*rng.integers(header, size=150), *rng.integers(header, len(content), size=150)]
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= 1 << rng.integers(8)
        checkpoint.write_bytes(damaged)
        try:
            load_checkpoint(whole, checkpoint, "this one")
        except CheckpointError as error:
            assert str(checkpoint) in str(error)
        else:
            assert position < header and fingerprint(whole) == fingerprint(intact)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x04N.", bytes(1000), b"\xff" * 1000])
def test_what_is_no_safetensors_file_is_refused(
    make_trainer: Make, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(content)
    assert "is not a checkpoint" in refused(make_trainer(), path)


def test_a_folder_is_refused(make_trainer: Make, tmp_path: Path) -> None:
    assert "is not a checkpoint" in refused(make_trainer(), tmp_path)


def test_another_safetensors_file_is_refused(make_trainer: Make, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save_file({"codebook": torch.zeros(8, 2)}, path)
    assert "was made by another training" in refused(make_trainer(), path)


def test_another_trainings_checkpoint_is_refused(make_trainer: Make, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(make_trainer(), path, "that one, with seed 7")
    assert "that one, with seed 7" in refused(make_trainer(), path)


def renamed(tensors: dict[str, torch.Tensor]) -> None:
    tensors["codebooc"] = tensors.pop("codebook")


def missing(tensors: dict[str, torch.Tensor]) -> None:
    del tensors["logits.exp_avg"]


def narrower(tensors: dict[str, torch.Tensor]) -> None:
    tensors["codebook"] = tensors["codebook"][:, :1].contiguous()


@pytest.mark.parametrize("damage", [renamed, missing, narrower])
def test_tensors_that_do_not_fit_are_refused(
    make_trainer: Make,
    checkpoint: Path,
    damage: Callable[[dict[str, torch.Tensor]], None],
) -> None:
    tensors = load(checkpoint.read_bytes())
    damage(tensors)
    checkpoint.write_bytes(save(tensors, {"training": "this one", "epoch": "1"}))
    assert "is damaged" in refused(make_trainer(), checkpoint)


@pytest.mark.parametrize(
    "epoch", [{}, {"epoch": ""}, {"epoch": "-1"}, {"epoch": "1.5"}, {"epoch": "q"}]
)
def test_an_epoch_that_is_no_number_is_refused(
    make_trainer: Make, checkpoint: Path, epoch: dict[str, str]
) -> None:
    checkpoint.write_bytes(save(load(checkpoint.read_bytes()), {"training": "this one"} | epoch))
    assert "is damaged" in refused(make_trainer(), checkpoint)


def test_a_write_that_fails_leaves_the_old_checkpoint(
    make_trainer: Make, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    content = checkpoint.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(run(make_trainer(seed=1)), checkpoint, "this one")
    assert checkpoint.read_bytes() == content
    assert list(checkpoint.parent.iterdir()) == [checkpoint]


def test_reading_a_pickle_runs_nothing(make_trainer: Make, tmp_path: Path) -> None:
    path, sign = tmp_path / "checkpoint", tmp_path / "it-ran"
    path.write_bytes(b"cposix\nsystem\n(S'touch %s'\ntR." % bytes(sign))
    assert "is not a checkpoint" in refused(make_trainer(), path)
    assert not sign.exists()
