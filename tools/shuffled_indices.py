"""A codec with its indices in no order, to see what their assignment is worth.

python tools/shuffled_indices.py NAME FOLDER

NAME is a shipped codec or a file. Writes FOLDER/NAME-shuffled.safetensors, which makes the same of
images, with codewords in an order drawn with seed 0.
"""

import sys
from pathlib import Path

import numpy as np

from semcomm.codec.codec_file import About, codec_from, save_codec
from semcomm.codec.training.index_assignment import reordered
from semcomm.zoo.find import load_codec


def main(name: str, folder: Path) -> None:
    """Write the shuffled codec."""
    codec = load_codec(name)
    order = np.random.default_rng(0).permutation(codec.geometry.codewords)
    about = About(codec.geometry, codec.quantizer, dict(codec.origin))
    shuffled = codec_from(f"{codec.name}-shuffled", about, reordered(codec, order))
    folder.mkdir(parents=True, exist_ok=True)
    save_codec(shuffled, folder / f"{shuffled.name}.safetensors")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
