"""Channel matrices of drops: terminals at random places of a cell by 3GPP TR 38.901.

Drops are made in chunks of CHUNK, each from a seed of its own, and kept as files under the data
root. What is there is not made again, so that an interruption loses one chunk.
"""

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.choices import CellModel
from semcomm.data.cifar10 import default_root
from semcomm.data.data_set import BLOCK_IMAGES, Data
from semcomm.errors import DataError
from semcomm.files import write_atomically
from semcomm.folders import expanded
from semcomm.modalities.csi import ChannelMatrix, normalized
from semcomm.validation import Validated

CHUNK = BLOCK_IMAGES
FORMAT = 1
MAX_ENTRIES = 1 << 16
"""Of a matrix, so that a chunk takes no more than some hundred megabytes."""

BAR_FROM = 5
"""Chunks to be made with which there is a progress bar."""

Matrices = NDArray[np.float32]


@dataclass(frozen=True)
class Drops(Validated):
    """How channel matrices are generated, a new drop for each."""

    count: Annotated[int, Ge(1), Le(10_000_000), doc("how many there are")] = 10_000
    antennas: Annotated[
        int,
        Ge(2),
        Le(1024),
        doc(
            "of the base station, in a horizontal line, half a wavelength apart; a matrix has as "
            "many angles"
        ),
    ] = 32
    delays: Annotated[
        int, Ge(8), Le(1024), doc("rows of a matrix, the first of as many as there are subcarriers")
    ] = 32
    carrier_ghz: Annotated[float, Ge(0.5), Le(100.0), Unit("GHz"), doc("carrier frequency")] = 3.5
    subcarriers: Annotated[
        int, Ge(8), Le(8192), doc("on how many neighbouring ones the channel is known")
    ] = 256
    spacing_khz: Annotated[
        float, Ge(1.0), Le(960.0), Unit("kHz"), doc("from one subcarrier to the next")
    ] = 15.0
    seed: Annotated[
        int, Ge(0), Le(2**32 - 1), doc("of the drops; a run takes another one than a training")
    ] = 0

    def __post_init__(self) -> None:
        if self.delays > self.subcarriers:
            raise ValueError(
                f"delays is {self.delays}; {self.subcarriers} subcarriers have as many delays"
            )
        if self.delays * self.antennas > MAX_ENTRIES:
            raise ValueError(
                f"delays is {self.delays}, and antennas is {self.antennas}; a matrix takes at most "
                f"{MAX_ENTRIES} entries, delays times antennas"
            )


@dataclass(frozen=True)
class CsiDrops(Data):
    """Generated channel matrices, each divided by its norm.

    root: folder in which they are kept, in a folder of their own; by default as for CIFAR-10.
    """

    cell: CellModel
    drops: Drops
    root: Path | None = None

    def __len__(self) -> int:
        return self.drops.count

    def names(self) -> list[str]:
        return [f"{self.cell}/{number:06d}" for number in range(len(self))]

    def pixels(self, index: int) -> int:
        return self.drops.delays * self.drops.antennas

    def load(self, start: int, stop: int) -> list[ChannelMatrix]:
        """Those that are there already, and new ones."""
        numbers = range(start // CHUNK, -(-stop // CHUNK))
        missing = [number for number in numbers if not self.chunk_file(number).is_file()]
        for number in _shown(missing):
            self._make(number)
        matrices: list[ChannelMatrix] = []
        for number in numbers:
            first = number * CHUNK
            chunk = self._chunk(number)[max(start - first, 0) : max(stop - first, 0)]
            matrices += [matrix.copy() for matrix in chunk]
        return matrices

    def labels(self, start: int, stop: int) -> None:
        return None

    def classes(self) -> tuple[str, ...]:
        return ()

    @property
    def folder(self) -> Path:
        """Where they are kept: one folder for each model, settings and version of Sionna; more
        drops of the same kind go to the same.
        """
        digest = hashlib.sha256(self._about().encode()).hexdigest()[:16]
        return expanded(self.root or default_root()) / "csi" / f"{self.cell}-{digest}"

    def chunk_file(self, number: int) -> Path:
        return self.folder / f"{number:05d}.drops"

    def _about(self) -> str:
        """All that the bytes of the chunks depend on, but their numbers."""
        settings = asdict(self.drops)
        del settings["count"]
        versions = {"format": FORMAT, "sionna-no-rt": version("sionna-no-rt")}
        return json.dumps({"cell": self.cell, **settings, **versions}, sort_keys=True)

    def _make(self, number: int) -> None:
        from semcomm.data.csi_cell import delay_angle_windows  # it imports Sionna, which is slow

        seed = np.random.SeedSequence([self.drops.seed, number]).generate_state(1, np.uint32)
        windows = delay_angle_windows(self.cell, self.drops, CHUNK, int(seed[0]))
        matrices = normalized(np.stack([windows.real, windows.imag], axis=-1))
        content = matrices.astype("<f2").tobytes()
        write_atomically(self.chunk_file(number), hashlib.sha256(content).digest() + content)
        about = self.folder / "about.json"
        if not about.is_file():
            write_atomically(about, self._about().encode())

    def _chunk(self, number: int) -> Matrices:
        file, drops = self.chunk_file(number), self.drops
        try:
            return _read(file, (CHUNK, drops.delays, drops.antennas, 2), file.stat().st_mtime_ns)
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=4)
def _read(file: Path, shape: tuple[int, ...], changed: int) -> Matrices:
    """A chunk, whose float16 values are normalized again. Raises DataError where it is damaged."""
    content = file.read_bytes()
    digest, values = content[:32], content[32:]
    if hashlib.sha256(values).digest() != digest:
        raise DataError(
            f"{file} is damaged: its SHA-256 is wrong; remove it, to have it made again"
        )
    return normalized(np.frombuffer(values, "<f2").reshape(shape))


def _shown(missing: list[int]) -> Iterable[int]:
    """The same numbers; on a terminal many of them move a progress bar."""
    if len(missing) < BAR_FROM or not sys.stderr.isatty():
        return missing
    from rich.console import Console
    from rich.progress import track

    what = f"generating {CHUNK * len(missing)} channel matrices"
    return track(missing, what, console=Console(stderr=True))
