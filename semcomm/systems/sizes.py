"""The size on which both ends agree where nothing that is sent tells it."""

from collections.abc import Sequence

from semcomm.errors import CodecError
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image


def check_sizes(images: Sequence[Image], size: tuple[int, int]) -> None:
    """Raises CodecError for an image of another height and width."""
    for number, image in enumerate(images):
        if size_of(image) != size:
            height, width = size_of(image)
            raise CodecError(
                f"image {number} has {height} x {width} pixels; the agreed size is "
                f"{size[0]} x {size[1]}: set codec.size, and send images of one size"
            )
