"""Epochs: what they depend on, which images they visit, what they report, and how codewords are
re-seeded.
"""

import math
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
import torch

from semcomm.codec.networks import Geometry
from semcomm.codec.training.bit_flips import BitFlips
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.losses import Losses
from semcomm.codec.training.recipe import Recipe
from semcomm.codec.training.trainer import Trainer, VqProgress
from semcomm.data.sample import Sample
from semcomm.errors import DataError
from semcomm.modalities.patches import to_patches

Make = Callable[..., Trainer]
Fingerprint = Callable[[Trainer], str]


def run(trainer: Trainer, epochs: int = 1) -> list[VqProgress]:
    return [progress for _ in range(epochs) for progress in trainer.run_epoch()]


def spied(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[torch.Tensor], list[Losses]]:
    """The patches of each step and what the step finds, written down while the trainer runs."""
    visited: list[torch.Tensor] = []
    recorded: list[Losses] = []
    step = trainer._step

    def watched(patches: torch.Tensor, number: int, of_steps: int) -> tuple[list[Losses], float]:
        visited.append(patches)
        result = step(patches, number, of_steps)
        recorded.extend(result[0])
        return result

    monkeypatch.setattr(trainer, "_step", watched)
    return visited, recorded


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_training(
    make_trainer: Make, fingerprint: Fingerprint, dtype: str
) -> None:
    first, second = make_trainer(dtype=dtype), make_trainer(dtype=dtype)
    assert run(first, epochs=2) == run(second, epochs=2)
    assert fingerprint(first) == fingerprint(second)


@pytest.mark.parametrize(
    ("fast", "abilities"), [("float32", {}), ("bfloat16", {"avx512_bf16": True})]
)
def test_by_default_the_arithmetic_is_what_is_fast_here(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch, fast: str, abilities: dict[str, bool]
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: abilities)
    assert make_trainer().dtype == fast
    assert [make_trainer(dtype=dtype).dtype for dtype in ("float32", "bfloat16")] == [
        "float32",
        "bfloat16",
    ]


def test_another_seed_gives_other_weights_codewords_and_order(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainers = [make_trainer(seed) for seed in (0, 1)]
    visits = [spied(trainer, monkeypatch)[0] for trainer in trainers]
    for name in ("encoder.0.weight", "decoder.0.weight", "codebook"):
        assert not torch.equal(*(trainer.model.get_parameter(name) for trainer in trainers))
    for trainer in trainers:
        run(trainer)
    assert not torch.equal(torch.cat(visits[0]), torch.cat(visits[1]))


def test_the_global_random_state_is_neither_used_nor_changed(
    make_trainer: Make, fingerprint: Fingerprint
) -> None:
    results = set()
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        states = torch.get_rng_state(), numpy_state()
        trainer = with_unused_codewords(make_trainer(), [3])
        run(trainer, epochs=2)
        results.add(fingerprint(trainer))
        assert torch.equal(torch.get_rng_state(), states[0])
        assert numpy_state() == states[1]
    assert len(results) == 1


def numpy_state() -> list[int]:
    state: list[int] = np.random.get_state(legacy=False)["state"]["key"].tolist()
    return state


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 72), (7, 10), (72, 1), (100, 1)])
def test_an_epoch_visits_images_at_most_once_in_its_own_order(
    make_trainer: Make,
    images: WholeImages,
    monkeypatch: pytest.MonkeyPatch,
    batch_size: int,
    steps: int,
) -> None:
    """In whole batches."""
    trainer = make_trainer(batch_size=batch_size)
    visited, _ = spied(trainer, monkeypatch)
    run(trainer, epochs=2)
    assert [len(patches) for patches in visited] == [min(batch_size, 72)] * steps * 2
    known = [patches.tobytes() for patches in to_patches(images.images)]
    orders = [
        [known.index(bytes((255 * image).round().byte().permute(1, 2, 0).numpy())) for image in run]
        for run in (torch.cat(visited[:steps]), torch.cat(visited[steps:]))
    ]
    assert all(len(set(order)) == len(order) for order in orders)
    assert orders[0] != orders[1] and orders[0] != sorted(orders[0])


