"""Where the networks run, and in which arithmetic."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from semcomm.errors import SemcommError

Device = Literal["auto", "cpu", "cuda", "mps"]
DType = Literal["float32", "bfloat16"]


def torch_device(name: str) -> torch.device:
    """`auto` takes CUDA, else MPS, else the CPU; a named device that is not there is an error."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, there in present.items() if there))
    if not present.get(name, False):
        here = ", ".join(device for device, there in present.items() if there)
        raise SemcommError(f"device {name} is not available here; this machine has {here}, or say auto")
    return torch.device(name)


def autocast(device: torch.device, dtype: DType) -> AbstractContextManager[object]:
    """Inside, convolutions compute in `dtype`; weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16) if dtype == "bfloat16" else nullcontext()
