"""A system of one file: the mean colour of each 4 x 4 patch, sent as complex symbols."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Le, doc

from semcomm.channel import SymbolReception
from semcomm.choices import DamagedPolicy
from semcomm.frames import Symbols
from semcomm.framing import Framing
from semcomm.stages import Arrived, Encoded, Received, Samples, Sent
from semcomm.systems.system import System
from semcomm.terms import Terms

PATCH = 4


@dataclass(frozen=True)
class MeanColours(System):
    """Two neighbouring patches make three symbols: (red, green), (blue, red'), (green', blue').

    Images are squares whose sides are multiples of 8.
    """

    signal: ClassVar[type[Symbols]] = Symbols

    contrast: Annotated[
        float, Gt(0.0), Le(0.5), doc("root mean square of colours less mid-grey, as assumed")
    ] = 0.25

    def transmitter(self, terms: Terms, framing: Framing) -> "Sender":
        return Sender()

    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> "Drawer":
        return Drawer(self.contrast)


class Sender:
    """Sends the colours of an image row by row, with mean energy 1 in each image."""

    def encode(self, samples: Samples) -> Encoded:
        """`means` (H / 4, W / 4, 3) of each image, 0 for mid-grey."""
        means = []
        for image in samples:
            rows, columns = image.shape[0] // PATCH, image.shape[1] // PATCH
            patches = image.reshape(rows, PATCH, columns, PATCH, 3).mean(axis=(1, 3))
            means.append(patches / 255 - 0.5)
        return {"means": means}

    def packetize(self, encoded: Encoded) -> Sent[Symbols]:
        frames = []
        for means in encoded["means"]:
            values = np.ascontiguousarray(means, np.float64).reshape(-1).view(np.complex128)
            frames.append(values / np.sqrt(np.mean(np.abs(values) ** 2)))
        return Sent(Symbols.join(frames), None, encoded)


class Drawer:
    """Does not know how far an image's colours are from mid-grey, and assumes `contrast`."""

    def __init__(self, contrast: float) -> None:
        self.scale = contrast * np.sqrt(2)  # a symbol of energy 1 holds two values

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
