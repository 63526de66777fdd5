"""The analogue system: a learned encoder's outputs as complex symbols, without any bits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import SymbolReception
from semcomm.choices import DamagedPolicy, Device, DType
from semcomm.codec.analogue.codec import AnalogueCodec
from semcomm.codec.devices import torch_device
from semcomm.errors import CodecError
from semcomm.frames import Symbols
from semcomm.framing import Framing, Size
from semcomm.modalities.given import given_images
from semcomm.modalities.rgb8 import Image, blank
from semcomm.stages import Arrived, Encoded, Received, Sent
from semcomm.systems.sizes import check_sizes
from semcomm.systems.system import System
from semcomm.terms import Terms
from semcomm.zoo.find import load_analogue

LARGEST = 1e6
"""Of a received real or imaginary part that networks are given; noise alone stays far below."""


@dataclass(frozen=True)
class AnalogueSystem(System):
    """A trained analogue codec, and how it is used."""

    signal: ClassVar[type[Symbols]] = Symbols

    model: Annotated[
        str,
        doc(
            "a shipped analogue codec's name, or the path of a `.safetensors` file that a training "
            "of an analogue codec wrote"
        ),
    ]
    device: Annotated[
        Device, doc("where the networks run; `auto` takes CUDA, else MPS, else the CPU")
    ] = "auto"
    dtype: Annotated[DType, doc("of the networks' arithmetic")] = "float32"
    esn0_db: Annotated[
        Literal["channel"] | Annotated[float, Ge(-30.0), Le(60.0), Unit("dB")],
        doc(
            "what both ends believe: `channel` is the channel's nominal Es/N0 at the transmitter "
            "and at the receiver the noise variances that the channel reports; a number, true or "
            "not, is believed in place of both. It matters to codecs that are told the Es/N0."
        ),
    ] = "channel"
    size: Annotated[
        Size,
        Unit("pixels"),
        doc("height and width of all images, on which both ends agree, as no symbol tells them"),
    ] = (32, 32)

    def load(self) -> AnalogueCodec:
        """The codec, to run on its device."""
        return load_analogue(self.model).on(self.device, self.dtype)

    def transmitter(self, terms: Terms, framing: Framing) -> "AnalogueTransmitter":
        return AnalogueTransmitter(self.load(), self.size, self._believed(terms))

    def receiver(
        self, terms: Terms, framing: Framing, damaged: DamagedPolicy
    ) -> "AnalogueReceiver":
        believed = None if self.esn0_db == "channel" else self.esn0_db
        return AnalogueReceiver(self.load(), self.size, believed)

    def mistakes(self) -> Mapping[str, Callable[[], object]]:
        return {
            "device": lambda: torch_device(self.device),
            "model": lambda: load_analogue(self.model),
        }

    def disagreements(self, terms: Terms, framing: Framing) -> Mapping[str, Callable[[], object]]:
        return {"codec.esn0_db": partial(self._believed, terms)}

    def encode_key(self, terms: Terms, framing: Framing) -> object:
        """Latents depend on what the transmitter believes of the Es/N0, and on no other term."""
        return replace(self, esn0_db=self._believed(terms))

    def fingerprint(self) -> str:
        return load_analogue(self.model).digest.hex()

    def _believed(self, terms: Terms) -> float:
        """The Es/N0 in dB that the transmitter's networks are told, within the codec's points.

        Raises CodecError where it is to be the channel's, and the channel has none.
        """
        points = load_analogue(self.model).points
        believed = terms.esn0_db if self.esn0_db == "channel" else self.esn0_db
        if len(points) > 1 and believed is None:
            raise CodecError(
                f"{self.model} takes the Es/N0, and the channel has no esn0_db: set codec.esn0_db "
                "to a number"
            )
        return float(np.clip(believed or 0.0, points[0], points[-1]))


class AnalogueTransmitter:
    """Encodes images and normalizes the power of each.

    size: height and width of all images.
    esn0_db: what the networks are told.
    """

    def __init__(self, codec: AnalogueCodec, size: tuple[int, int], esn0_db: float) -> None:
        self.codec, self.size, self.esn0_db = codec, size, esn0_db

    def transmit(self, images: Sequence[Any]) -> Sent[Symbols]:
        """Send images, each (H, W, 3) uint8 of the agreed size.

        Raises DataError for anything that is not such an image, CodecError for another size.
        """
        return self.packetize(self.encode(given_images(images)))

    def encode(self, images: Sequence[Image]) -> Encoded:
        """The `latents` of images."""
        check_sizes(images, self.size)
        return {"latents": self.codec.encode(images, self.esn0_db)}

    def packetize(self, encoded: Encoded) -> Sent[Symbols]:
        """One frame per image, of pairs of latents, each frame of mean energy 1."""
        frames = [normalized(latents) for latents in encoded["latents"]]
        return Sent(Symbols.join(frames), None, encoded)


class AnalogueReceiver:
    """Decodes whatever arrives.

    esn0_db: what it believes in place of the noise variances that it is given; None believes them.
    """

    def __init__(
        self, codec: AnalogueCodec, size: tuple[int, int], esn0_db: float | None = None
    ) -> None:
        self.codec, self.size, self.esn0_db = codec, size, esn0_db

    def receive(self, reception: SymbolReception) -> Received:
        """Images of the symbols that arrived, one per frame."""
        return self.reconstruct(self.depacketize(reception))

    def depacketize(self, reception: SymbolReception) -> Arrived:
        """The `latents` of each image as they arrived, and its `esn0_db`, which decoding is told.

        A frame of another number of symbols than images have is damaged, and its latents are 0.
        """
        variances = reception.noise_variances
        if self.esn0_db is not None:
            variances = np.full_like(variances, 10 ** (-self.esn0_db / 10))
        values, shape = reception.symbols.values, self.codec.latent_shape(self.size)
        gains = 1 / (1 + variances)
        if self.codec.knows_noise:
            values = values * gains
        frames, latents, esn0_db = reception.symbols, list[NDArray[np.float32]](), list[float]()
        damaged = 2 * frames.lengths != np.prod(shape)
        for start, length, is_damaged in zip(frames.starts, frames.lengths, damaged, strict=True):
            symbols = slice(start, start + length)
            latents.append(
                np.zeros(shape, np.float32) if is_damaged else to_latents(values[symbols], shape)
            )
            esn0_db.append(effective_esn0_db(gains[symbols]))
        return Arrived({"latents": latents, "esn0_db": np.array(esn0_db)}, damaged)

    def reconstruct(self, arrived: Arrived) -> Received:
        """The networks' images; grey where the frame was damaged."""
        sizes = [self.size] * arrived.damaged.size
        images = self.codec.decode(
            list(arrived.encoded["latents"]), np.asarray(arrived.encoded["esn0_db"]), sizes
        )
        whole = [
            blank(*self.size) if damaged else image
            for image, damaged in zip(images, arrived.damaged, strict=True)
        ]
        return Received(whole, arrived.damaged, None)


