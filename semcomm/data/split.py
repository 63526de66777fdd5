"""Holding pictures of a folder out of a training."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomm.data.data_set import Data
from semcomm.data.folder import ImageFolder
from semcomm.errors import DataError
from semcomm.modalities.rgb8 import Image


@dataclass(frozen=True)
class FolderPart(Data):
    """The pictures of a folder that are held out of a training, or the others.

    validation: about the share of the pictures that is held out.

    A picture's part depends on its own name alone (`place_of`), so that it stays there when
    pictures are added, and every command finds the same parts. Where all pictures would be in one
    part, the other one gets the picture that is nearest to it.
    """

    folder: ImageFolder
    validation: float
    held_out: bool

    def __len__(self) -> int:
        return len(self._members)

    def names(self) -> list[str]:
        names = self.folder.names()
        return [names[member] for member in self._members]

    def pixels(self, index: int) -> int:
        return self.folder.pixels(self._members[index])

    def load(self, start: int, stop: int) -> list[Image]:
        members = self._members[start:stop]
        return [image for member in members for image in self.folder.load(member, member + 1)]

    def labels(self, start: int, stop: int) -> NDArray[np.int64] | None:
        labels = self.folder.labels(0, len(self.folder))
        return None if labels is None else labels[self._members[start:stop]]

    def classes(self) -> tuple[str, ...]:
        return self.folder.classes()

    def files(self) -> list[Path]:
        files = self.folder.files()
        return [files[member] for member in self._members]

    def passed_over(self) -> str:
        """As `ImageFolder.passed_over`, of the whole folder."""
        return self.folder.passed_over()

    @cached_property
    def _members(self) -> list[int]:
        places = [place_of(name) for name in self.folder.names()]
        if len(places) < 2:
            raise DataError(
                f"{self.folder.images} holds one picture; data.validation takes two or more, to "
                "hold one of them out"
            )
        lowest, *_, highest = sorted(places)
        limit = max(self.validation, lowest)
        return [
            index
            for index, place in enumerate(places)
            if (place <= limit and place < highest) == self.held_out
        ]


def place_of(name: str) -> float:
    """A number from 0 to 1 that a picture's name has: of its SHA-256 the first 53 bits.

    name: the path inside the folder, with `/`. Pictures whose numbers are at most
        `data.validation` are held out.
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
