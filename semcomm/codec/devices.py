"""Where the networks run, and in which arithmetic."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import torch

from semcomm.choices import DType
from semcomm.errors import SemcommError

BFLOAT16_INSTRUCTIONS = "avx512_bf16", "amx_bf16", "bf16", "sve_bf16"


def torch_device(name: str) -> torch.device:
    """`auto` takes CUDA, else MPS, else the CPU; a named device that is not there is an error."""
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in present.items() if there))
    if not present.get(name, False):
        here = ", ".join(device for device, there in present.items() if there)
        raise SemcommError(
            f"device {name} is not available here; this machine has {here}, or say auto"
        )
    return torch.device(name)


def autocast(device: torch.device, dtype: DType) -> AbstractContextManager[object]:
    """Inside, convolutions compute in `dtype`; weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16) if dtype == "bfloat16" else nullcontext()


def fast_dtype(device: torch.device) -> DType:
    """bfloat16 where the device has instructions for it, else float32: without them it takes many
    times as long.
    """
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    abilities: Mapping[str, bool] = getattr(
        torch.cpu, "get_capabilities", dict
    )()  # older versions do not tell
    has_it = device.type != "cpu" or any(abilities.get(name) for name in BFLOAT16_INSTRUCTIONS)
    return "bfloat16" if has_it else "float32"
