"""Images from anyone's files."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import Broken
from semcomm.data.data_set import Data
from semcomm.errors import DataError
from semcomm.folders import expanded
from semcomm.modalities.image_file import fault_of, image_extensions, image_size, read_image
from semcomm.modalities.rgb8 import Image
from semcomm.terminal import terminal_safe

DROPPINGS = frozenset(
    {
        "@eadir",
        "__macosx",
        "$recycle.bin",
        "system volume information",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
    }
)
"""Names, in small letters, of files and folders that file systems and servers make beside
pictures.
"""

HEIF_ENDINGS = frozenset({".heic", ".heif", ".hif"})
"""Of the photographs of many phones, which the extra `heif` reads."""

FAULTS_SHOWN = 20


@dataclass(frozen=True)
class ImageFolder(Data):
    """Every image in the folder `images` and the folders below it, sorted by path; or one image's
    file.

    Where each image is in or below a folder of the root, these folders are its classes.

    Hidden files and folders, other systems' own files (`DROPPINGS`) and files whose extension is no
    image's are passed over.

    broken: images that cannot be read are an error that lists them all, or are left out, for which
        each is decoded beforehand.
    """

    images: Path
    broken: Broken = "error"

    def __len__(self) -> int:
        return len(self._paths)

    def names(self) -> list[str]:
        """Paths inside the folder; bytes of them that are not UTF-8 as `\\xe9`."""
        above = self._root if self._root.is_dir() else self._root.parent
        return [_utf8(path.relative_to(above).as_posix()) for path in self._paths]

    def pixels(self, index: int) -> int:
        with _all_faults([self]):
            height, width = image_size(self._paths[index])
        return height * width

    def load(self, start: int, stop: int) -> list[Image]:
        with _all_faults([self]):
            return [read_image(path) for path in self._paths[start:stop]]

    def labels(self, start: int, stop: int) -> NDArray[np.int64] | None:
        places = {name: place for place, name in enumerate(self.classes())}
        if not places:
            return None
        return np.array([places[name] for name in self._uppermost[start:stop]], np.int64)

    def classes(self) -> tuple[str, ...]:
        """The folders of the root, where each image is in or below one of them."""
        folders = set(self._uppermost)
        return () if "" in folders else tuple(sorted(folders))

    def files(self) -> list[Path]:
        return self._paths

    @cached_property
    def _uppermost(self) -> list[str]:
        """Of each image, the folder of the root that it is in or below; "" for none."""
        parents = [Path(name).parts[:-1] for name in self.names()]
        return [parts[0] if parts else "" for parts in parents]

    @property
    def is_file(self) -> bool:
        """Whether it is one image's file."""
        return self._root.is_file()

    @property
    def _root(self) -> Path:
        return expanded(self.images)

    def passed_over(self) -> str:
        """The files in the folder that are no images of it, counted by kind; "" where none are.

        Example: "3 hidden files, 2 of other kinds (.txt, .raw)".
        """
        if self._root.is_file():
            return ""
        _, hidden, others = self._files
        broken = (
            [path for path in self._pictures if fault_of(path)] if self.broken == "skip" else []
        )
        return counted_by_kind(hidden, others, broken)

    def faults(self) -> list[str]:
        """What is wrong with each image that cannot be read."""
        return [*filter(None, map(fault_of, self._pictures))]

    @cached_property
    def _files(self) -> tuple[list[Path], list[Path], list[Path]]:
        """Pictures, hidden files and files of other kinds, each relative to the root."""
        pictures: list[Path] = []
        hidden: list[Path] = []
        others: list[Path] = []
        for path in self._root.rglob("*"):
            inside = path.relative_to(self._root)
            if path.is_dir():
                continue
            if any(is_hidden(part) for part in inside.parts):
                hidden.append(inside)
            # A broken link stays in: passing over it would change the data set without a word.
            elif path.suffix.lower() in image_extensions():
                pictures.append(inside)
            else:
                others.append(inside)
        return pictures, hidden, others

    @cached_property
    def _paths(self) -> list[Path]:
        if self.broken == "error":
            return self._pictures
        whole = [path for path in self._pictures if not fault_of(path)]
        if not whole:
            raise DataError(f"{self._root}: no image can be read\n{_listed(self.faults())}")
        return whole

    @cached_property
    def _pictures(self) -> list[Path]:
        if self._root.is_file():
            return [self._root]
        if not self._root.is_dir():
            raise DataError(f"{self._root} is neither a folder nor a file")
        pictures, hidden, others = self._files
        if not pictures:
            kinds = counted_by_kind(hidden, others)
            passed_over = f"; passed over: {kinds}" if kinds else ""
            raise DataError(
                f"{self._root} holds no images, nor do the folders below it{passed_over}"
            )
        return [self._root / path for path in sorted(pictures, key=Path.as_posix)]


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or what a system leaves in folders."""
    return name.startswith(".") or name.lower() in DROPPINGS


def counted_by_kind(
    hidden: Sequence[Path], others: Sequence[Path], broken: Sequence[Path] = ()
) -> str:
    """How many files there are of each kind, in a few words."""
    kinds = []
    if broken:
        shown = ", ".join(terminal_safe(path.name) for path in broken[:5])
        more = ", ..." if len(broken) > 5 else ""
        kinds.append(f"{len(broken)} broken image{'s' if len(broken) > 1 else ''} ({shown}{more})")
    if hidden:
        kinds.append(f"{len(hidden)} hidden file{'s' if len(hidden) > 1 else ''}")
    if others:
        endings = Counter(path.suffix or "no extension" for path in others).most_common()
        names = [terminal_safe(ending)[:20] for ending, _ in endings[:5]]
        more = ", ..." if len(endings) > 5 else ""
        kinds.append(f"{len(others)} of other kinds ({', '.join(names)}{more})")
        if any(path.suffix.lower() in HEIF_ENDINGS for path in others):
            kinds.append("of which pip install 'semcomm[heif]' reads .heic")
    return ", ".join(kinds)


@contextmanager
def _all_faults(folders: "Sequence[ImageFolder]") -> Iterator[None]:
    """Where an image cannot be read, raise an error that lists all of these folders that cannot."""
    try:
        yield
    except DataError as error:
        faults = [fault for folder in folders for fault in folder.faults()]
        if not faults:  # it has been mended meanwhile
            raise
        raise DataError(
            f"{_listed(faults)}\nMend or remove "
            f"{'them' if len(faults) > 1 else 'it'}; a scenario leaves out what is broken by "
            "data.broken: skip"
        ) from error


def _listed(faults: Sequence[str]) -> str:
    more = len(faults) - FAULTS_SHOWN
    return "\n".join([*faults[:FAULTS_SHOWN], *([f"and {more} more"] if more > 0 else [])])


def _utf8(name: str) -> str:
    return os.fsencode(name).decode(errors="backslashreplace")


@dataclass(frozen=True)
class ImagePaths(Data):
    """The images of several files and folders, in the order given."""

    paths: Sequence[Path]

    @cached_property
    def _folders(self) -> list[ImageFolder]:
        return [ImageFolder(path) for path in self.paths]

    def __len__(self) -> int:
        return sum(map(len, self._folders))

    def names(self) -> list[str]:
        return [name for folder in self._folders for name in folder.names()]

    def pixels(self, index: int) -> int:
        folder, place = self._place(index)
        with _all_faults(self._folders):
            return folder.pixels(place)

    def load(self, start: int, stop: int) -> list[Image]:
        places = map(self._place, range(start, stop))
        with _all_faults(self._folders):
            return [image for folder, place in places for image in folder.load(place, place + 1)]

    def labels(self, start: int, stop: int) -> None:
        return None

    def classes(self) -> tuple[str, ...]:
        return ()

    def files(self) -> list[Path]:
        return [path for folder in self._folders for path in folder.files()]

    def passed_over(self) -> str:
        """As `ImageFolder.passed_over`, of all folders together."""
        files = [folder._files for folder in self._folders if not folder._root.is_file()]
        hidden, others = ([path for parts in files for path in parts[kind]] for kind in (1, 2))
        return counted_by_kind(hidden, others)

    def _place(self, index: int) -> tuple[ImageFolder, int]:
        for folder, end in zip(self._folders, accumulate(map(len, self._folders)), strict=True):
            if index < end:
                return folder, index - end + len(folder)
        raise IndexError(index)
