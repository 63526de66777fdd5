"""The design of a channel-optimized vector quantizer for networks that are trained.

N. Farvardin and V. Vaishampayan, On the performance and complexity of channel-optimized vector
quantizers, IEEE Trans. Information Theory 37(1), 1991: Lloyd's algorithm with the squared error
that is expected behind the channel in place of that of the quantizer (quantizers/covq.py).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About
from semcomm.codec.quantizers.covq import covq_tables, over_channel
from semcomm.codec.training.ecvq_design import cells, centroids, sub_vectors
from semcomm.codec.training.export import networks_of, with_code_table
from semcomm.codec.training.index_assignment import index_assignment
from semcomm.errors import CodecError
from semcomm.modalities.rgb8 import Image

TOLERANCE = 1e-4
MAX_ROUNDS = 500


@dataclass(frozen=True)
class Round:
    """The result of one round of the descent.

    codebook: (K, D) float32, the mean of the vectors that arrive as each index.
    distortion: mean squared distance of a vector to the codeword that arrives, expected over the
        channel. No round raises it.
    """

    codebook: NDArray[np.float32]
    distortion: float

    def __str__(self) -> str:
        return f"distortion {self.distortion:.5f}"


def channel_optimized_codec(
    name: str,
    base: Codec,
    crossover: float,
    images: Sequence[Image],
    origin: Mapping[str, Any],
    on_progress: Callable[[Round], None],
) -> Codec:
    """A covq codec with the networks of `base` and a quantizer designed on latents of `images`.

    It is for fixed-length indices whose bits flip with probability `crossover`. The descent starts
    at the codebook of `base`, in the order of `index_assignment`. Probabilities and code lengths
    are counted over the same images. A context model of the base is left out, since it models other
    indices.

    on_progress: called after each round.
    Raises CodecError unless the number of codewords is a power of two: in another codec a flipped
    bit may make an index that is none, which ends a slice.
    """
    codewords = base.geometry.codewords
    if codewords & (codewords - 1):
        raise CodecError(
            f"codec {base.name} has {codewords} codewords; a design for a crossover takes a power "
            "of two"
        )
    latents = base.encode(images)
    vectors = sub_vectors(latents)
    start = base.codebook[index_assignment(base.codebook, base.probabilities)]
    rounds = 0
    for step in descent(vectors, start, crossover):
        rounds += 1
        on_progress(step)
    origin = {**origin, "crossover": crossover, "rounds": rounds}
    about = About(base.geometry, "covq", origin, base.modality)
    tables = covq_tables(step.codebook, crossover)
    sent, sums = cells(vectors, tables["encoder_codebook"], tables["bias"])
    tables["encoder_centroids"] = centroids(step.codebook, sent, sums)
    return with_code_table(name, about, networks_of(base) | tables, latents)


def descent(
    vectors: NDArray[np.float32],
    codebook: NDArray[np.float32],
    crossover: float,
    tolerance: float = TOLERANCE,
) -> Iterator[Round]:
    """Choose indices for the least expected distortion, then take the centroids of what arrives;
    repeat.

    A codeword that nothing arrives as stays where it is. It ends when a round lowers the distortion
    by no more than `tolerance` of it, or after MAX_ROUNDS.

    vectors: (n, D), at least one.
    codebook: (K, D), where the descent starts; K is a power of two.
    """
    energy = np.square(vectors, dtype=np.float64).sum()
    before = math.inf
    for _ in range(MAX_ROUNDS):
        tables = covq_tables(codebook, crossover)
        sent, sums = cells(vectors, tables["encoder_codebook"], tables["bias"])
        arrived = over_channel(sent.astype(np.float64), crossover)
        sums = over_channel(sums, crossover)
        codebook = centroids(codebook, arrived, sums)
        squares = np.square(codebook, dtype=np.float64).sum(axis=1)
        distortion = energy - 2 * (sums * codebook).sum() + arrived @ squares
        step = Round(codebook, max(0.0, float(distortion)) / len(vectors))
        yield step
        if before - step.distortion <= tolerance * step.distortion:
            return
        before = step.distortion
