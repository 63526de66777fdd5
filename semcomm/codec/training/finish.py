"""From a trained model to a codec: what the quantizer does on the training images fixes the rest."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About, codec_from
from semcomm.codec.entropy_coding.code_table import optimal_code_lengths
from semcomm.codec.quantizer import codeword_bits
from semcomm.codec.training.index_assignment import with_assigned_indices
from semcomm.codec.training.losses import Model
from semcomm.codec.training.recipe import Recipe
from semcomm.images import Image

SETTLING_PASSES = 3


def finished_codec(
    name: str, model: Model, recipe: Recipe, images: Sequence[Image], origin: Mapping[str, Any]
) -> Codec:
    """The codec of a trained model, its probabilities and code lengths counted over the training images.

    For ecvq the P of criterion (3) is the empirical one, too: starting at the trained logits, each pass
    quantizes with the shares that the last one counted (docs/decisions/0004-probabilities.md).
    At last, indices are assigned anew, so that one with a wrong bit stands for a near codeword.
    """
    about = About(model.geometry, recipe.quantizer, dict(origin))
    rate_weight = recipe.rate_weight_at(1.0)

    def codec_of(bits: NDArray[np.float64], counts: NDArray[np.int64]) -> Codec:
        return codec_from(name, about, _tensors(model, rate_weight * bits, counts))

    bits = codeword_bits(model.logits.detach().cpu()).double().numpy()
    counts = np.ones(model.geometry.codewords, np.int64)
    codec = codec_of(bits, counts)
    latents = codec.encode(images)
    for _ in range(SETTLING_PASSES if rate_weight else 1):
        indices = np.concatenate([grid.ravel() for grid in codec_of(bits, counts).quantize(latents)])
        counts = np.maximum(np.bincount(indices, minlength=counts.size), 1)
        codec = codec_of(bits, counts)
        bits = np.log2(counts.sum()) - np.log2(counts)
    return codec_from(name, about, with_assigned_indices(codec.tensors))


def _tensors(model: Model, bias: NDArray[np.float64], counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """A codec's tensors; a codeword that was never used counts as used once, so that it can be sent."""
    networks = {
        name: _copied(tensor).astype(np.float16)
        for name, tensor in model.state_dict().items()
        if name.startswith(("encoder.", "decoder."))
    }
    return networks | {
        "codebook": _copied(model.codebook),
        "bias": bias.astype(np.float32),
        "probabilities": counts / counts.sum(),
        "code_lengths": optimal_code_lengths(counts),
    }


def _copied(tensor: Tensor) -> NDArray[Any]:
    """A codec's own, which further training does not change."""
    copy: NDArray[Any] = tensor.detach().cpu().clone(memory_format=torch.contiguous_format).numpy()
    return copy
