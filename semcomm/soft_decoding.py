"""Soft decoding of fixed-length indices: the mean of all codewords, by the probability of each.

M. Skoglund and P. Hedelin, Hadamard-based soft decoding for vector quantization over noisy
channels, IEEE Trans. Information Theory 45(2), 1999. Here the mean is a sum over all codewords.
"""

from math import prod

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec, Latents
from semcomm.errors import SettingError
from semcomm.frames import Reception
from semcomm.framing import Framing

SYMBOLS_AT_ONCE = 4096
"""It bounds the memory. Each image begins anew, so that its latents depend on no other image."""


def check_soft(entropy_coder: EntropyCoding, framing: Framing, levels: int) -> None:
    """Raises SettingError unless each bit of a frame is known to be one of a certain index."""
    for what, is_wrong, instead in (
        (f"entropy_coder is {entropy_coder}", entropy_coder != "fixed_length", "fixed_length"),
        ("frames have a header or a CRC", not framing.is_raw, "framing none"),
        (f"the codec has {levels} levels", levels > 1, "one of them, as NAME@LEVEL"),
    ):
        if is_wrong:
            raise SettingError(f"dequantization is soft, but {what}: take {instead}")


def soft_latents(codec: Codec, reception: Reception, size: tuple[int, int]) -> Latents:
    """The expected latents of B images, (B, h, w, g, D), given the LLRs of their fixed-length
    indices.

    A frame of another length than its image's indices have is lost: no bit of it is known.

    size: height and width of all images.
    Raises SettingError where the reception has no LLRs.
    """
    shape = codec.index_shape(size)
    bits = (codec.geometry.codewords - 1).bit_length()
    latents = np.empty((len(reception.frames), *shape, codec.geometry.dimension), np.float32)
    for image, llrs in zip(latents, _llrs(reception, prod(shape), bits), strict=True):
        means = expected_codewords(llrs, codec.sent_codewords, codec.probabilities)
        image[:] = means.reshape(image.shape)
    return latents


def _llrs(reception: Reception, symbols: int, bits: int) -> NDArray[np.float32]:
    """(F, symbols, bits) of frames of so many symbols of so many bits; 0 of a frame of another
    length.
    """
    if reception.llrs is None:
        raise SettingError(
            "dequantization is soft, but the reception has no LLRs: take a link of symbols with "
            "soft decisions, or hard dequantization"
        )
    lengths = reception.frames.lengths
    whole = lengths == symbols * bits
    llrs = np.zeros((lengths.size, symbols, bits), np.float32)
    llrs[whole] = reception.llrs[np.repeat(whole, lengths)].reshape(whole.sum(), symbols, bits)
    return llrs


def expected_codewords(
    llrs: NDArray[np.float32], codebook: NDArray[np.float32], probabilities: NDArray[np.float64]
) -> NDArray[np.float32]:
    """E[codeword | LLRs] of n indices whose bits the channel disturbs independently, (n, D).

    P(k | LLRs) is proportional to P(k) times the product of the likelihoods of the bits of k. Of
    one that is 1, with the LLR L, it is exp(-L) times that of one that is 0.

    llrs: (n, b) ln P(0) / P(1), of each index the most significant bit first.
    codebook: (K, D), K at most 2^b.
    probabilities: (K,); the least positive float stands for 0, so that certain bits decide.

    Example: of codewords 0 and 1 that are equally likely, a bit with the LLR ln 3 gives 0.25.
    """
    places = np.arange(llrs.shape[1])[::-1]
    ones = (np.arange(len(codebook)) >> places[:, None] & 1).astype(np.float64)
    prior = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    means = np.empty((len(llrs), codebook.shape[1]), np.float32)
    for first in range(0, len(llrs), SYMBOLS_AT_ONCE):
        part = slice(first, first + SYMBOLS_AT_ONCE)
        logarithms = prior - llrs[part].astype(np.float64) @ ones
        weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
        means[part] = weights @ codebook / weights.sum(axis=1, keepdims=True)
    return means
