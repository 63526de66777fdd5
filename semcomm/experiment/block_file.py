"""A block's results as a file of numbers and text, which gives back exactly what was computed."""

import json
from pathlib import Path

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from semcomm.experiment.block import Block
from semcomm.experiment.first_images import FirstImages
from semcomm.files import write_atomically


def save_block(block: Block, path: Path) -> None:
    """Write a block's file, whole or not at all."""
    columns = {f"column {name}": block.records[name].to_numpy() for name in block.records if name != "image"}
    names = json.dumps({"columns": list(block.records), "image": list(block.records.image)})
    others = {"index counts": block.index_counts} | (block.first.to_arrays() if block.first else {})
    write_atomically(path, save(columns | others, {"names": names}), durable=False)


def is_whole(path: Path) -> bool:
    """Whether a file is there and as long as it says; one that is damaged is removed."""
    try:
        with safe_open(path, framework="np"):
            return True
    except (FileNotFoundError, SafetensorError):
        path.unlink(missing_ok=True)
        return False


def load_block(path: Path) -> Block | None:
    """The block in a file; None where there is none, or it is damaged and has to be computed again."""
    if not is_whole(path):
        return None
    with safe_open(path, framework="np") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    names = json.loads(metadata["names"])
    columns = {name: names["image"] if name == "image" else tensors[f"column {name}"] for name in names["columns"]}
    return Block(pd.DataFrame(columns), tensors["index counts"], FirstImages.from_arrays(tensors))
