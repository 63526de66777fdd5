"""Channel matrices from anyone's files: .npy, .npz and .mat. Nothing in them is run."""

import math
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from semcomm.data.data_set import Data
from semcomm.errors import DataError
from semcomm.folders import expanded
from semcomm.framing import MAX_PIXELS
from semcomm.modalities.csi import ChannelMatrix, normalized

Array = NDArray[Any]

TAKES = (
    "(n, delays, angles) complex, (n, delays, angles, 2) or (n, 2, delays, angles) real and "
    "imaginary parts, or (n, 2048) as COST2100's HT"
)

MAX_VALUES = 1 << 29
"""Real numbers of a file. It bounds the memory, since small files may unpack to very many."""

MAT_BYTES = {
    **dict.fromkeys(("int8", "uint8"), 1),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int32", "uint32", "single"), 4),
    **dict.fromkeys(("int64", "uint64", "double"), 8),
}
"""Of a value, by the class of a .mat file's array."""


@dataclass(frozen=True)
class CsiFile(Data):
    """The channel matrices of a file, over delay and angle, each divided by its norm.

    Of several arrays in a file, HT is taken.
    """

    path: Path

    def __len__(self) -> int:
        return len(self._matrices)

    def names(self) -> list[str]:
        return [f"{self.path.stem}/{number:05d}" for number in range(len(self))]

    def pixels(self, index: int) -> int:
        return int(self._matrices[0].size) // 2

    def load(self, start: int, stop: int) -> list[ChannelMatrix]:
        return list(self._matrices[start:stop].copy())

    def labels(self, start: int, stop: int) -> None:
        return None

    def classes(self) -> tuple[str, ...]:
        return ()

    def files(self) -> list[Path]:
        return [expanded(self.path)]

    @cached_property
    def _matrices(self) -> NDArray[np.float32]:
        path = expanded(self.path)
        try:
            return normalized(matrices_of(read_array(path)))
        except DataError as error:
            raise DataError(f"{path}: {error}") from error


def read_array(path: Path) -> Array:
    """The array of a file, or of several the one that is called HT.

    Raises DataError where there is no such file, it is damaged, or holds no such array.
    """
    if not path.is_file():
        raise DataError("there is no such file")
    if path.suffix.lower() not in READERS:
        raise DataError(f"its name ends in {path.suffix!r}; it takes {', '.join(READERS)}")
    try:
        return READERS[path.suffix.lower()](path)
    except DataError:
        raise
    except Exception as error:  # parsers of damaged files raise anything
        raise DataError(f"it cannot be read: {error}") from error


def matrices_of(array: Array) -> Array:
    """Matrices (n, delays, angles, 2) of an array in one of the forms that files have.

    (n, 2048) is the layout of the COST2100 data sets of CsiNet and its successors, as their
    programs read it: two planes of 32 x 32 from 0 to 1, real and then imaginary parts, each plus
    0.5. Their rows are angles and their columns delays, which is inferred from the transform of the
    columns to subcarriers in these programs; here they are exchanged.

    Raises DataError for any other array, and for too large ones.
    """
    _check_size(array)
    if array.dtype.kind not in "fciu" or not array.size:
        raise DataError(f"it holds {array.shape} {array.dtype}; it takes {TAKES}")
    if array.dtype.kind == "c" and array.ndim == 3:
        return np.stack([array.real, array.imag], axis=-1)
    if array.dtype.kind != "c" and array.ndim == 4 and array.shape[3] == 2:
        return array
    if array.dtype.kind != "c" and array.ndim == 4 and array.shape[1] == 2:
        return array.transpose(0, 2, 3, 1)
    if array.dtype.kind != "c" and array.ndim == 2 and array.shape[1] == 2048:
        if array.min() < 0 or array.max() > 1:
            raise DataError(
                f"it holds (n, 2048) values from {array.min():g} to {array.max():g}; those of "
                "COST2100's layout are from 0 to 1"
            )
        return array.reshape(-1, 2, 32, 32).transpose(0, 3, 2, 1) - 0.5
    raise DataError(f"it holds {array.shape} {array.dtype}; it takes {TAKES}")


def _check_size(array: Array) -> None:
    values = array.size * (2 if array.dtype.kind == "c" else 1)
    if values > MAX_VALUES:
        raise DataError(
            f"it holds {array.shape} {array.dtype}, {values} real numbers; it takes at most "
            f"{MAX_VALUES}, which are {MAX_VALUES >> 11} matrices of 32 x 32: take fewer"
        )
    if array.ndim and array.size and values // len(array) > 2 * MAX_PIXELS:
        raise DataError(f"it holds {array.shape}; a matrix has at most {MAX_PIXELS} entries")


def _chosen(names: Sequence[str]) -> str:
    """The only name, or HT."""
    if len(names) == 1 or "HT" in names:
        return names[0] if len(names) == 1 else "HT"
    held = ", ".join(names[:10]) or "none"
    raise DataError(f"it holds the arrays {held}; it takes a single one, or one called HT")


def _check_unpacked(size: int) -> None:
    """Of an array in a compressed file, in bytes, before it is unpacked."""
    if size > 8 * MAX_VALUES:
        raise DataError(
            f"its array has {size} bytes; it takes at most {8 * MAX_VALUES}: take fewer matrices"
        )


def _read_npy(path: Path) -> Array:
    with path.open("rb") as file:
        return _array(file)


def _read_npz(path: Path) -> Array:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        member = members[_chosen([*members])]
        _check_unpacked(member.file_size)
        with archive.open(member) as file:
            return _array(file)


def _array(file: IO[bytes]) -> Array:
    array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _read_mat(path: Path) -> Array:
    from scipy.io import loadmat, whosmat  # slow to import for those who send images

    try:
        variables = {name: (shape, kind) for name, shape, kind in whosmat(path)}
    except NotImplementedError as error:  # scipy's word for HDF5
        raise DataError("it is a .mat file of version 7.3: save it with -v7 in MATLAB") from error
    name = _chosen([*variables])
    shape, kind = variables[name]
    if kind not in MAT_BYTES:
        raise DataError(f"{name} is of the class {kind}; it takes {TAKES}")
    _check_unpacked(math.prod(shape) * MAT_BYTES[kind])
    return np.asarray(loadmat(path, variable_names=[name])[name])


READERS: dict[str, Callable[[Path], Array]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".mat": _read_mat,
}
"""By the ending of a file's name."""
