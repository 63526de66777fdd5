"""What tests share."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[2] / "shared" / "cifar10"


@pytest.fixture(scope="session")
def cifar10_root() -> Path:
    """A data root that holds CIFAR-10: $SEMCOMM_DATA, else ../shared/cifar10 beside the repository."""
    root = Path(os.environ.get("SEMCOMM_DATA") or BESIDE).expanduser()
    if not any((root / folder).is_dir() for folder in ("cifar-10-batches-py", "cifar-10-batches-bin")):
        pytest.skip(f"needs CIFAR-10, which is not in {root}; name its data root in SEMCOMM_DATA")
    return root
