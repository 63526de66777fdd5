"""Results as files."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import PIL.Image

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import canonical_codes
from semcomm.experiment.simulation import Results
from semcomm.files import atomic_writer, write_atomically
from semcomm.report.pictures import contact_sheet


def write_results(results: Results, folder: Path) -> list[Path]:
    """Write results.csv, a row a scenario, per_image.csv, a row an image, and pictures.png; returns their paths."""
    tables = {"results.csv": pd.DataFrame([results.summary]), "per_image.csv": results.per_image}
    for name, table in tables.items():
        write_atomically(folder / name, table.to_csv(index=False).encode())
    with atomic_writer(folder / "pictures.png") as file:
        PIL.Image.fromarray(contact_sheet(results.pictures)).save(file, format="PNG")
    return [folder / name for name in (*tables, "pictures.png")]


def codec_record(codec: Codec) -> dict[str, Any]:
    """What a person wants to know of a codec, by name."""
    about = {"codec": codec.name, "quantizer": codec.quantizer, **asdict(codec.geometry)}
    parameters = sum(tensor.size for name, tensor in codec.tensors.items() if "coder." in name)
    return about | {"network_parameters": parameters, "sha256": codec.digest.hex(), **codec.origin}


def write_code_table(codec: Codec, path: Path) -> None:
    """Write the Huffman code: symbol, probability, length, and codeword as zeros and ones."""
    lengths = codec.code_lengths
    words = [
        f"{code:0{length}b}" if length else "" for code, length in zip(canonical_codes(lengths), lengths, strict=True)
    ]
    columns = {
        "symbol": range(lengths.size),
        "probability": codec.probabilities,
        "length": lengths,
        "codeword": words,
    }
    write_atomically(path, pd.DataFrame(columns).to_csv(index=False).encode())
