"""Mosaics of the test images of CIFAR-10, to code many small pictures in one file:

    python tools/mosaics.py DATA 8 16 FOLDER

writes the first 16 mosaics of 8 x 8 images of 32 x 32 pixels each: FOLDER/0000.png and so on.
"""

import sys
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from semcomm.data.cifar10 import Cifar10


def mosaic(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """(side^2, H, W, 3) images, row by row, as one of (side H, side W, 3)."""
    _, height, width, _ = images.shape
    rows = images.reshape(side, side, height, width, 3).swapaxes(1, 2)
    return rows.reshape(side * height, side * width, 3)


def main(root: Path, side: int, count: int, folder: Path) -> None:
    """Write the mosaics."""
    folder.mkdir(parents=True, exist_ok=True)
    data = Cifar10(root=root, split="test")
    for number in range(count):
        images = np.asarray(data.load(number * side**2, (number + 1) * side**2))
        PIL.Image.fromarray(mosaic(images, side)).save(folder / f"{number:04}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
