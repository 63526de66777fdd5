"""CIFAR-10 from an official copy in either layout, each file checked against its published MD5."""

import hashlib
import io
import os
import pickle
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from semcomm.data.data_set import Data
from semcomm.errors import DataError
from semcomm.folders import expanded

Split = Literal["train", "validation", "train_and_validation", "test"]
Part = Literal["train", "test"]
Content = bytes | memoryview

FILE_IMAGES = 10_000
SPLITS: dict[Split, tuple[Part, range]] = {
    "train": ("train", range(45_000)),
    "validation": ("train", range(45_000, 50_000)),
    "train_and_validation": ("train", range(50_000)),
    "test": ("test", range(10_000)),
}
"""Of each split, the published part that it is of, and its images there."""

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
"""In the order of its labels."""

ARCHIVES = "https://www.cs.toronto.edu/~kriz/"
ARCHIVE = f"{ARCHIVES}cifar-10-python.tar.gz"
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
TIMEOUT_SECONDS = 20.0
CACHE = "~/.cache/semcomm"


@dataclass(frozen=True)
class Cifar10(Data):
    """Images of CIFAR-10, 32 x 32 pixels each: its 10,000 test images, the first 45,000 or the last
    5,000 of its training images, or all 50,000.

    root: folder that holds `cifar-10-batches-py` or `cifar-10-batches-bin`; by default what the
        environment variable SEMCOMM_DATA names, else ~/.cache/semcomm. A root with neither gets a
        download; of those that do not exist, only the last is made.
    """

    root: Path | None = None
    split: Split = "test"

    def __len__(self) -> int:
        return len(SPLITS[self.split][1])

    def names(self) -> list[str]:
        part, images = SPLITS[self.split]
        return [f"{part}/{index:05d}" for index in images]

    def pixels(self, index: int) -> int:
        return 32 * 32

    def load(self, start: int, stop: int) -> list[NDArray[np.uint8]]:
        return list(_pixels(self._planes[start:stop]))

    def labels(self, start: int, stop: int) -> NDArray[np.int64]:
        return self._labels[start:stop]

    def classes(self) -> tuple[str, ...]:
        return CLASSES

    def array(self) -> NDArray[np.uint8]:
        """All images at once, (n, 32, 32, 3)."""
        return _pixels(self._planes)

    @cached_property
    def _planes(self) -> NDArray[np.uint8]:
        return self._read(lambda layout, content: layout.planes(content).reshape(-1, 3072))

    @cached_property
    def _labels(self) -> NDArray[np.int64]:
        return self._read(lambda layout, content: layout.labels(content).astype(np.int64))

    def _read(self, parse: "Callable[[_Layout, Content], NDArray[Any]]") -> NDArray[Any]:
        """What is wanted of each of the split's images, from the files that hold them."""
        root = expanded(self.root or default_root())
        layout = _layout_under(root)
        part, images = SPLITS[self.split]
        first, end = images.start // FILE_IMAGES, -(-images.stop // FILE_IMAGES)
        files = list(layout.md5s[part].items())[first:end]
        contents = [layout.read(root / layout.folder / name, md5, parse) for name, md5 in files]
        whole = np.concatenate(contents) if len(contents) > 1 else contents[0]
        return whole[images.start - first * FILE_IMAGES :][: len(images)]


