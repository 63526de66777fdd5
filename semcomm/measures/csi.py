"""NMSE and cosine similarity: how far received channel matrices are from those sent, each one value
per matrix.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.modalities.csi import ChannelMatrix

LOWEST = 1e-12
"""A mean NMSE below counts as this, -120 dB, because the logarithm of 0 has no value."""


def nmse(sent: Sequence[ChannelMatrix], received: Sequence[ChannelMatrix]) -> NDArray[np.float64]:
    """The normalized mean squared error |H - G|^2 / |H|^2 of each matrix H received as G.

    sent, received: B matrices (rows, columns, 2), of equal shapes.
    Returns (B,).

    Example: a matrix that is received as zeros has 1.
    """
    pairs = zip(map(_complex, sent), map(_complex, received), strict=True)
    return np.array([_energy(ours - theirs) / _energy(ours) for ours, theirs in pairs], np.float64)


def cosine_similarity(
    sent: Sequence[ChannelMatrix], received: Sequence[ChannelMatrix]
) -> NDArray[np.float64]:
    """|<H, G>| / (|H| |G|) of each matrix H received as G, over all entries; 0 for a G of zeros.

    It is of whole windows. What others call so may be a mean over subcarriers, of matrices that
    were transformed back, and then differs.

    Returns (B,).

    Example: a matrix received at half its size and with all phases turned alike has 1.
    """
    values = []
    for ours, theirs in zip(map(_complex, sent), map(_complex, received), strict=True):
        norms = math.sqrt(_energy(ours) * _energy(theirs))
        values.append(abs(complex(np.vdot(ours, theirs))) / norms if norms else 0.0)
    return np.array(values, np.float64)


def in_db(mean: float) -> float:
    """Example: 0.05 is -13.01 dB."""
    return 10 * math.log10(max(mean, LOWEST))


def _complex(matrix: ChannelMatrix) -> NDArray[Any]:
    """(rows, columns) complex128."""
    return matrix[..., 0] + 1j * matrix[..., 1].astype(np.float64)


def _energy(matrix: NDArray[Any]) -> float:
    return float(np.vdot(matrix, matrix).real)
