"""Which system a scenario sends its images with: a learned codec, or an image format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, Device, DType, EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import CodeTable
from semcomm.codec.entropy_coding.prefix_code import PrefixCode
from semcomm.frames import Reception
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import Image
from semcomm.receiver import Read, Received, Receiver
from semcomm.systems.image_files import ImageCodec, ImageReceiver, ImageTransmitter
from semcomm.transmission import Preamble
from semcomm.transmitter import Sent, Transmitter
from semcomm.zoo.find import load_codec


@dataclass(frozen=True)
class CodecChoice:
    """A learned encoder and decoder with a quantizer, and how they are used."""

    model: Annotated[
        str,
        doc(
            "a shipped one's name (`semcomm list`), or the path of a `.safetensors` file "
            "that a training wrote; @LEVEL behind it names a level, where the file has "
            "several."
        ),
    ]
    entropy_coder: Annotated[
        EntropyCoding,
        doc(
            "how indices become bits; `context` takes a codec with a model that `semcomm "
            "context` trains"
        ),
    ] = "huffman"
    device: Annotated[
        Device, doc("where the networks run; `auto` takes CUDA, else MPS, else the CPU")
    ] = "auto"
    dtype: Annotated[
        DType,
        doc("of the networks' arithmetic; it changes indices, so it is part of the experiment"),
    ] = "float32"
    budget_bits: Annotated[
        Annotated[int, Ge(1), Unit("bits")] | None,
        doc(
            "the most that a frame may have; images that take more are quantized more "
            "coarsely, one by one"
        ),
    ] = None
    refinement_steps: Annotated[
        int,
        Ge(0),
        Le(10_000),
        Unit("steps"),
        doc(
            "of descent from the encoder's latents to ones whose picture is nearer the "
            "image, bits considered; each takes the decoder forwards and back"
        ),
    ] = 0

    @property
    def source(self) -> "CodecChoice":
        """The choice without what the indices of an image do not depend on."""
        return self if self.budget_bits else replace(self, entropy_coder="huffman")

    def load(self) -> Codec:
        """The codec, to run on its device."""
        return load_codec(self.model).on(self.device, self.dtype)


@dataclass(frozen=True)
class ReceiverChoice:
    """What the receiver decides by itself, as `Receiver` has it.

    the damage.
    """

    damaged: Annotated[
        DamagedPolicy,
        doc(
            "what becomes of damaged frames: `keep` what decodes of them, `drop` all, or `conceal`"
        ),
    ] = "conceal"


class Sends(Protocol):
    """What every transmitter does."""

    def describe(self, images: Sequence[Image]) -> list[NDArray[Any]]: ...

    def send(self, descriptions: list[NDArray[Any]], sizes: Sequence[tuple[int, int]]) -> Sent: ...


class Receives(Protocol):
    """What every receiver does."""

    def read(self, reception: Reception) -> Read: ...

    def picture(self, read: Read) -> Received: ...


@dataclass(frozen=True)
class System:
    """Both ends, and what tables say of them.

    columns: codec, quantizer and entropy_coder, None where there is none.
    details: further columns, by key path where they are settings.
    code: how indices become bits, where each has a codeword.
    """

    transmitter: Sends
    receiver: Receives
    columns: Mapping[str, str | None]
    details: Mapping[str, Any]
    code: CodeTable | None = None


def system_of(
    choice: CodecChoice | ImageCodec, framing: Framing, receiver: ReceiverChoice | None = None
) -> System:
    """Both ends of the system that a scenario's sections `codec`, `framing` and `receiver`
    describe.
    """
    damaged = (receiver or ReceiverChoice()).damaged
    names: dict[str, str | None]
    if isinstance(choice, ImageCodec):
        details = {
            f"codec.{name}": getattr(choice, name) for name in ("quality", "container", "effort")
        }
        names = {"codec": choice.model, "quantizer": None, "entropy_coder": None}
        return System(
            ImageTransmitter(choice, framing),
            ImageReceiver(choice, framing, damaged),
            names,
            details,
        )
    codec, coder = choice.load(), choice.entropy_coder
    names = {"codec": codec.name, "quantizer": codec.quantizer, "entropy_coder": coder}
    told = {f"codec.{name}": getattr(choice, name) for name in ("budget_bits", "refinement_steps")}
    preamble_bits = 8 * len(Preamble.of(codec, coder, framing).to_bytes())
    details = {key: value for key, value in told.items() if value} | {
        "preamble_bits": preamble_bits
    }
    transmitter = Transmitter(codec, coder, framing, choice.budget_bits, choice.refinement_steps)
    prefix_code = (
        transmitter.entropy_coder if isinstance(transmitter.entropy_coder, PrefixCode) else None
    )
    code = CodeTable(prefix_code.code_lengths, codec.probabilities) if prefix_code else None
    return System(transmitter, Receiver(codec, coder, framing, damaged), names, details, code)
