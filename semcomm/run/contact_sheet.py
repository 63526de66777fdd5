"""Sent and received images side by side, for people."""

from collections.abc import Sequence

import numpy as np

from semcomm.modalities.rgb8 import Image

GAP, PAPER = 4, 255
SMALL, TIMES = 128, 4


def contact_sheet(pairs: Sequence[tuple[Image, Image]]) -> Image:
    """Each pair in a column, the sent image above the received one, small images enlarged four
    times.

    pairs: images (H, W, 3) of any sizes, at least one pair.
    Returns (height, width, 3), with white between the images.
    """
    rows = [[_enlarged(image) for image in row] for row in zip(*pairs, strict=True)]
    widths = [max(image.shape[1] for image in column) for column in zip(*rows, strict=True)]
    return np.concatenate([_row(row, widths) for row in rows])


def _row(images: Sequence[Image], widths: Sequence[int]) -> Image:
    height = max(image.shape[0] for image in images)
    cells = [_on_paper(image, height, width) for image, width in zip(images, widths, strict=True)]
    return np.concatenate(cells, axis=1)


def _on_paper(image: Image, height: int, width: int) -> Image:
    paper = np.full((height + GAP, width + GAP, 3), PAPER, np.uint8)
    paper[: image.shape[0], : image.shape[1]] = image
    return paper


def _enlarged(image: Image) -> Image:
    times = TIMES if max(image.shape) <= SMALL else 1
    return image.repeat(times, axis=0).repeat(times, axis=1)
