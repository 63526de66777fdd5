"""Export: from a trained model to a codec, whose tables are counted over the training images."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.codec.codec import Codec, Latents
from semcomm.codec.codec_file import About, codec_from, of_level
from semcomm.codec.entropy_coding.code_table import optimal_code_lengths
from semcomm.codec.entropy_coding.context_model import context_of
from semcomm.codec.levels import GAIN, GROUPS, stacked
from semcomm.codec.quantizers import TRAINED
from semcomm.codec.quantizers.codebook import codeword_bits
from semcomm.codec.training.index_assignment import with_assigned_indices
from semcomm.codec.training.losses import VqAutoencoder
from semcomm.codec.training.recipe import Recipe
from semcomm.modalities.rgb8 import Image

REESTIMATION_PASSES = 3

OWN = re.compile(r"\.(weight|bias)e?s\.(\d+)$")
"""The end of the name of a parameter of OwnConvolutions: which it is, and its level."""


def export_codec(
    name: str,
    model: VqAutoencoder,
    recipe: Recipe,
    images: Sequence[Image],
    origin: Mapping[str, Any],
    start: Sequence[Codec] = (),
) -> Codec:
    """The codec of a trained model; probabilities and code lengths are those of `images`.

    For ecvq, the P of criterion (3) is empirical, too: it begins with the trained logits, and each
    pass quantizes with the shares that the pass before counted
    (docs/decisions/0004-probabilities.md). Finally, indices are reassigned so that a wrong bit
    gives a near codeword, unless the training had a channel, for which it assigned them.

    start: the codecs of each level that the training started from. Indices then stay as they are
        there, and a context model of theirs stays in use.
    """
    about, networks = _contents(model, recipe, origin)
    tensors = _export(model, recipe, 0, about, networks, images, start)
    return codec_from(name, about, tensors)


def export_levels(
    model: VqAutoencoder,
    recipe: Recipe,
    images: Sequence[Image],
    origin: Mapping[str, Any],
    start: Sequence[Codec] = (),
) -> tuple[About, dict[str, NDArray[Any]]]:
    """The content of a file with several levels, each exported as `export_codec` does."""
    about, networks = _contents(model, recipe, origin)
    levels = [
        _export(model, recipe, level, *of_level(about, networks, level), images, start)
        for level in range(recipe.levels)
    ]
    return about, stacked(networks, levels)


def codec_in_training(
    model: VqAutoencoder, recipe: Recipe, level: int, rate_weight: float
) -> Codec:
    """A level of a model as it is: the P of criterion (3) and of its code table is that of the
    logits, equation (4).
    """
    about, networks = _contents(model, recipe, {})
    if model.levels > 1:
        about, networks = of_level(about, networks, level)
    bits = codeword_bits(model.logits[level].detach().cpu()).double().numpy()
    tables = TRAINED[recipe.quantizer].tables(copied(model.codebook[level]), bits, rate_weight)
    counts = np.maximum(np.exp2(32 - bits).astype(np.int64), 1)
    return codec_from("in training", about, {**networks, **tables, **code_table(counts)})


def _contents(
    model: VqAutoencoder, recipe: Recipe, origin: Mapping[str, Any]
) -> tuple[About, Mapping[str, NDArray[Any]]]:
    """The text of the file, and its tensors but for those of quantizer and code table."""
    networks = network_tensors(model)
    if recipe.level_groups:
        networks[GROUPS] = np.array(recipe.level_groups, np.uint8)
    about = About(model.geometry, recipe.quantizer, dict(origin), model.modality)
    return about, networks


def _export(
    model: VqAutoencoder,
    recipe: Recipe,
    level: int,
    about: About,
    networks: Mapping[str, NDArray[Any]],
    images: Sequence[Image],
    start: Sequence[Codec],
) -> dict[str, NDArray[Any]]:
    quantizer, codebook = TRAINED[recipe.quantizer], copied(model.codebook[level])
    rate_weight = recipe.rate_weights[level]

    def codec_of(bits: NDArray[np.float64], counts: NDArray[np.int64]) -> Codec:
        tables = quantizer.tables(codebook, bits, rate_weight) | code_table(counts)
        return codec_from("exported", about, {**networks, **tables})

    bits = codeword_bits(model.logits[level].detach().cpu()).double().numpy()
    counts = np.ones(model.geometry.codewords, np.int64)
    codec = codec_of(bits, counts)
    latents = codec.encode(images)
    for _ in range(REESTIMATION_PASSES if rate_weight else 1):
        counts = np.maximum(index_counts(codec_of(bits, counts), latents), 1)
        codec = codec_of(bits, counts)
        bits = np.log2(counts.sum()) - np.log2(counts)
    if start:
        return {**codec.tensors, **context_of(start[level].tensors)}
    return dict(codec.tensors) if recipe.channel else with_assigned_indices(codec)


def networks_of(codec: Codec) -> dict[str, NDArray[Any]]:
    """The tensors of a codec that are neither of its quantizer nor of its entropy coders."""
    networks = ("encoder.", "decoder.")
    return {name: tensor for name, tensor in codec.tensors.items() if name.startswith(networks)}


def with_code_table(
    name: str, about: About, tensors: Mapping[str, NDArray[Any]], latents: Sequence[Latents]
) -> Codec:
    """A codec of networks and a quantizer, whose code table is counted over its indices of these
    latents.
    """

    def codec_of(counts: NDArray[np.int64]) -> Codec:
        return codec_from(name, about, {**tensors, **code_table(counts)})

    uncounted = codec_of(np.ones(about.geometry.codewords, np.int64))
    return codec_of(np.maximum(index_counts(uncounted, latents), 1))


def index_counts(codec: Codec, latents: Sequence[Latents]) -> NDArray[np.int64]:
    """(K,) how often the codec quantizes these latents to each codeword."""
    indices = np.concatenate([grid.ravel() for grid in codec.quantize(latents)])
    return np.bincount(indices, minlength=codec.geometry.codewords)


def code_table(counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The tensors of a code table by name, of counts (K,) that are all at least 1."""
    return {"probabilities": counts / counts.sum(), "code_lengths": optimal_code_lengths(counts)}


def network_tensors(model: nn.Module) -> dict[str, NDArray[Any]]:
    """The tensors of a model's `encoder` and `decoder`: weights as float16, the gains of levels,
    which no codec holds as they are, as float32.
    """
    return {
        OWN.sub(r".\1@\2", name): copied(tensor if name.endswith(GAIN) else tensor.half())
        for name, tensor in model.state_dict().items()
        if "coder." in name
    }


def copied(tensor: Tensor) -> NDArray[Any]:
    """A copy that further training does not change."""
    copy: NDArray[Any] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format).numpy()
    return copy
