"""What `semcomm codec show` prints and writes of a codec."""

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from semcomm.codec.analogue.codec import AnalogueCodec
from semcomm.codec.classifier.classifier import Classifier
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import canonical_codes
from semcomm.codec.esc.codec import EscCodec
from semcomm.errors import CodecError
from semcomm.files import write_atomically

MAX_ENTRIES, MAX_NAME, MAX_TEXT = 100, 60, 1000
"""Of an origin that is shown, as anyone may have written it: entries, and characters of each."""


AnyCodec = Codec | AnalogueCodec | EscCodec | Classifier


def codec_record(codec: AnyCodec) -> dict[str, Any]:
    """Name, quantizer, geometry, number of network parameters, SHA-256 and origin of a codec; of an
    analogue one, its network and what it is told of the channel; of an ESC codec, its geometry and
    what each codebook is for; of a classifier, its network and its classes.

    Of a long origin only the beginning.
    """
    kind = "classifier" if isinstance(codec, Classifier) else "codec"
    about: dict[str, Any] = {kind: codec.name}
    if isinstance(codec, Classifier):
        widths = ", ".join(map(str, codec.network.widths))
        about |= {"widths": widths, "classes": shortened(", ".join(codec.classes), MAX_TEXT)}
    elif isinstance(codec, AnalogueCodec):
        points = ", ".join(f"{point:g}" for point in codec.points)
        about |= {"network": codec.network.model, **asdict(codec.network)}
        about |= {"esn0_db": points, "knows_noise": codec.knows_noise}
        del about["model"]
    elif isinstance(codec, EscCodec):
        about |= asdict(codec.geometry)
        for book, (crossovers, error) in enumerate(
            zip(codec.crossovers, codec.distortions, strict=True)
        ):
            about[f"crossovers_{book}"] = " ".join(f"{each:.3g}" for each in crossovers)
            about[f"mean_square_error_{book}"] = float(error)
    else:
        modality = {"modality": codec.modality} if codec.modality != "rgb8" else {}
        about |= {"quantizer": codec.quantizer, **modality, **asdict(codec.geometry)}
    networks = ("encoder.", "decoder.", "whitening.", "stages.", "head.")
    parameters = sum(
        tensor.size for name, tensor in codec.tensors.items() if name.startswith(networks)
    )
    about |= {"network_parameters": parameters, "sha256": codec.digest.hex()}
    origin = {
        shortened(name, MAX_NAME): _shown(value)
        for name, value in islice(codec.origin.items(), MAX_ENTRIES)
        if name not in about
    }
    if len(codec.origin) > MAX_ENTRIES:
        origin["..."] = f"{len(codec.origin) - MAX_ENTRIES} more entries"
    return about | origin


def shortened(text: str, length: int) -> str:
    """The text, or its beginning and how many characters it has."""
    return text if len(text) <= length else f"{text[:length]}... ({len(text)} characters)"


def _shown(value: Any) -> Any:
    """A number as it is; anything else as text that is not too long."""
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 1 << 64):
        return value
    return shortened(str(value), MAX_TEXT)


def write_code_table(codec: AnyCodec, path: Path) -> None:
    """Write the Huffman code as CSV: symbol, probability, length, and the codeword's bits.

    Raises CodecError for codecs of symbols and a classifier, which have none.
    """
    if isinstance(codec, AnalogueCodec | EscCodec):
        kind = "analogue" if isinstance(codec, AnalogueCodec) else "an ESC codec"
        raise CodecError(f"codec {codec.name} is {kind}, which has no code table: omit --table")
    if isinstance(codec, Classifier):
        raise CodecError(f"{codec.name} is a classifier, which has no code table: omit --table")
    lengths = codec.code_lengths
    codes = zip(canonical_codes(lengths), lengths, strict=True)
    columns = {
        "symbol": range(lengths.size),
        "probability": codec.probabilities,
        "length": lengths,
        "codeword": [f"{code:0{length}b}" if length else "" for code, length in codes],
    }
    write_atomically(path, pd.DataFrame(columns).to_csv(index=False).encode())
