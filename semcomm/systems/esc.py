"""The ESC system: indices of several codebooks as symbols, whose bits flip as often as learned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import State, SymbolReception
from semcomm.choices import DamagedPolicy, Device, DType
from semcomm.codec.devices import torch_device
from semcomm.codec.esc.codec import EscCodec
from semcomm.errors import CodecError
from semcomm.frames import Symbols
from semcomm.framing import Framing, Size
from semcomm.link.class_symbols import to_indices, to_symbols
from semcomm.link.codebook_assignment import Assignment, Choice, frontier
from semcomm.link.codebook_plan import Plan
from semcomm.measures.totals import Columns, Totals
from semcomm.modalities.given import given_images
from semcomm.modalities.rgb8 import Image, blank
from semcomm.stages import Arrived, Encoded, Received, Sent
from semcomm.systems.flips import flip_columns, flip_summary
from semcomm.systems.sizes import check_sizes
from semcomm.systems.system import System
from semcomm.terms import Terms
from semcomm.zoo.find import load_esc

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class EscSystem(System):
    """A trained ESC codec, and how its indices become symbols."""

    signal: ClassVar[type[Symbols]] = Symbols
    takes_state: ClassVar[bool] = True

    model: Annotated[
        str, doc("the path of a `.safetensors` file that a training of an ESC codec wrote")
    ]
    channel_uses: Annotated[
        int,
        Ge(1),
        Le(65536),
        Unit("channel uses"),
        doc("of each image, over which its energy has the mean 1; symbols not needed are 0"),
    ]
    modulation: Annotated[
        Choice,
        doc(
            "of all bits; `one` takes the best for all (JCAP), `by_bit` the best for each place of "
            "each codebook's indices (JCAMP)"
        ),
    ] = "by_bit"
    left_over: Annotated[
        Literal["spread", "unsent"],
        doc(
            "energy that no bit needs: `spread` over all symbols in proportion, so that bits flip "
            "less often than learned, or `unsent`, so that they flip as often"
        ),
    ] = "spread"
    esn0_db: Annotated[
        Literal["channel"] | Annotated[float, Ge(-30.0), Le(60.0), Unit("dB")],
        doc(
            "what both ends believe: `channel` is that of each frame where both know its gain, "
            "else the channel's nominal Es/N0; a number, true or not, is believed in its place"
        ),
    ] = "channel"
    device: Annotated[
        Device, doc("where the networks run; `auto` takes CUDA, else MPS, else the CPU")
    ] = "auto"
    dtype: Annotated[DType, doc("of the networks' arithmetic")] = "float32"
    size: Annotated[
        Size,
        Unit("pixels"),
        doc("height and width of all images, on which both ends agree, as no symbol tells them"),
    ] = (32, 32)

    def load(self) -> EscCodec:
        """The codec, to run on its device."""
        return load_esc(self.model).on(self.device, self.dtype)

    def transmitter(self, terms: Terms, framing: Framing) -> "EscTransmitter":
        return EscTransmitter(self.load(), self.size, self.plan(), self._believed(terms))

    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> "EscReceiver":
        return EscReceiver(self.load(), self.size, self.plan(), self._believed(terms))

    def plan(self) -> Plan:
        """What both ends choose from. Raises LinkError where the bits take more channel uses."""
        codec = load_esc(self.model)
        made = _frontier(codec, self.size, self.channel_uses, self.modulation)
        return Plan(made, self.channel_uses, self.left_over == "spread")

    def mistakes(self) -> Mapping[str, Callable[[], object]]:
        return {
            "device": lambda: torch_device(self.device),
            "model": lambda: load_esc(self.model),
            "channel_uses": self.plan,
        }

    def disagreements(self, terms: Terms, framing: Framing) -> Mapping[str, Callable[[], object]]:
        return {"codec.esn0_db": partial(self._believed, terms)}

    def encode_key(self, terms: Terms, framing: Framing) -> object:
        """Latents depend on nothing of the channel."""
        return replace(
            self, channel_uses=1, modulation="by_bit", left_over="spread", esn0_db="channel"
        )

    def fingerprint(self) -> str:
        return load_esc(self.model).digest.hex()

    def columns(self, sent: Sent[Symbols], received: Received) -> Columns:
        """Bits sent and wrong, energy, and for the summary the same by codebook and place."""
        return flip_columns(sent, received, load_esc(self.model).crossovers)

    def summary(self, totals: Totals) -> dict[str, Any]:
        return flip_summary(totals, load_esc(self.model).crossovers)

    def _believed(self, terms: Terms) -> float | None:
        """The noise variance that both ends assume; None for that of each frame.

        Raises CodecError where it is to be the channel's, and the channel has none.
        """
        if self.esn0_db != "channel":
            return float(10 ** (-self.esn0_db / 10))
        if terms.frame_gain_known:
            return None
        if terms.esn0_db is None:
            raise CodecError("the channel has no esn0_db: set codec.esn0_db to a number")
        return float(10 ** (-terms.esn0_db / 10))


@lru_cache(maxsize=64)
def _frontier(
    codec: EscCodec, size: tuple[int, int], channel_uses: int, choice: Choice
) -> tuple[Assignment, ...]:
    sub_vectors = int(np.prod(codec.latent_shape(size)[:-1]))
    tables = codec.crossovers, codec.distortions
    return tuple(frontier(*tables, sub_vectors, channel_uses, choice))


class EscTransmitter:
    """Encodes images, and sends each with the codebooks, modulations and energies of the plan.

    size: height and width of all images.
    noise_variance: what both ends assume; None where each frame's gain is known.
    """

    def __init__(
        self, codec: EscCodec, size: tuple[int, int], plan: Plan, noise_variance: float | None
    ) -> None:
        self.codec, self.size, self.plan, self.noise_variance = codec, size, plan, noise_variance

    def transmit(self, images: Sequence[Any], state: State | None = None) -> Sent[Symbols]:
        """Send images, each (H, W, 3) uint8 of the agreed size.

        Raises DataError for anything that is not such an image, CodecError for another size.
        """
        return self.packetize(self.encode(given_images(images)), state)

    def encode(self, images: Sequence[Image]) -> Encoded:
        """The `latents` of images."""
        check_sizes(images, self.size)
        return {"latents": self.codec.encode(images)}

    def packetize(self, encoded: Encoded, state: State | None = None) -> Sent[Symbols]:
        """One frame per image.

        state: the frames' gains, one each, where both ends know them.
        """
        latents, uses = encoded["latents"], self.plan.channel_uses
        frames, shape = len(latents), self.codec.latent_shape(self.size)
        vectors = np.array(list(latents), np.float32).reshape(frames, -1, shape[-1])
        numbers, units = self.plan.chosen(self._noise_variances(frames, state))
        indices = np.zeros(vectors.shape[:2], np.int64)
        books, values = indices.copy(), np.zeros((frames, uses), np.complex128)
        for number in np.unique(numbers).tolist():
            one, ours = self.plan.assignments[number], numbers == number
            indices[ours] = self.codec.quantize(vectors[ours], one.books)
            books[ours] = one.books
            values[ours] = to_symbols(one, indices[ours], units[ours], uses)
        signal = Symbols(values.ravel(), np.full(frames, uses))
        return Sent(signal, None, {"indices": indices, "books": books})

    def _noise_variances(self, frames: int, state: State | None) -> Reals:
        if self.noise_variance is not None:
            return np.full(frames, self.noise_variance)
        if state is None:
            raise CodecError(
                "packetize takes the state that the channel draws, as each frame is sent by its "
                "gain: give it, or set codec.esn0_db to a number"
            )
        noise: Reals = state.noise_variance / np.abs(state.gains[:, 0]) ** 2
        return noise


class EscReceiver:
    """Decides bits and decodes whatever arrives; its arguments are those of `EscTransmitter`."""

    def __init__(
        self, codec: EscCodec, size: tuple[int, int], plan: Plan, noise_variance: float | None
    ) -> None:
        self.codec, self.size, self.plan, self.noise_variance = codec, size, plan, noise_variance

    def receive(self, reception: SymbolReception) -> Received:
        """Images of the symbols that arrived, one per frame."""
        return self.reconstruct(self.depacketize(reception))

    def depacketize(self, reception: SymbolReception) -> Arrived:
        """The `indices` and `books` of each image.

        A frame of another number of symbols than was agreed is damaged, and both are 0.
        """
        frames, uses = reception.symbols, self.plan.channel_uses
        damaged = frames.lengths != uses
        whole = np.flatnonzero(~damaged)
        places = frames.starts[whole, None] + np.arange(uses)
        values, noise = frames.values[places], reception.noise_variances[places[:, 0]]
        if self.noise_variance is not None:
            noise = np.full(whole.size, self.noise_variance)
        numbers, units = self.plan.chosen(noise)
        indices = np.zeros((damaged.size, self.plan.assignments[0].books.size), np.int64)
        books = indices.copy()
        for number in np.unique(numbers).tolist():
            one, ours = self.plan.assignments[number], numbers == number
            indices[whole[ours]] = to_indices(one, values[ours], units[ours])
            books[whole[ours]] = one.books
        return Arrived({"indices": indices, "books": books}, damaged)

    def reconstruct(self, arrived: Arrived) -> Received:
        """The networks' images; grey where the frame was damaged."""
        indices, books = (np.asarray(arrived.encoded[name]) for name in ("indices", "books"))
        count, shape = arrived.damaged.size, self.codec.latent_shape(self.size)
        vectors = self.codec.reconstruct(indices, books)
        images = self.codec.decode(list(vectors.reshape(count, *shape)), [self.size] * count)
        whole = [
            blank(*self.size) if damaged else image
            for image, damaged in zip(images, arrived.damaged, strict=True)
        ]
        return Received(whole, arrived.damaged, arrived.encoded)
