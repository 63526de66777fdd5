"""Make the package's sample, one sheet of 16 x 16 tiles, from a data root that holds CIFAR-10.

    python tools/make_sample.py DATA_ROOT

WebP without loss takes 420 kB where PNG takes 553 kB.
"""

import sys
from pathlib import Path

import PIL.Image

from semcomm.data.cifar10 import Cifar10

SAMPLE = Path(__file__).parent.parent / "semcomm" / "data" / "sample.webp"


def main(root: Path) -> None:
    tiles = Cifar10(root).array()[:256].reshape(16, 16, 32, 32, 3)
    sheet = tiles.swapaxes(1, 2).reshape(512, 512, 3)
    SAMPLE.parent.mkdir(exist_ok=True)
    PIL.Image.fromarray(sheet).save(SAMPLE, lossless=True, quality=100, method=6, exact=True)
    print(f"{SAMPLE}: {SAMPLE.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
