"""What a codec is, for people: `semcomm codec show`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import canonical_codes
from semcomm.files import write_atomically


def codec_record(codec: Codec) -> dict[str, Any]:
    """What a person wants to know of a codec, by name."""
    about = {"codec": codec.name, "quantizer": codec.quantizer, **asdict(codec.geometry)}
    parameters = sum(tensor.size for name, tensor in codec.tensors.items() if "coder." in name)
    return about | {"network_parameters": parameters, "sha256": codec.digest.hex(), **codec.origin}


def write_code_table(codec: Codec, path: Path) -> None:
    """Write the Huffman code: symbol, probability, length, and codeword as zeros and ones."""
    lengths = codec.code_lengths
    words = [
        f"{code:0{length}b}" if length else ""
        for code, length in zip(canonical_codes(lengths), lengths, strict=True)
    ]
    columns = {
        "symbol": range(lengths.size),
        "probability": codec.probabilities,
        "length": lengths,
        "codeword": words,
    }
    write_atomically(path, _csv(pd.DataFrame(columns)))


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()
