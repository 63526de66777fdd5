"""Several codecs in one file, the levels, from few bits to many: they share the kernels of their
networks.

Each convolution has a gain a level for each of its outputs. Kernels times gains are a level's own
kernels, so that a level is a codec like any other.
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
    """A level's tensors: kernels times gains in float32, rounded to float16, and its part of all
    others.

    What is too large for float16 is infinite then.
    """
    own = {
        name: tensor[level] for name, tensor in tensors.items() if not name.endswith((KERNEL, GAIN))
    }
    for name in filter(_is_kernel, tensors):
        gains = tensors[_gain(name)][level]
        with np.errstate(over="ignore", invalid="ignore"):
            own[name] = (tensors[name].astype(np.float32) * gains[:, None, None, None]).astype(
                np.float16
            )
    return own


def stacked(networks: Tensors, levels: Sequence[Tensors]) -> dict[str, NDArray[Any]]:
    """The tensors from which `at_level` makes those of the levels.

    networks: kernels, and gains of all levels.
    """
    shared = {name: tensor for name, tensor in networks.items() if name.endswith((KERNEL, GAIN))}
    own = {
        name: np.stack([level[name] for level in levels])
        for name in levels[0]
        if not _is_kernel(name)
    }
    return shared | own


def check_levels(tensors: Tensors, levels: int) -> None:
    """Raises CodecError unless every level can be taken out; whether it is a codec is for others to
    see.
    """
    if not 1 <= levels <= MAX_LEVELS:
        raise CodecError(f"has {levels} levels; there can be 1 to {MAX_LEVELS}")
    for name, tensor in tensors.items():
        if _is_kernel(name):
            gains = tensors.get(_gain(name))
            if (
                gains is None
                or gains.dtype != np.float32
                or gains.shape != (levels, *tensor.shape[:1])
            ):
                raise CodecError(
                    f"has no tensor {_gain(name)} of a gain for each level and output of {name}"
                )
        elif tensor.shape[:1] != (levels,):
            raise CodecError(
                f"has a tensor {name} of shape {tensor.shape}, not one for each of {levels} levels"
            )


def _is_kernel(name: str) -> bool:
    return name.endswith(KERNEL)


def _gain(kernel: str) -> str:
    return kernel.removesuffix(KERNEL) + GAIN
