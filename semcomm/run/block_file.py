"""A block's results as a file of numbers and text, which gives back exactly what was computed."""

import json
from pathlib import Path

from semcomm.run.block import Block
from semcomm.run.checked_files import DamagedFileError, load_arrays, save_arrays
from semcomm.run.report_samples import FirstSamples


def save_block(block: Block, path: Path, source: str = "") -> None:
    """Write a block's file, which carries a digest of its content.

    It does not wait for the disk: a file that a loss of power cut off or emptied fails its digest,
    and `load_block` has it computed again.

    source: which block of which cell this is.
    """
    text = {name: values for name, values in block.columns.items() if isinstance(values, list)}
    columns = {
        f"column {name}": values for name, values in block.columns.items() if name not in text
    }
    tallies = {f"tally {name}": counts for name, counts in block.tallies.items()}
    names = json.dumps({"columns": list(block.columns), "text": text})
    first = block.first.to_arrays() if block.first else {}
    texts = {"names": names, "source": source}
    save_arrays(path, texts, columns | tallies | first, durable=False)


def load_block(path: Path, source: str = "") -> Block | None:
    """The block in a file; None where there is none, or it is damaged or another block, and is
    to be made again. Such a file is removed.
    """
    try:
        texts, tensors = load_arrays(path)
        if texts.get("source") != source:
            raise DamagedFileError("it is another block")
    except FileNotFoundError:
        return None
    except DamagedFileError:
        path.unlink()
        return None
    names = json.loads(texts["names"])
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
