"""Levels: several codecs in one file, from few bits to many, which share their networks' kernels.

Each output of a convolution has a gain per level. A level's own kernels are the shared kernels
times its gains, so a level is a codec like any other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import CodecError

KERNEL, GAIN = ".weight", ".gain"
MAX_LEVELS = 64

Tensors = Mapping[str, NDArray[Any]]


def at_level(tensors: Tensors, level: int) -> dict[str, NDArray[Any]]:
    """A level's tensors: kernels times gains, computed in float32 and rounded to float16, and its
    part of all others.

    Products too large for float16 become infinite.
    """
    own = {
        name: tensor[level] for name, tensor in tensors.items() if not name.endswith((KERNEL, GAIN))
    }
    for name, kernel in tensors.items():
        if name.endswith(KERNEL):
            gains = tensors[_gain(name)][level]
            with np.errstate(over="ignore", invalid="ignore"):
                product = kernel.astype(np.float32) * gains[:, None, None, None]
                own[name] = product.astype(np.float16)
    return own


def stacked(networks: Tensors, levels: Sequence[Tensors]) -> dict[str, NDArray[Any]]:
    """Undo `at_level` for all levels.

    networks: the shared kernels, and the gains of all levels.
    """
    shared = {name: tensor for name, tensor in networks.items() if name.endswith((KERNEL, GAIN))}
    own = {
        name: np.stack([level[name] for level in levels])
        for name in levels[0]
        if not name.endswith(KERNEL)
    }
    return shared | own


def check_levels(tensors: Tensors, levels: int) -> None:
    """Raises CodecError unless `at_level` can take out every level; its result is not checked."""
    if not 1 <= levels <= MAX_LEVELS:
        raise CodecError(f"has {levels} levels; a file holds 1 to {MAX_LEVELS}")
    for name, tensor in tensors.items():
        if name.endswith(KERNEL):
            gains = tensors.get(_gain(name))
            shape = (levels, *tensor.shape[:1])
            if gains is None or gains.dtype != np.float32 or gains.shape != shape:
                raise CodecError(
                    f"has no tensor {_gain(name)} of a gain for each level and output of {name}"
                )
        elif tensor.shape[:1] != (levels,):
            raise CodecError(
                f"has a tensor {name} of shape {tensor.shape}, not one for each of {levels} levels"
            )


def _gain(kernel: str) -> str:
    return kernel.removesuffix(KERNEL) + GAIN
