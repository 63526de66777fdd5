"""Channel-optimized vector quantization: an index is chosen for all that it may arrive as.

N. Farvardin and V. Vaishampayan, On the performance and complexity of channel-optimized vector
quantizers, IEEE Trans. Information Theory 37(1), 1991. The channel flips each bit of a fixed-length
index independently, and the receiver takes codebook[j] for whatever index j arrives. By index k, a
sub-vector z then has the expected squared error

    sum over j of P(j | k) |z - b_j|^2 = |z - m_k|^2 + bias_k

with m_k = sum over j of P(j | k) b_j and bias_k = sum over j of P(j | k) |b_j|^2 - |m_k|^2.

A codeword b_j is the mean of the sub-vectors that arrive as j: of the centroids c_k of the
sub-vectors that k is chosen for, weighted by P(k | j). Whoever has other probabilities of k, such
as those that LLRs give, takes the mean of the c_k by these; a mean of the b_j would count the
channel twice.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from semcomm.codec.networks import Geometry
from semcomm.codec.quantizers.codebook import CodebookQuantizer


@dataclass(frozen=True, eq=False)
class Covq(CodebookQuantizer):
    """Two codebooks, one for each end.

    bias: of the expected squared error.
    encoder_codebook: (K, D) float32, the means m_k.
    encoder_centroids: (K, D) float32, the centroids c_k.
    """

    encoder_codebook: Tensor
    encoder_centroids: Tensor

    TABLES: ClassVar[tuple[str, ...]] = (
        *CodebookQuantizer.TABLES,
        "encoder_codebook",
        "encoder_centroids",
    )

    @property
    def expected_codewords(self) -> Tensor:
        return self.encoder_codebook

    @property
    def sent_codewords(self) -> Tensor:
        return self.encoder_centroids

    @classmethod
    def shapes(cls, geometry: Geometry) -> dict[str, tuple[tuple[int, ...], str]]:
        own = super().shapes(geometry)
        return own | dict.fromkeys(("encoder_codebook", "encoder_centroids"), own["codebook"])


def covq_tables(codebook: NDArray[np.float32], crossover: float) -> dict[str, NDArray[np.float32]]:
    """The tables, by name, that follow from what the receiver reconstructs: all but the centroids.

    codebook: (K, D); K is a power of two.
    crossover: the probability that a bit flips.

    Example: codewords 0 and 1 at a crossover of 0.25 have the means 0.25 and 0.75, and both have
    the bias 0.1875.
    """
    exact = codebook.astype(np.float64)
    means = over_channel(exact, crossover)
    squares = over_channel(np.square(exact).sum(axis=1), crossover)
    bias = np.maximum(squares - np.square(means).sum(axis=1), 0)
    return {
        "codebook": codebook,
        "bias": bias.astype(np.float32),
        "encoder_codebook": means.astype(np.float32),
    }


def over_channel(values: NDArray[np.float64], crossover: float) -> NDArray[np.float64]:
    """The sum over j of P(j | k) values[j] for each index k, one bit of the index after the other.

    P(j | k) has a factor for each bit: `crossover` where j and k differ, else 1 - crossover. It is
    symmetric, so for sums over the sub-vectors of each index sent these are sums over those of each
    index received.

    values: (K,) or (K, D); K is a power of two.
    """
    indices, bit = np.arange(len(values)), 1
    while bit < len(values):
        values = (1 - crossover) * values + crossover * values[indices ^ bit]
        bit *= 2
    return values
