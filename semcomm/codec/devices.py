"""The device and the arithmetic in which networks run."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import torch

from semcomm.choices import DType
from semcomm.errors import SemcommError

BFLOAT16_INSTRUCTIONS = "avx512_bf16", "amx_bf16", "bf16", "sve_bf16"


def torch_device(name: str) -> torch.device:
    """A device by name; `auto` takes CUDA, else MPS, else the CPU.

    Raises SemcommError when this machine has no such device.
    """
    available = ["cuda"] * torch.cuda.is_available()
    available += ["mps"] * torch.backends.mps.is_available() + ["cpu"]
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise SemcommError(
            f"device {name} is not available here; this machine has {', '.join(available)}, or say "
            "auto"
        )
    return torch.device(name)


def autocast(device: torch.device, dtype: DType) -> AbstractContextManager[object]:
    """A context in which convolutions compute in `dtype`; weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16) if dtype == "bfloat16" else nullcontext()


def fast_dtype(device: torch.device) -> DType:
    """bfloat16 where the device has instructions for it, else float32.

    Without such instructions, bfloat16 takes many times as long.
    """
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    # Older versions of PyTorch do not list the capabilities of a CPU.
    abilities: Mapping[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    has_it = device.type != "cpu" or any(abilities.get(name) for name in BFLOAT16_INSTRUCTIONS)
    return "bfloat16" if has_it else "float32"
