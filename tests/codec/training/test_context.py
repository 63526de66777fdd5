"""Training of context models: what is trained is what codes; what can be learned is; a seed decides
the rest.
"""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.context import ContextCoder
from semcomm.codec.entropy_coding.context_model import ContextModel, context_shapes
from semcomm.codec.entropy_coding.interface import whole_grids
from semcomm.codec.training.context import (
    ContextEpoch,
    ContextNetwork,
    ContextRecipe,
    ideal_bits,
    trained_context,
)

RECIPE = ContextRecipe(entries=4, hidden=(24, 16), epochs=3, batch_size=16)
CODEWORDS = 6

Tensors = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def indices() -> NDArray[np.uint16]:
    """Grids in which an index is that above, plus the group, but one time in eight."""
    rng = np.random.default_rng(0)
    grids = rng.integers(0, CODEWORDS, (600, 5, 4, 2))
    for row in range(1, 5):
        follows = rng.random((600, 4, 2)) < 7 / 8
        grids[:, row] = np.where(follows, (grids[:, row - 1] + [0, 1]) % CODEWORDS, grids[:, row])
    return grids.astype(np.uint16)


@pytest.fixture(scope="module")
def model(one_thread: None, indices: NDArray[np.uint16]) -> Tensors:
    return trained(indices, RECIPE)


def trained(indices: NDArray[np.uint16], recipe: ContextRecipe) -> Tensors:
    return trained_context(indices[:500], CODEWORDS, recipe, lambda epoch: None)


def bits_an_image(model: Tensors, grids: NDArray[np.uint16]) -> float:
    _, lengths = ContextCoder(ContextModel.of(model)).encode(
        grids.ravel(), whole_grids([grid.shape for grid in grids])
    )
    return float(lengths.mean())


def test_what_follows_from_the_neighbours_is_learned(
    model: Tensors, indices: NDArray[np.uint16]
) -> None:
    """The first row is free; of the others, an index is the one above with probability 7/8 +
    1/48.
    """
    expected = 43 / 48
    entropy = -expected * np.log2(expected) - 5 / 48 * np.log2(1 / 48)
    least = 8 * np.log2(6) + 32 * entropy
    plain = 40 * np.log2(6)
    assert least - 3 < bits_an_image(model, indices[500:]) < least + 0.15 * (plain - least)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_trained_network_gives_the_coders_frequencies(
    model: Tensors, indices: NDArray[np.uint16], threads: int
) -> None:
    """On any number of threads."""
    network, grids = network_of(model), indices[500:]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    with torch.no_grad():
        logits = network(torch.from_numpy(grids.astype(np.int64)))
    torch.set_num_threads(before)
    octaves = torch.floor(logits * 32).long().numpy().reshape(-1, CODEWORDS)
    below = np.minimum(octaves.max(axis=1, keepdims=True) - octaves, 640)
    expected = np.floor(np.exp2(20 - below / 32)).astype(np.int32)
    coder = ContextModel.of(model)
    assert np.array_equal(
        np.concatenate([coder.frequencies(grid.ravel(), 5, 4) for grid in grids]), expected
    )


def network_of(model: Tensors) -> ContextNetwork:
    """A network whose parameters, rounded, are those of the model."""
    network = ContextNetwork(2, CODEWORDS, RECIPE)
    units = network.units()
    for name, parameter in network.named_parameters():
        parameter.data = torch.from_numpy(model[f"context.{name}"].astype(np.float32)) * units[name]
    return network


def test_bits_are_the_ideal_bits_and_one_for_termination(
    model: Tensors, indices: NDArray[np.uint16]
) -> None:
    with torch.no_grad():
        expected = ideal_bits(
            network_of(model), torch.from_numpy(indices[500:].astype(np.int64))
        ).item()
    # The end takes a bit, a tenth up or down over 100 images; logits rounded to 1/32 octave cost
    # 1e-4 bits an index.
    assert bits_an_image(model, indices[500:]) == pytest.approx(expected + 1, abs=0.2)


def test_tensors_are_of_the_shapes_that_a_codec_file_asks_for(model: Tensors) -> None:
    shapes = {name: (tensor.shape, tensor.dtype.name) for name, tensor in model.items()}
    assert shapes == context_shapes(model, 2, CODEWORDS)


def test_the_seed_decides_and_a_random_state_outside_has_no_part(
    model: Tensors, indices: NDArray[np.uint16]
) -> None:
    torch.manual_seed(99)
    state = torch.get_rng_state()
    again = trained(indices, RECIPE)
    assert all(np.array_equal(again[name], model[name]) for name in model)
    assert torch.equal(torch.get_rng_state(), state)
    other = trained(indices, ContextRecipe(4, (24, 16), epochs=3, batch_size=16, seed=1))
    assert not np.array_equal(other["context.embedding"], model["context.embedding"])


def test_each_epoch_reports_fewer_bits(indices: NDArray[np.uint16]) -> None:
    epochs: list[ContextEpoch] = []
    trained_context(indices[:500], CODEWORDS, RECIPE, epochs.append)
    assert [(epoch.epoch, epoch.of_epochs) for epoch in epochs] == [(1, 3), (2, 3), (3, 3)]
    assert epochs[0].bits > epochs[1].bits > epochs[2].bits
    assert str(epochs[0]) == f"epoch 1/3: {epochs[0].bits:.2f} bits per image"


@pytest.mark.parametrize(("groups", "passes"), [(1, 3), (2, 3), (3, 2), (4, 2), (9, 1)])
def test_more_groups_take_fewer_epochs(
    indices: NDArray[np.uint16], groups: int, passes: int
) -> None:
    """Of three epochs: three times two over the groups, rounded up."""
    epochs: list[ContextEpoch] = []
    grids = indices[:32, :, :, :1].repeat(groups, axis=-1)
    trained_context(grids, CODEWORDS, RECIPE, epochs.append)
    assert [(epoch.epoch, epoch.of_epochs) for epoch in epochs] == [
        (number, passes) for number in range(1, passes + 1)
    ]


def test_one_group_and_less_than_a_batch_can_be_trained_on(
    indices: NDArray[np.uint16],
) -> None:
    model = trained_context(indices[:5, :, :, :1], CODEWORDS, RECIPE, lambda epoch: None)
    grids = indices[:5, :, :, :1]
    coder, shapes = (
        ContextCoder(ContextModel.of(model)),
        whole_grids([grid.shape for grid in grids]),
    )
    decoded = coder.decode(*coder.encode(grids.ravel(), shapes), shapes)
    assert decoded.intact.all() and np.array_equal(decoded.symbols, grids.ravel())
