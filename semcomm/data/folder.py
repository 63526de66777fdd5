"""Images from anyone's files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from semcomm.data.data_set import Data
from semcomm.errors import DataError
from semcomm.folders import expanded
from semcomm.modalities.image_file import image_extensions, image_size, read_image
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


@dataclass(frozen=True)
class ImageFolder(Data):
    """Every image in the folder `images` and the folders below it, sorted by path; or one image's
    file.

    Hidden files and folders, other systems' own files (`DROPPINGS`) and files whose extension is no
    image's are passed over; an image that cannot be read is an error.
    """

    images: Path

    def __len__(self) -> int:
        return len(self._paths)

    def names(self) -> list[str]:
        above = self._root if self._root.is_dir() else self._root.parent
        return [path.relative_to(above).as_posix() for path in self._paths]

    def pixels(self, index: int) -> int:
        height, width = image_size(self._paths[index])
        return height * width

    def load(self, start: int, stop: int) -> list[Image]:
        return [read_image(path) for path in self._paths[start:stop]]

    def labels(self, start: int, stop: int) -> None:
        return None

    @property
    def is_file(self) -> bool:
        """Whether it is one image's file."""
        return self._root.is_file()

    @property
    def _root(self) -> Path:
        return expanded(self.images)

    def passed_over(self) -> str:
        """The files in the folder that are no images of it, counted by kind; "" where none are.

        Example: "3 hidden files, 2 of other kinds (.txt, .HEIC)".
        """
        if self._root.is_file():
            return ""
        return counted_by_kind(self._files[1], self._files[2])

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


def counted_by_kind(hidden: Sequence[Path], others: Sequence[Path]) -> str:
    """How many files there are of each kind, in a few words."""
    kinds = []
    if hidden:
        kinds.append(f"{len(hidden)} hidden file{'s' if len(hidden) > 1 else ''}")
    if others:
        endings = Counter(path.suffix or "no extension" for path in others).most_common()
        names = [terminal_safe(ending)[:20] for ending, _ in endings[:5]]
        more = ", ..." if len(endings) > 5 else ""
        kinds.append(f"{len(others)} of other kinds ({', '.join(names)}{more})")
    return ", ".join(kinds)


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
        return folder.pixels(place)

    def load(self, start: int, stop: int) -> list[Image]:
        places = map(self._place, range(start, stop))
        return [image for folder, place in places for image in folder.load(place, place + 1)]

    def labels(self, start: int, stop: int) -> None:
        return None

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
