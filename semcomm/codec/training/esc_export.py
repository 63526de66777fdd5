"""Export of an ESC codec, whose distortions are measured over the training images."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.esc.codec import EscCodec
from semcomm.codec.esc.codec_file import CROSSOVERS, EscAbout, esc_from
from semcomm.codec.training.esc_losses import EscAutoencoder
from semcomm.codec.training.export import copied, network_tensors
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image

MEASURED_IMAGES = 4096
"""Training images over which the distortions of a codec's file are means."""


def exported(
    name: str,
    model: EscAutoencoder,
    images: Sequence[Image],
    origin: Mapping[str, Any],
    device: str = "cpu",
) -> EscCodec:
    """The codec of a trained model, whose networks' weights are rounded to float16.

    images: those of the training, the first of which its distortions are measured on.
    """
    about = EscAbout(model.geometry, len(model.codebooks), dict(origin))
    tensors = network_tensors(model)
    tensors["codebooks"] = copied(model.codebooks)
    crossovers = model.crossovers.detach().cpu().double().numpy()
    tensors["crossovers"] = crossovers.clip(*CROSSOVERS)
    tensors["distortions"] = np.zeros(len(crossovers))
    codec = esc_from(name, about, tensors).on(device)
    tensors["distortions"] = mean_square_errors(codec, images[:MEASURED_IMAGES])
    return esc_from(name, about, tensors)


def mean_square_errors(codec: EscCodec, images: Sequence[Image]) -> NDArray[np.float64]:
    """Of images all of whose sub-vectors have one codebook and flip as it learned, (V,).

    Values of pixels are from 0 to 1.
    """
    rng, errors = np.random.default_rng(0), list[float]()
    places = 1 << np.arange(codec.crossovers.shape[1])
    latents, sizes = codec.encode(images), [size_of(image) for image in images]
    for book, crossovers in enumerate(codec.crossovers):
        arrived = []
        for own in latents:
            books = np.full(math.prod(own.shape[:-1]), book)
            indices = codec.quantize(own.reshape(1, books.size, -1), books)
            flips = rng.random((*indices.shape, places.size)) < crossovers
            arrived.append(codec.reconstruct(indices ^ flips @ places, books).reshape(own.shape))
        pairs = zip(images, codec.decode(arrived, sizes), strict=True)
        squares = [np.square((ours.astype(float) - theirs) / 255).mean() for ours, theirs in pairs]
        errors.append(float(np.mean(squares)))
    return np.array(errors)
