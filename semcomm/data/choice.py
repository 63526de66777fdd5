"""Which data set a scenario names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Gt, Lt, doc

from semcomm.choices import Broken, CellModel, ModalityName
from semcomm.data.cifar10 import Cifar10, Split
from semcomm.data.csi_drops import CsiDrops
from semcomm.data.csi_file import CsiFile
from semcomm.data.data_set import Data
from semcomm.data.drops import Drops
from semcomm.data.folder import ImageFolder
from semcomm.data.sample import Sample
from semcomm.data.split import FolderPart
from semcomm.folders import PACKAGE
from semcomm.validation import Validated

CSI_SAMPLE = PACKAGE / "data" / "csi-sample.npz"
"""Made by tools/make_csi_sample.py."""


@dataclass(frozen=True)
class DataChoice(Validated):
    """Which images, or which channel matrices."""

    name: Annotated[
        Literal["sample", "cifar10"] | None,
        doc("`sample`, 256 images that ship with semcomm, or `cifar10`"),
    ] = None
    images: Annotated[
        Path | None, doc("a folder of images, or one image's file, in place of a name")
    ] = None
    broken: Annotated[
        Broken,
        doc(
            "what becomes of images in the folder that cannot be read: `error` lists them all, "
            "`skip` leaves them out and counts them"
        ),
    ] = "error"
    root: Annotated[
        Path | None,
        doc(
            "for `cifar10`, the folder that holds it, or where it is to be downloaded; for "
            "`umi` and `uma`, where drops are kept; by default SEMCOMM_DATA, else "
            "~/.cache/semcomm."
        ),
    ] = None
    split: Annotated[
        Split | None,
        doc(
            "which of its images. Of `cifar10`: `train`, the first 45,000 of its training images, "
            "`validation`, the last 5,000, on which choices are made, `train_and_validation`, or "
            "`test`; by default `test`, of a training `train`. Of a folder with `validation`: "
            "`train` or `validation`, the default; of a training `train`."
        ),
    ] = None
    validation: Annotated[
        Annotated[float, Gt(0.0), Lt(1.0)] | None,
        doc(
            "about the share of a folder's pictures that is held out of a training, at least one "
            "of them; which ones is decided by their names alone"
        ),
    ] = None

    csi: Annotated[
        Literal["sample", CellModel] | Path | None,
        doc(
            "channel matrices in place of images: `sample`, 256 that ship with semcomm; `umi` or "
            "`uma`, generated for a street canyon or a macrocell by 3GPP TR 38.901; or the path of "
            "a .npy, .npz or .mat file that holds some"
        ),
    ] = None
    drops: Annotated[Drops | None, doc("how channel matrices of `umi` and `uma` are generated")] = (
        None
    )

    def __post_init__(self) -> None:
        if [self.name, self.images, self.csi].count(None) != 2:
            raise ValueError(
                "it takes either a name, `sample` or `cifar10`, or images, a folder, or csi, "
                "channel matrices"
            )
        if self.name != "cifar10" and self._cell is None and self.root:
            raise ValueError("root is for the name `cifar10`, and for csi that is `umi` or `uma`")
        if self.drops and self._cell is None:
            raise ValueError("drops are for csi that is `umi` or `uma`")
        if self.validation and not self.images:
            raise ValueError("validation is for a folder of images; `cifar10` has it as a split")
        if self.split and self.name != "cifar10" and not self.validation:
            raise ValueError(
                "split is for the name `cifar10`, and for images with validation, the share that "
                "is held out"
            )
        if self.validation and self.split not in (None, "train", "validation"):
            raise ValueError(f"split is {self.split}; of images it is `train` or `validation`")
        if self.broken == "skip" and self.images is None:
            raise ValueError("broken is for images, a folder, alone")

    @property
    def modality(self) -> ModalityName:
        """What its samples are."""
        return "csi" if self.csi else "rgb8"

    @property
    def _cell(self) -> CellModel | None:
        """What drops are generated for; None for all else."""
        return self.csi if self.csi == "umi" or self.csi == "uma" else None

    def open(self) -> Data:
        """The data set. What is missing or damaged is a DataError of its first use."""
        if self._cell:
            return CsiDrops(self._cell, self.drops or Drops(), self.root)
        if self.csi:
            return CsiFile(CSI_SAMPLE if self.csi == "sample" else Path(self.csi))
        if self.images:
            folder = ImageFolder(self.images, self.broken)
            if not self.validation:
                return folder
            held_out = self.split != "train"
            return FolderPart(folder, self.validation, held_out)
        return Cifar10(self.root, self.split or "test") if self.name == "cifar10" else Sample()
