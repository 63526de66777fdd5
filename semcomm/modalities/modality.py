"""What a sample is: the modalities by name, and what each says of its samples."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from semcomm.choices import ModalityName
from semcomm.modalities import csi, given, image_file, rgb8
from semcomm.modalities.patches import PATCH

if TYPE_CHECKING:
    from torch import Tensor

Sample = NDArray[Any]
"""(H, W, C), of a modality's dtype and number of channels."""


@dataclass(frozen=True)
class Modality:
    """A kind of samples (H, W, C), all of which are cut into patches alike (patches.py).

    noun: what messages call a sample; nouns: several.
    dtype, channels: of a sample.
    measures: what a scenario measures that names no measures.
    given: the samples that a person gives in Python; raises DataError for what is none.
    blank: of a height and a width, what stands for a sample that is lost.
    quality_db: of a mean squared error per sample as networks see it, and of the number of patches,
        what a training shows.
    to_network: from patches (B, h, w, 16 C) on a device to what networks take, (B, 16 C, h, w).
    from_network: from what networks give to samples (B, 4 h, 4 w, C), back on the CPU.
    picture: of a sample, for reports, (H, W, 3) uint8.
    extension, file_content: of the file that a received sample is written to.
    """

    noun: str
    nouns: str
    dtype: str
    channels: int
    measures: tuple[str, ...]
    given: Callable[[Any], list[Sample]]
    blank: Callable[[int, int], Sample]
    quality_db: Callable[[float, int], float]
    to_network: "Callable[[Tensor], Tensor]"
    from_network: "Callable[[Tensor], NDArray[Any]]"
    picture: Callable[[Sample], rgb8.Image]
    extension: str
    file_content: Callable[[Sample], bytes]

    @property
    def patch_values(self) -> int:
        """16 C, the values of a patch."""
        return PATCH * PATCH * self.channels


MODALITIES: dict[ModalityName, Modality] = {
    "rgb8": Modality(
        noun="an image",
        nouns="images",
        dtype="uint8",
        channels=3,
        measures=("mse", "psnr_db", "ssim"),
        given=given.given_images,
        blank=rgb8.blank,
        quality_db=rgb8.psnr_db,
        to_network=rgb8.to_network,
        from_network=rgb8.from_network,
        picture=lambda image: image,
        extension=".png",
        file_content=image_file.png_content,
    ),
    "csi": Modality(
        noun="a channel matrix",
        nouns="channel matrices",
        dtype="float32",
        channels=2,
        measures=("nmse", "cosine"),
        given=csi.given_matrices,
        blank=csi.blank,
        quality_db=csi.nmse_db,
        to_network=csi.to_network,
        from_network=csi.from_network,
        picture=csi.magnitudes,
        extension=".npy",
        file_content=csi.npy_content,
    ),
}


def modality_of(sample: Sample) -> Modality:
    """That of a sample, by its dtype and its channels, which no two modalities share."""
    given = sample.dtype.name, sample.shape[2]
    return next(
        modality for modality in MODALITIES.values() if (modality.dtype, modality.channels) == given
    )
