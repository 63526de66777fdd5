"""Results as files."""

from collections.abc import Sequence
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


def write_summaries(results: Sequence[Results], folder: Path) -> Path:
    """Write results.csv, a row a scenario; returns its path."""
    path = folder / "results.csv"
    write_atomically(path, _csv(pd.DataFrame([result.summary for result in results], dtype=object)))
    return path


def write_images(results: Sequence[Results], folder: Path) -> tuple[Path, Path]:
    """Write per_image.csv, a row an image, and pictures.png, those of the last scenario; returns their paths.

    Where there is more than one scenario, the column `cell` says which row of results.csv, from 0, is meant.
    """
    numbered = [result.per_image.assign(cell=number) for number, result in enumerate(results)]
    table, pictures = folder / "per_image.csv", folder / "pictures.png"
    write_atomically(table, _csv(pd.concat(numbered) if len(results) > 1 else results[0].per_image))
    first = results[-1].first
    with atomic_writer(pictures) as file:
        PIL.Image.fromarray(contact_sheet(list(zip(first.sent, first.received, strict=True)))).save(file, format="PNG")
    return table, pictures


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
    write_atomically(path, _csv(pd.DataFrame(columns)))


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()
