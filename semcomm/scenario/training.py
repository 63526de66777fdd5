"""What `semcomm train` is asked for: a codec to be made, in a YAML file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Unit, doc

from semcomm.codec.networks import Geometry
from semcomm.codec.training.recipe import Recipe
from semcomm.data.choice import DataChoice
from semcomm.scenario.checking import build
from semcomm.scenario.document import Document
from semcomm.scenario.scenario import Seed, check_data, complete, scenario_path
from semcomm.validation import Validated


@dataclass(frozen=True)
class TrainingScenario(Validated):
    """A codec to be made. It depends on nothing else, on one machine with one set of packages."""

    name: Annotated[str, doc("of the codec, by default its file's name")]
    geometry: Annotated[Geometry, doc("the shapes of its tensors")] = field(
        default_factory=Geometry
    )
    training: Annotated[Recipe, doc("how it is trained")] = field(default_factory=Recipe)
    data: Annotated[DataChoice, doc("the images")] = field(
        default_factory=lambda: DataChoice("cifar10", split="train")
    )
    images: Annotated[
        Annotated[int, Ge(1), Unit("images")] | None,
        doc("how many it is trained on, the first ones; by default all"),
    ] = None
    seed: Annotated[Seed, doc("of all randomness")] = 0

    def __post_init__(self) -> None:
        most = max(self.training.level_groups or (1,))
        if most > self.geometry.groups:
            raise ValueError(
                f"training.level_groups has {most}; geometry.groups is {self.geometry.groups}, the "
                "most that a level can use"
            )


def read_training(
    scenario: Path | str, overrides: Sequence[str] = (), data_root: Path | None = None
) -> TrainingScenario:
    """The training scenario in a file, or a shipped one by its name, as `read_scenario` reads
    others.
    """
    path = scenario_path(scenario, "training")
    document = Document.read(path, overrides)
    complete(document, path, data_root)
    check_data(document, DataChoice("cifar10", split="train"))
    made = build(document, "", TrainingScenario)
    document.finish()
    assert made is not None  # else finish has raised
    return made
