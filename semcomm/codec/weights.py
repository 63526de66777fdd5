"""The weights of networks as tensors of a file, where they are float16."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import TypeVar

import torch
from torch import nn

from semcomm.codec.tensor_file import Shapes, Tensors

Module = TypeVar("Module", bound=nn.Module)


@lru_cache(maxsize=64)
def weight_shapes(
    make: Callable[..., nn.Module], *arguments: Hashable, **named: Hashable
) -> Shapes:
    """Those of the weights of a network, for which no memory is taken.

    make: makes the network of the other arguments.
    """
    with torch.device("meta"):
        weights = make(*arguments, **named).state_dict()
    return {name: (tuple(weight.shape), "float16") for name, weight in weights.items()}


def with_weights(
    network: Module, tensors: Tensors, device: torch.device, prefix: str = ""
) -> Module:
    """The network with the weights of a file, on a device and not to be trained.

    prefix: what the tensors' names have in front of the network's own.
    """
    network.load_state_dict(
        {name: torch.from_numpy(tensors[prefix + name]) for name in network.state_dict()}
    )
    network.to(device).to(memory_format=torch.channels_last)
    return network.eval().requires_grad_(False)
