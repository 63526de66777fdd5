"""Images from anyone's files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from semcomm.data.image_file import image_extensions, image_size, read_image
from semcomm.errors import DataError
from semcomm.folders import expanded
from semcomm.modalities.rgb8 import Image


@dataclass(frozen=True)
class ImageFolder:
    """Every image in the folder `images` and the folders below it, sorted by path; or one image's
    file.

    Files whose extension is no image's are passed over; an image that cannot be read is an error.
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
    def _root(self) -> Path:
        return expanded(self.images)

    @cached_property
    def _paths(self) -> list[Path]:
        if self._root.is_file():
            return [self._root]
        if not self._root.is_dir():
            raise DataError(f"{self._root} is neither a folder nor a file")
        # A broken link stays in: passing over it would change the data set without a word.
        paths = [
            p
            for p in self._root.rglob("*")
            if p.suffix.lower() in image_extensions() and not p.is_dir()
        ]
        if not paths:
            raise DataError(f"{self._root} holds no images, nor do the folders below it")
        return sorted(paths, key=lambda path: path.relative_to(self._root).as_posix())


@dataclass(frozen=True)
class ImagePaths:
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

    def _place(self, index: int) -> tuple[ImageFolder, int]:
        for folder, end in zip(self._folders, accumulate(map(len, self._folders)), strict=True):
            if index < end:
                return folder, index - end + len(folder)
        raise IndexError(index)
