"""The tensors that a codec's file has to hold: their names, shapes and types."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from semcomm.choices import ModalityName, QuantizerName
from semcomm.codec.entropy_coding.context_model import context_shapes
from semcomm.codec.networks import Geometry, semantic_networks
from semcomm.codec.quantizers import QUANTIZERS
from semcomm.codec.tensor_file import Shapes
from semcomm.codec.weights import weight_shapes
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
    return {
        **weight_shapes(semantic_networks, geometry, MODALITIES[modality].patch_values),
        **QUANTIZERS[quantizer].shapes(geometry),
        "probabilities": ((geometry.codewords,), "float64"),
        "code_lengths": ((geometry.codewords,), "uint8"),
        **context_shapes(tensors, geometry.groups, geometry.codewords),
    }
