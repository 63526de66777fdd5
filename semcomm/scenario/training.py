"""What `semcomm train` is asked for: a codec to be made, in a YAML file."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from annotated_types import Ge, Unit, doc

from semcomm.choices import ModalityName
from semcomm.codec.analogue.networks import NETWORKS, Network, PatchNetwork
from semcomm.codec.classifier.networks import ClassifierNetwork
from semcomm.codec.codec_file import read_levels
from semcomm.codec.networks import Geometry
from semcomm.codec.training.analogue import AnalogueTrainer
from semcomm.codec.training.channels import CHANNELS, TrainingChannel
from semcomm.codec.training.classifier import ClassifierRecipe, ClassifierTrainer
from semcomm.codec.training.epochs import EpochTrainer
from semcomm.codec.training.esc import EscTrainer
from semcomm.codec.training.esc_recipe import EscRecipe
from semcomm.codec.training.images import TrainingImages, WholeImages
from semcomm.codec.training.necst import BitNetwork, NecstRecipe, NecstTrainer
from semcomm.codec.training.recipe import Recipe
from semcomm.codec.training.schedule import Schedule
from semcomm.codec.training.start import Start
from semcomm.codec.training.trainer import Trainer
from semcomm.data.choice import DataChoice
from semcomm.errors import CodecError, DataError, SettingError
from semcomm.modalities.modality import MODALITIES
from semcomm.modalities.rgb8 import Image
from semcomm.scenario.checking import Kind, build
from semcomm.scenario.completion import complete, scenario_path
from semcomm.scenario.document import Document
from semcomm.scenario.scenario import Seed
from semcomm.scenario.section_checks import check_data
from semcomm.validation import Validated, as_yaml
from semcomm.zoo.find import codec_path, load_codecs

Found = TypeVar("Found")


@dataclass(frozen=True)
class CodecTraining(Validated, ABC):
    """What every training has: it depends on nothing else, on one machine with one set of
    packages.
    """

    name: Annotated[str, doc("of the codec, by default its file's name")]
    data: Annotated[DataChoice, doc("the images, or the channel matrices")] = field(
        default_factory=lambda: DataChoice("cifar10", split="train")
    )
    images: Annotated[
        Annotated[int, Ge(1), Unit("images")] | None,
        doc("how many it is trained on, the first ones; by default all"),
    ] = None
    seed: Annotated[Seed, doc("of all randomness")] = 0
    training: Annotated[Schedule, doc("how it is trained")] = field(default_factory=Schedule)

    modality: ClassVar[ModalityName | None] = "rgb8"
    """What it is trained on; None where that may be anything."""

    def __post_init__(self) -> None:
        there = self.data.modality
        if self.modality not in (None, there) or (self.training.crop and there != "rgb8"):
            what = "system" if self.modality else "training.crop"
            raise ValueError(
                f"data are {MODALITIES[there].nouns}; this {what} takes {MODALITIES['rgb8'].nouns}"
            )
        if self.data.validation and self.data.split != "train":
            raise ValueError(
                f"data.split is {as_yaml(self.data.split)}; a training with data.validation takes "
                "`train`"
            )

    @abstractmethod
    def trainer(self, images: TrainingImages, held_out: Sequence[Image] = ()) -> EpochTrainer[Any]:
        """What trains it on these images, and measures it on those that are held out."""


@dataclass(frozen=True)
class TrainingScenario(CodecTraining):
    """A codec of bits to be made."""

    modality: ClassVar[ModalityName | None] = None

    system: Annotated[
        Literal["digital"], doc("what the codec is for: `digital` sends bits, `analogue` symbols")
    ] = "digital"
    geometry: Annotated[Geometry, doc("the shapes of its tensors")] = field(
        default_factory=Geometry
    )
    training: Annotated[Recipe, doc("how it is trained")] = field(default_factory=Recipe)

    def __post_init__(self) -> None:
        super().__post_init__()
        most = max(self.training.level_groups or (1,))
        if most > self.geometry.groups:
            raise ValueError(
                f"training.level_groups has {most}; geometry.groups is {self.geometry.groups}, the "
                "most that a level can use"
            )
        codewords = self.geometry.codewords
        if self.training.channel and codewords & (codewords - 1):
            raise ValueError(
                f"geometry.codewords is {codewords}; with training.channel it takes a power of two"
            )

    def trainer(self, images: TrainingImages, held_out: Sequence[Image] = ()) -> Trainer:
        start = load_start(self.training.start) if self.training.start else None
        return Trainer(self.geometry, self.training, images, self.seed, held_out, start)


@dataclass(frozen=True)
class AnalogueTraining(CodecTraining):
    """An analogue codec to be made, whose symbols go straight over a channel."""

    system: Annotated[
        Literal["analogue"], doc("what the codec is for: `analogue` sends symbols, `digital` bits")
    ] = "analogue"
    network: Annotated[Network, doc("its encoder and decoder")] = field(
        default_factory=PatchNetwork
    )
    channel: Annotated[TrainingChannel, doc("what it is trained for")] = field(kw_only=True)

    def trainer(self, images: TrainingImages, held_out: Sequence[Image] = ()) -> AnalogueTrainer:
        parts = self.network, self.channel, self.training
        return AnalogueTrainer(*parts, images, self.seed, held_out)


@dataclass(frozen=True)
class NecstTraining(CodecTraining):
    """A codec of bits to be made, which are learned together with the flips of a channel."""

    system: Annotated[
        Literal["necst"],
        doc("what is trained: `necst` learns the bits themselves, a channel's flips included"),
    ] = "necst"
    network: Annotated[BitNetwork, doc("its encoder and decoder")] = field(
        default_factory=BitNetwork
    )
    training: Annotated[NecstRecipe, doc("how it is trained")] = field(kw_only=True)

    def trainer(self, images: TrainingImages, held_out: Sequence[Image] = ()) -> NecstTrainer:
        return NecstTrainer(self.network, self.training, images, self.seed, held_out)


def load_start(name: str) -> Start:
    """The codec of this name or path, or all levels of its file with the kernels that they share.

    Raises CodecError when there is no such codec or it is damaged.
    """
    codecs = load_codecs(name)
    if len(codecs) == 1:
        return Start(codecs[0].name, codecs, codecs[0].tensors, codecs[0].geometry)
    path = codec_path(name)
    about, tensors, _ = read_levels(path)
    return Start(path.stem, codecs, tensors, about.geometry)


@dataclass(frozen=True)
class ClassifierTraining(CodecTraining):
    """A classifier to be made, by which the measure `accuracy` judges images."""

    system: Annotated[
        Literal["classifier"], doc("what is trained: `classifier` names the classes of images")
    ] = "classifier"
    network: Annotated[ClassifierNetwork, doc("its layers")] = field(
        default_factory=ClassifierNetwork
    )
    training: Annotated[ClassifierRecipe, doc("how it is trained")] = field(
        default_factory=ClassifierRecipe
    )

    def trainer(self, images: TrainingImages, held_out: Sequence[Image] = ()) -> ClassifierTrainer:
        if not isinstance(images, WholeImages):
            raise DataError("a classifier is trained on whole images: leave out training.crop")
        if self.training.shift >= min(images.size):
            size = " x ".join(map(str, images.size))
            raise DataError(f"training.shift is {self.training.shift}; images have {size} pixels")
        data = self.data.open()
        labels = data.labels(0, len(images))
        if labels is None:
            raise DataError(
                "the data set has no labels, which a classifier learns: take CIFAR-10, or a folder "
                "that holds a folder of images for each class"
            )
        return ClassifierTrainer(
            self.network, data.classes(), self.training, images, labels, self.seed
        )


@dataclass(frozen=True)
class EscTraining(CodecTraining):
    """An ESC codec to be made, whose codebooks learn how often bits flip."""

    system: Annotated[
        Literal["esc"], doc("what the codec is for: `esc` sends bits as symbols without a code")
    ] = "esc"
    geometry: Annotated[Geometry, doc("the shapes of its tensors")] = field(
        default_factory=Geometry
    )
    training: Annotated[EscRecipe, doc("how it is trained")] = field(default_factory=EscRecipe)

    def __post_init__(self) -> None:
        super().__post_init__()
        codewords = self.geometry.codewords
        if codewords < 2 or codewords & (codewords - 1):
            raise ValueError(
                f"geometry.codewords is {codewords}; bits that flip take a power of two, at least 2"
            )

    def trainer(self, images: TrainingImages, held_out: Sequence[Image] = ()) -> EscTrainer:
        return EscTrainer(self.geometry, self.training, images, self.seed, held_out)


TRAININGS: dict[str, type[CodecTraining]] = {
    "digital": TrainingScenario,
    "necst": NecstTraining,
    "analogue": AnalogueTraining,
    "esc": EscTraining,
    "classifier": ClassifierTraining,
}
"""By the name under `system`."""


def either(choices: Iterable[str]) -> str:
    """Example: `digital`, `analogue` or `classifier`."""
    *others, last = (f"`{choice}`" for choice in choices)
    return f"{', '.join(others)} or {last}"


def one_of(key: str, choices: Mapping[str, Found]) -> Callable[[str], Found]:
    """What finds the class of the section at `key` by a name."""

    def find(name: str) -> Found:
        if name not in choices:
            raise SettingError(f"{key} is {as_yaml(name)}; it takes {either(choices)}")
        return choices[name]

    return find


KINDS: dict[str, Kind[Any]] = {
    "network": one_of("network.model", NETWORKS),
    "channel": one_of("channel.model", CHANNELS),
}
"""The sections of an analogue training whose class is found by the name under their `model`."""


def read_training(
    scenario: Path | str, overrides: Sequence[str] = (), data_root: Path | None = None
) -> CodecTraining:
    """The training scenario in a file, or a shipped one by its name, as `read_scenario` reads
    others.
    """
    path = scenario_path(scenario, "training")
    document = Document.read(path, overrides)
    complete(document, path, data_root)
    if document.value("data.validation") and not document.value("data.split"):
        document.put("data.split", "train", document.place("data"))
    check_data(document, DataChoice("cifar10", split="train"))
    kind = _kind(document)
    made = build(document, "", kind, KINDS if kind is AnalogueTraining else {})
    if isinstance(made, TrainingScenario) and made.training.start:
        try:
            start = load_start(made.training.start)
            start.check(made.geometry, made.training, made.data.modality)
        except CodecError as error:
            document.mistake("training.start", str(error))
    document.finish()
    assert made is not None  # else finish has raised
    return made


def _kind(document: Document) -> type[CodecTraining]:
    """The class of the whole file, by `system`, of which an invalid one is a mistake."""
    system = document.value("system")
    if system is None or (isinstance(system, str) and system in TRAININGS):
        return TRAININGS[system or "digital"]
    document.mistake("system", f"system is {as_yaml(system)}; it takes {either(TRAININGS)}")
    document.finish()
    raise AssertionError
