"""A block's results as a file of numbers and text, which gives back exactly what was computed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from semcomm.files import write_atomically
from semcomm.run.block import Block
from semcomm.run.report_samples import FirstSamples


def save_block(block: Block, path: Path) -> None:
    """Write a block's file, whole or not at all."""
    text = {name: values for name, values in block.columns.items() if isinstance(values, list)}
    columns = {
        f"column {name}": np.ascontiguousarray(values)
        for name, values in block.columns.items()
        if name not in text
    }
    tallies = {f"tally {name}": counts for name, counts in block.tallies.items()}
    names = json.dumps({"columns": list(block.columns), "text": text})
    first = block.first.to_arrays() if block.first else {}
    content = save(columns | tallies | first, {"names": names})
    write_atomically(path, content, durable=False)


def is_whole(path: Path) -> bool:
    """Whether a file is there and as long as its header says; one that is damaged is removed."""
    with _opened(path) as file:
        return file is not None


def load_block(path: Path) -> Block | None:
    """The block in a file; None where there is none, or it is damaged and is to be made again."""
    with _opened(path) as file:
        if file is None:
            return None
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    names = json.loads(metadata["names"])
    columns = {
        name: names["text"][name] if name in names["text"] else tensors[f"column {name}"]
        for name in names["columns"]
    }
    tallies = {
        name.removeprefix("tally "): counts
        for name, counts in tensors.items()
        if name.startswith("tally ")
    }
    return Block(columns, tallies, FirstSamples.from_arrays(tensors))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file; None where there is none, or it is cut off, and then it is removed."""
    try:
        file = safe_open(path, framework="np")
    except (FileNotFoundError, SafetensorError):
        path.unlink(missing_ok=True)
        yield None
        return
    with file as opened:
        yield opened
