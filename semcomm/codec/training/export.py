"""From a trained model to a codec: what the quantizer does on the training images fixes the
rest.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About, codec_from
from semcomm.codec.entropy_coding.code_table import optimal_code_lengths
from semcomm.codec.levels import GAIN, at_level, stacked
from semcomm.codec.quantizer import codeword_bits
from semcomm.codec.training.index_assignment import with_assigned_indices
from semcomm.codec.training.losses import Model
from semcomm.codec.training.recipe import Recipe
from semcomm.modalities.rgb8 import Image

SETTLING_PASSES = 3


def finished_codec(
    name: str, model: Model, recipe: Recipe, images: Sequence[Image], origin: Mapping[str, Any]
) -> Codec:
    """The codec of a trained model, its probabilities and code lengths counted over the training
    images.

    For ecvq the P of criterion (3) is the empirical one, too: starting at the trained logits, each
    pass quantizes with the shares that the last one counted (docs/decisions/0004-probabilities.md).
    At last, indices are assigned anew, so that one with a wrong bit stands for a near codeword.
    """
    about = About(model.geometry, recipe.quantizer, dict(origin))
    (rate_weight,) = recipe.rate_weights
    return codec_from(
        name, about, _finished(model, 0, _networks(model), about, rate_weight, images)
    )


def finished_levels(
    model: Model, recipe: Recipe, images: Sequence[Image], origin: Mapping[str, Any]
) -> tuple[About, dict[str, NDArray[Any]]]:
    """What the file of a trained model with several levels holds, each finished as `finished_codec`
    says.
    """
    about, networks = About(model.geometry, recipe.quantizer, dict(origin)), _networks(model)
    levels = [
        _finished(model, level, at_level(networks, level), about, rate_weight, images)
        for level, rate_weight in enumerate(recipe.rate_weights)
    ]
    return about, stacked(networks, levels)


def _finished(
    model: Model,
    level: int,
    networks: Mapping[str, NDArray[Any]],
    about: About,
    rate_weight: float,
    images: Sequence[Image],
) -> dict[str, NDArray[Any]]:
    def codec_of(bits: NDArray[np.float64], counts: NDArray[np.int64]) -> Codec:
        """A codeword that was never used counts as used once, so that it can be sent."""
        quantizer = {
            "codebook": _copied(model.codebook[level]),
            "bias": (rate_weight * bits).astype(np.float32),
            "probabilities": counts / counts.sum(),
            "code_lengths": optimal_code_lengths(counts),
        }
        return codec_from("finished", about, {**networks, **quantizer})

    bits = codeword_bits(model.logits[level].detach().cpu()).double().numpy()
    counts = np.ones(model.geometry.codewords, np.int64)
    codec = codec_of(bits, counts)
    latents = codec.encode(images)
    for _ in range(SETTLING_PASSES if rate_weight else 1):
        indices = np.concatenate(
            [grid.ravel() for grid in codec_of(bits, counts).quantize(latents)]
        )
        counts = np.maximum(np.bincount(indices, minlength=counts.size), 1)
        codec = codec_of(bits, counts)
        bits = np.log2(counts.sum()) - np.log2(counts)
    return with_assigned_indices(codec.tensors)


def _networks(model: Model) -> dict[str, NDArray[Any]]:
    """Weights as float16; gains of levels, which are no codec's own, stay float32."""
    tensors = {
        name: _copied(tensor) for name, tensor in model.state_dict().items() if "coder." in name
    }
    return {
        name: tensor if name.endswith(GAIN) else tensor.astype(np.float16)
        for name, tensor in tensors.items()
    }


def _copied(tensor: Tensor) -> NDArray[Any]:
    """A codec's own, which further training does not change."""
    copy: NDArray[Any] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format).numpy()
    return copy
