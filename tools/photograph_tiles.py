"""Tiles of 32 x 32 pixels from photographs that are not CIFAR-10's: those that scikit-image and
scikit-learn ship.

    pip install scikit-image scikit-learn
    python tools/photograph_tiles.py FOLDER

Writes FOLDER/PHOTOGRAPH-ROW-COLUMN.png, as many as fit side by side, the photographs as large as
they are.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import PIL.Image

SIDE = 32
PHOTOGRAPHS = {
    "skimage": [
        f"data/{name}"
        for name in (
            "astronaut.png",
            "chelsea.png",
            "coffee.png",
            "motorcycle_left.png",
            "rocket.jpg",
        )
    ],
    "sklearn": [f"datasets/images/{name}" for name in ("china.jpg", "flower.jpg")],
}


def main(folder: Path) -> None:
    """Write the tiles."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, names in PHOTOGRAPHS.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            sys.exit(f"{package} is not installed: pip install scikit-image scikit-learn")
        for name in names:
            write_tiles(Path(spec.origin).parent / name, folder)


def write_tiles(photograph: Path, folder: Path) -> None:
    """Write the tiles of one photograph."""
    pixels = np.asarray(PIL.Image.open(photograph).convert("RGB"))
    height, width, _ = pixels.shape
    for row in range(height // SIDE):
        for column in range(width // SIDE):
            tile = pixels[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
            PIL.Image.fromarray(tile).save(folder / f"{photograph.stem}-{row:02}-{column:02}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