def _pixels(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Red, green and blue one after the other, (n, 3072), to pixels, (n, 32, 32, 3)."""
    pixels = np.empty((len(planes), 1024, 3), np.uint8)
    for colour in range(3):  # three times as fast as a transposition in one
        pixels[..., colour] = planes[:, 1024 * colour : 1024 * (colour + 1)]
    return pixels.reshape(-1, 32, 32, 3)


def default_root() -> Path:
    """Where data sets are looked for when nothing is said: $SEMCOMM_DATA, else ~/.cache/semcomm."""
    return Path(os.environ.get("SEMCOMM_DATA") or CACHE)


@dataclass(frozen=True)
class _Layout:
    """One of the forms the data set is published in.

    archive: where it is published.
    md5s: for each published part, its files in order.
    planes: from a file's content to (10000, 3072) uint8, an image's red, green and blue, each row
        by row.
    labels: from a file's content to (10000,), the class of each image.
    """

    folder: str
    archive: str
    md5s: dict[Part, dict[str, str]]
    planes: Callable[[Content], NDArray[np.uint8]]
    labels: Callable[[Content], NDArray[Any]]

    def read(
        self, path: Path, md5: str, parse: "Callable[[_Layout, Content], NDArray[Any]]"
    ) -> NDArray[Any]:
        try:
            content = np.fromfile(path, np.uint8).data
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        _check_md5(content, md5, path, self.archive)
        # A pickle that is not what it should be fails in as many ways as there are opcodes.
        try:
            part = parse(self, content)
            if len(part) != FILE_IMAGES:
                raise ValueError(f"it holds {len(part)} images")
            return part
        except Exception as error:
            raise DataError(f"{path} is not a file of CIFAR-10: {error}") from error


def _check_md5(content: Content, md5: str, path: Path, archive: str) -> None:
    actual = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if actual != md5:
        raise DataError(
            f"{path} is damaged: its {len(content)} bytes have the MD5 {actual}, the official "
            f"file has {md5}; replace it by that of {archive}"
        )


def _planes_of_records(content: Content) -> NDArray[np.uint8]:
    """A record is a label's byte and 3072 of pixels."""
    return np.frombuffer(content, np.uint8).reshape(FILE_IMAGES, 3073)[:, 1:]


def _planes_of_pickle(content: Content) -> NDArray[np.uint8]:
    """A pickle of Python 2 holds a dict whose b"data" is a numpy array (10000, 3072)."""
    array = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()[b"data"]
    *_, shape, _, column_major, pixels = array.state
    return np.frombuffer(pixels, np.uint8).reshape(shape, order="F" if column_major else "C")


def _labels_of_records(content: Content) -> NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8).reshape(FILE_IMAGES, 3073)[:, 0]


def _labels_of_pickle(content: Content) -> NDArray[np.int64]:
    """The same dict has a list under b"labels"."""
    labels = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()[b"labels"]
    return np.array(labels, np.int64)


class _Inert:
    """Stands for numpy's array, its dtype and its constructor alike: keeps its state and runs
    nothing.
    """

    def __init__(self, *arguments: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickles plain containers and numpy arrays, without calling into numpy or anything else."""

    KNOWN = frozenset(
        {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")},
    )

    def find_class(self, module: str, name: str) -> type[_Inert]:
        if (module, name) not in self.KNOWN:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which no official file does"
            )
        return _Inert


PYTHON = _Layout(
    folder="cifar-10-batches-py",
    archive=ARCHIVE,
    md5s={
        "train": {
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        },
        "test": {"test_batch": "40351d587109b95175f43aff81a1287e"},
    },
    planes=_planes_of_pickle,
    labels=_labels_of_pickle,
)

BINARY = _Layout(
    folder="cifar-10-batches-bin",
    archive=f"{ARCHIVES}cifar-10-binary.tar.gz",
    md5s={
        "train": {
            "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
            "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
            "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
            "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
            "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
        },
        "test": {"test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d"},
    },
    planes=_planes_of_records,
    labels=_labels_of_records,
)


def _layout_under(root: Path) -> _Layout:
    for layout in (PYTHON, BINARY):
        if (root / layout.folder).is_dir():
            return layout
    if not root.is_dir() and root != expanded(CACHE):
        raise DataError(
            f"the data root {root} does not exist: name the folder that holds {PYTHON.folder} or "
            f"{BINARY.folder} by --data-root or the environment variable SEMCOMM_DATA, or make an "
            "empty folder there to have CIFAR-10 downloaded into it"
        )
    try:
        _download(root)
    except (OSError, RuntimeError, HTTPException, ImportError) as error:
        raise DataError(
            f"CIFAR-10 is not in {root}: it holds neither {PYTHON.folder} nor {BINARY.folder}, "
            "and the "
            f"download failed ({error}). Name the folder that holds one of them by --data-root "
            "or the "
            f"environment variable SEMCOMM_DATA, or unpack {ARCHIVE} in {root}"
        ) from error
    return PYTHON


def _download(root: Path) -> None:
    """Fetch the python layout into `root`, which then holds the whole of it or nothing."""
    # Not torchvision's CIFAR10 itself, whose constructor unpickles without restriction.
    from torchvision.datasets.utils import download_and_extract_archive

    root.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=root) as partial,
        redirect_stdout(sys.stderr),
        _socket_timeout(),
    ):
        download_and_extract_archive(ARCHIVE, partial, md5=ARCHIVE_MD5)
        # Another worker may have been faster.
        if not (root / PYTHON.folder).is_dir():
            (Path(partial) / PYTHON.folder).rename(root / PYTHON.folder)


@contextmanager
def _socket_timeout() -> Iterator[None]:
    """torchvision takes no timeout and would wait for a silent server for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