def normalized(latents: NDArray[np.float32]) -> NDArray[np.complex128]:
    """(h, w, 2 s) real latents as (k,) complex symbols of mean energy 1, k = h w s.

    z = sqrt(k) z / |z|: Bourtsoulatze, Kurka and Gunduz, Deep joint source-channel coding for
    wireless image transmission, section III. Latents that are all 0 stay so.
    """
    values = latents.astype(np.float64).reshape(-1).view(np.complex128)
    energy = np.mean(np.abs(values) ** 2)
    return values / np.sqrt(energy) if energy > 0 else values


def to_latents(symbols: NDArray[np.complex128], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Real and imaginary parts as (h, w, 2 s), which undoes the layout of `normalized`."""
    parts = np.ascontiguousarray(symbols).view(np.float64).clip(-LARGEST, LARGEST)
    return parts.astype(np.float32).reshape(shape)


def effective_esn0_db(gains: NDArray[np.float64]) -> float:
    """The Es/N0 in dB over AWGN at which the linear estimate has the same mean squared error.

    gains: those of the estimate, 1 / (1 + v) for noise of the variance v, so that the error is 1
        minus their mean.

    Example: equal variances v give -10 log10(v); an endless one among two of 0 gives 0 dB.
    """
    mean = float(np.clip(gains.mean(), 1e-9, 1 - 1e-9)) if gains.size else 0.5
    return 10 * float(np.log10(mean / (1 - mean)))
