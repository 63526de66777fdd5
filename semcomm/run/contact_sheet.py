"""Sent and received images side by side, for people."""

from collections.abc import Sequence

import numpy as np

from semcomm.modalities.rgb8 import Image

GAP, WHITE = 4, 255
SMALL_SIDE, ENLARGEMENT = 128, 4


def contact_sheet(pairs: Sequence[tuple[Image, Image]]) -> Image:
    """Each pair in a column, the sent image above the received one, on white.

    Images of up to 128 pixels a side are enlarged four times. Columns are as wide as their widest
    image, rows as high as their highest.

    pairs: images (H, W, 3) of any sizes, at least one pair.
    Returns (height, width, 3), with four white pixels right of and below each image.
    """
    rows = [[_enlarge(image) for image in row] for row in zip(*pairs, strict=True)]
    heights = [GAP + max(image.shape[0] for image in row) for row in rows]
    widths = [GAP + max(image.shape[1] for image in column) for column in zip(*rows, strict=True)]
    sheet = np.full((sum(heights), sum(widths), 3), WHITE, np.uint8)
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            top, left = sum(heights[:row]), sum(widths[:column])
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
    return sheet


def _enlarge(image: Image) -> Image:
    factor = ENLARGEMENT if max(image.shape) <= SMALL_SIDE else 1
    return image.repeat(factor, axis=0).repeat(factor, axis=1)