def test_progress_is_reported_every_16_steps_and_at_the_end(
    make_trainer: Make, images: WholeImages
) -> None:
    trainer = make_trainer(batch_size=2)
    progress = [
        (progress.epoch, progress.images, progress.of_images) for progress in run(trainer, epochs=2)
    ]
    assert progress == [(epoch, images, 72) for epoch in (0, 1) for images in (32, 64, 72)]
    assert trainer.epoch == 2
    assert [progress.images for progress in run(make_trainer(batch_size=9))] == [
        72
    ]  # after 8 steps
    assert [progress.images for progress in run(make_trainer(batch_size=4, epochs=1))] == [64, 72]
    recipe = Recipe(epochs=1, batch_size=4, device="cpu")
    trainer = Trainer(Geometry(1, 2, 8, channels=4), recipe, WholeImages(images.images[:64]), 0)
    assert [progress.images for progress in run(trainer)] == [64]  # after 16 steps, once


def test_progress_is_means_over_the_images_of_an_epoch(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(quantizer="vq", rate_weight=0.0, dtype="float32")
    _, recorded = spied(trainer, monkeypatch)
    progress = run(trainer)[-1]
    indices = torch.cat([losses.indices for losses in recorded]).numpy()
    shares = np.unique(indices, return_counts=True)[1] / indices.size
    entropy = -(shares * np.log2(shares)).sum()
    squared_error = np.mean([losses.distortion.item() for losses in recorded]) / (8 * 8 * 3)
    # Sums of 18 steps in float64 there and here; the shares are float32 there.
    assert progress.loss == pytest.approx(
        np.mean([losses.total(0.0, 0.25).item() for losses in recorded])
    )
    assert progress.quality_db == pytest.approx(10 * math.log10(1 / squared_error))
    assert progress.used_codewords == len(shares)
    assert progress.bits == pytest.approx(8 * entropy, rel=1e-5)  # 2 x 2 positions of 2 sub-vectors
    assert progress.perplexity == pytest.approx(2**entropy, rel=1e-5)


def with_unused_codewords(trainer: Trainer, unused: list[int]) -> Trainer:
    """Codewords so far off that nothing chooses them, with some history in Adam's moments."""
    with torch.no_grad():
        trainer.model.codebook[:, unused] = 1e4
    return trainer


@pytest.mark.parametrize("unused", [[3], [0, 5], list(range(1, 8))])
def test_unused_codewords_move_to_vectors_of_the_last_batch(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch, unused: list[int]
) -> None:
    """Against a twin that does not re-seed: what was used is the same in both, with all its
    moments.

    A logit is set to the level that has probability 1 / K among the logits of that moment, the
    unused ones' old ones included. Several at once are all set to it, and share then equally.
    """
    trainers = [
        make_trainer(reseed_until=share, rate_weight=0.01, rate_ramp=0.0) for share in (1.0, 0.0)
    ]
    for trainer in trainers:
        with_unused_codewords(trainer, unused)
    _, recorded = spied(trainers[0], monkeypatch)
    for trainer in trainers:
        assert run(trainer)[-1].used_codewords == 8 - len(unused)
    reseeded, twin = (trainer.model for trainer in trainers)

    for ours, theirs in zip(reseeded.parameters(), twin.parameters(), strict=True):
        is_codewords = ours is reseeded.codebook or ours is reseeded.logits
        rows = (slice(None), [k for k in range(8) if k not in unused]) if is_codewords else ()
        moments = trainers[0].optimizers.moments(ours), trainers[1].optimizers.moments(theirs)
        assert torch.equal(ours[rows], theirs[rows])
        assert moments[0]["step"] == moments[1]["step"] == 18
        for name in ("exp_avg", "exp_avg_sq"):
            assert torch.equal(moments[0][name][rows], moments[1][name][rows])
            assert not is_codewords or not moments[0][name][0, unused].any()
    assert trainers[1].optimizers.moments(twin.logits)["exp_avg"][0, unused].all()

    last = {tuple(vector) for vector in recorded[-1].vectors.tolist()}
    placed = [tuple(vector) for vector in reseeded.codebook[0, unused].tolist()]
    assert last.issuperset(placed) and len(set(placed)) == len(placed)

    before, after = (
        np.exp(-model.logits[0].detach().double().numpy()) for model in (twin, reseeded)
    )
    # The level is computed in float32.
    assert after[unused] / before.sum() == pytest.approx(1 / 8, rel=1e-5)
    assert after[unused] / after.sum() == pytest.approx(
        1 / (8 * after.sum() / before.sum()), rel=1e-5
    )


def test_more_unused_codewords_than_sub_vectors_share_them(
    make_trainer: Make, images: WholeImages
) -> None:
    recipe = Recipe(epochs=4, batch_size=1, device="cpu")
    trainer = Trainer(
        Geometry(groups=1, dimension=2, codewords=20, channels=4),
        recipe,
        WholeImages(images.images[:4]),
        0,
    )
    with_unused_codewords(trainer, list(range(1, 20)))
    run(trainer)
    assert trainer.model.codebook.abs().max() < 1e3
    assert (
        len(np.unique(trainer.model.codebook[0, 1:].detach().numpy(), axis=0)) == 4
    )  # the last image's sub-vectors


def test_after_reseed_until_unused_codewords_are_left_alone(make_trainer: Make) -> None:
    trainer = make_trainer(reseed_until=0.5)
    moved = []
    for _ in range(4):
        with_unused_codewords(trainer, [3])
        run(trainer)
        moved.append(trainer.model.codebook[0, 3, 0].item() != 1e4)
    assert moved == [True, True, False, False]


def test_a_codeword_that_is_used_is_never_reseeded(make_trainer: Make) -> None:
    trainers = [
        make_trainer(reseed_until=share, quantizer="vq", rate_weight=0.0) for share in (1.0, 0.0)
    ]
    progress = [run(trainer)[-1] for trainer in trainers]
    assert progress[0].used_codewords == 8
    assert torch.equal(trainers[0].model.codebook, trainers[1].model.codebook)


VQ = {"quantizer": "vq", "rate_weight": 0.0}


def test_a_channel_without_flips_changes_nothing(
    make_trainer: Make, fingerprint: Fingerprint
) -> None:
    plain, channel = (
        make_trainer(**VQ, reseed_until=0.0),
        make_trainer(**VQ, channel=BitFlips(0.0)),
    )
    assert run(plain, 2) == run(channel, 2)
    assert fingerprint(plain) == fingerprint(channel)
    assert "channel" not in plain.settings()["recipe"]
    assert channel.settings()["recipe"]["channel"] == {"crossover": 0.0}


def test_flips_are_those_of_the_seed_and_the_crossover(
    make_trainer: Make, fingerprint: Fingerprint
) -> None:
    def trained(seed: int, crossover: float) -> str:
        trainer = make_trainer(seed, **VQ, channel=BitFlips(crossover))
        run(trainer, 2)
        return fingerprint(trainer)

    made = [trained(0, 0.1), trained(0, 0.1), trained(0, 0.2), trained(1, 0.1)]
    assert made[0] == made[1] and len(set(made)) == 3


def test_unused_codewords_learn_from_flipped_bits(make_trainer: Make) -> None:
    trainer = make_trainer(**VQ, channel=BitFlips(0.1))
    with_unused_codewords(trainer, [3])
    before = trainer.model.codebook[0, 3].norm()
    run(trainer)
    assert 0 < before - trainer.model.codebook[0, 3].norm() < 1  # steps of 1e-3, and no new place


def test_muon_trains_kernels_and_adam_all_else(make_trainer: Make) -> None:
    trainer = make_trainer(kernel_learning_rate=0.02)
    for name, parameter in trainer.model.named_parameters():
        is_kernel = name.startswith(("encoder.", "decoder.")) and name.endswith(".weight")
        assert set(trainer.optimizers.moments(parameter)) == (
            {"momentum"} if is_kernel else {"step", "exp_avg", "exp_avg_sq"}
        )
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    run(trainer)
    assert not any(
        torch.equal(tensor, before[name]) for name, tensor in trainer.model.state_dict().items()
    )


def test_the_rate_weight_0_trains_what_vq_trains(
    make_trainer: Make, fingerprint: Fingerprint
) -> None:
    vq, ecvq = (
        make_trainer(quantizer="vq", rate_weight=0.0),
        make_trainer(quantizer="ecvq", rate_weight=0.0),
    )
    assert [asdict(progress) for progress in run(vq, 2)] == [
        asdict(progress) for progress in run(ecvq, 2)
    ]
    assert fingerprint(vq) == fingerprint(ecvq)


@pytest.mark.slow
def test_re_seeding_keeps_the_codebook_from_collapsing() -> None:
    images = WholeImages(np.stack(Sample().load(0, 256)))
    geometry = Geometry(groups=1, dimension=4, codewords=32, channels=16)

    def trained(reseed_until: float) -> VqProgress:
        recipe = Recipe(
            "vq",
            0.0,
            epochs=10,
            batch_size=8,
            learning_rate=3e-3,
            reseed_until=reseed_until,
            device="cpu",
        )
        return run(Trainer(geometry, recipe, images, 0), epochs=10)[-1]

    with_it, without = trained(0.75), trained(0.0)
    # Measured: 32 codewords used, perplexity 23 and 15.9 dB; without re-seeding 13, 3 and 14.4 dB.
    assert with_it.used_codewords >= 30
    assert with_it.perplexity > 16
    assert without.perplexity < 8
    assert with_it.quality_db > without.quality_db + 0.5


LEVELS = {"levels": 3, "rate_weight": 0.5, "finest_rate_weight": 0.01, "batch_size": 7}


def test_levels_train_the_same_kernels_and_each_its_own_rest(make_trainer: Make) -> None:
    trainer = make_trainer(**LEVELS)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    (progress, *_) = run(trainer)
    for name, tensor in trainer.model.state_dict().items():
        is_one = name.endswith(".weight") or "weights" in name or "biases" in name
        levels = [tensor] if is_one else tensor.detach().unbind()
        assert len(levels) == (1 if is_one else 3)
        assert not any(torch.equal(one, other) for one, other in pairwise(levels)), name
        assert not torch.equal(tensor, before[name])
    assert progress.bits > 0


def test_levels_share_a_batch_and_have_their_own_rate_weights(
    make_trainer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(**LEVELS, rate_ramp=0.0, dtype="float32")
    visited, recorded = spied(trainer, monkeypatch)
    progress = run(trainer)[-1]
    assert [len(level.indices) / 8 for level in recorded[:3]] == [
        3,
        2,
        2,
    ]  # eight sub-vectors an image, seven images
    assert len(recorded) == 3 * len(visited)
    totals = [
        level.total(weight, 0.25).item()
        for level, weight in zip(recorded, trainer.recipe.rate_weights * len(visited), strict=True)
    ]
    shares = np.tile(trainer.recipe.level_weights, len(visited))
    assert progress.loss == pytest.approx(np.dot(shares, totals) / len(visited))


def test_re_seeding_a_level_leaves_the_others_alone(
    make_trainer: Make,
) -> None:
    """A level that lost a codeword gets one."""
    trainer = make_trainer(**LEVELS, reseed_until=1.0)
    with torch.no_grad():
        trainer.model.codebook[1, 3] = 1e4
        trainer.model.codebook[2, 5] = 1e4
    run(trainer)
    assert trainer.model.codebook.abs().max() < 1e3
    assert not trainer.optimizers.moments(trainer.model.codebook)["exp_avg"][1, 3].any()
    assert trainer.optimizers.moments(trainer.model.codebook)["exp_avg"][0, 3].any()


def test_more_levels_than_images_are_refused(images: WholeImages) -> None:
    recipe = Recipe(levels=3, rate_weight=0.5, finest_rate_weight=0.1, device="cpu")
    with pytest.raises(DataError, match=r"3 levels .* there are 2"):
        Trainer(Geometry(1, 2, 8, channels=4), recipe, WholeImages(images.images[:2]), 0)
