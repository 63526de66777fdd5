"""What `semcomm codec show` prints and writes of a codec."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import canonical_codes
from semcomm.files import write_atomically


def codec_record(codec: Codec) -> dict[str, Any]:
    """Name, quantizer, geometry, number of network parameters, SHA-256 and origin of a codec."""
    about = {"codec": codec.name, "quantizer": codec.quantizer, **asdict(codec.geometry)}
    parameters = sum(tensor.size for name, tensor in codec.tensors.items() if "coder." in name)
    return about | {"network_parameters": parameters, "sha256": codec.digest.hex(), **codec.origin}


def write_code_table(codec: Codec, path: Path) -> None:
    """Write the Huffman code as CSV: symbol, probability, length, and the codeword's bits."""
    lengths = codec.code_lengths
    codes = zip(canonical_codes(lengths), lengths, strict=True)
    columns = {
        "symbol": range(lengths.size),
        "probability": codec.probabilities,
        "length": lengths,
        "codeword": [f"{code:0{length}b}" if length else "" for code, length in codes],
    }
    write_atomically(path, pd.DataFrame(columns).to_csv(index=False).encode())
