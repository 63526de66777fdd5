"""The tensors that a codec's file has to hold: their names, shapes and types."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from numpy.typing import NDArray

from semcomm.choices import ModalityName, QuantizerName
from semcomm.codec.entropy_coding.context_model import context_shapes
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizers import QUANTIZERS
from semcomm.codec.tensor_file import Shapes
from semcomm.modalities.modality import MODALITIES


def codec_shapes(
    geometry: Geometry,
    quantizer: QuantizerName,
    tensors: Mapping[str, NDArray[Any]],
    modality: ModalityName = "rgb8",
) -> Shapes:
    """Those of a codec of one rate; with those of a context model where `tensors` has one, whose
    size is read from them.

    Raises CodecError where the context model would be too large.
    """
    context = context_shapes(tensors, geometry.groups, geometry.codewords)
    return {**_shapes(geometry, quantizer, modality), **context}


@lru_cache(maxsize=32)
def _shapes(geometry: Geometry, quantizer: QuantizerName, modality: ModalityName) -> Shapes:
    """Those of every tensor but a context model's."""
    shape = geometry, MODALITIES[modality].patch_values
    with torch.device("meta"):
        networks = {"encoder": semantic_encoder(*shape), "decoder": semantic_decoder(*shape)}
    weights = {
        f"{network}.{name}": (tuple(tensor.shape), "float16")
        for network, module in networks.items()
        for name, tensor in module.state_dict().items()
    }
    table = {
        "probabilities": ((geometry.codewords,), "float64"),
        "code_lengths": ((geometry.codewords,), "uint8"),
    }
    return weights | QUANTIZERS[quantizer].shapes(geometry) | table
