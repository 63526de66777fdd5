"""A system of one file: the mean colour of each 4 x 4 patch, sent as analogue symbols."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Gt, doc

from semcomm.channel import SymbolReception
from semcomm.frames import Symbols
from semcomm.stages import Arrived, Encoded, Received, Sent
from semcomm.systems.system import System

PATCH = 4


@dataclass(frozen=True)
class MeanColours(System):
    """Red and green of a patch make one symbol, blue of two patches another; mean energy is 1."""

    signal: ClassVar[type[Symbols]] = Symbols

    contrast: Annotated[float, Gt(0.0), doc("what colours are multiplied by")] = 1.0

    def transmitter(self, terms: Any, framing: Any) -> "Sender":
        return Sender(self.contrast)

    def receiver(self, terms: Any, framing: Any, damaged: Any) -> "Drawer":
        return Drawer(self.contrast)


class Sender:
    """Images whose sides are multiples of 4 and whose patches are even in number."""

    def __init__(self, contrast: float) -> None:
        self.contrast = contrast

    def encode(self, images: Sequence[Any]) -> Encoded:
        means = []
        for image in images:
            rows, columns = image.shape[0] // PATCH, image.shape[1] // PATCH
            patches = image.reshape(rows, PATCH, columns, PATCH, 3).mean(axis=(1, 3))
            means.append((patches / 255 - 0.5) * self.contrast)
        return {"means": means}

    def packetize(self, encoded: Encoded) -> Sent[Symbols]:
        frames = []
        for means in encoded["means"]:
            values = np.ascontiguousarray(means, np.float64).reshape(-1).view(np.complex128)
            frames.append(values / np.sqrt(np.mean(np.abs(values) ** 2)))
        return Sent(Symbols.join(frames), None, encoded)


class Drawer:
    """It is not told the energy, and takes that of the mean image."""

    def __init__(self, contrast: float) -> None:
        self.scale = 0.3 * contrast

    def depacketize(self, reception: SymbolReception) -> Arrived:
        frames = reception.symbols.split()
        return Arrived({"symbols": frames}, np.zeros(len(frames), np.bool_))

    def reconstruct(self, arrived: Arrived) -> Received:
        images = []
        for symbols in arrived.encoded["symbols"]:
            side = int(np.sqrt(symbols.size * 2 / 3))
            means = symbols.copy().view(np.float64).reshape(side, side, 3) * self.scale + 0.5
            small = np.clip(np.rint(means * 255), 0, 255).astype(np.uint8)
            images.append(small.repeat(PATCH, axis=0).repeat(PATCH, axis=1))
        return Received(images, arrived.damaged, None)
