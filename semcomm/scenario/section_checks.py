"""Checks of a scenario's sections that take more than the types of their fields.

Each keeps its mistakes in the document, also where other sections have mistakes.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from semcomm.data.choice import DataChoice
from semcomm.data.data_set import Data
from semcomm.errors import DataError, SemcommError, SettingError
from semcomm.measures.taken_names import TAKEN
from semcomm.scenario.checking import build
from semcomm.scenario.document import Document
from semcomm.scenario.plugins import find_measure, find_system, measure_name


def check_system(document: Document) -> None:
    """Keep mistakes in the section `codec`, where it can be made."""
    system, checked = build(document, "codec", find_system), document.built
    if system is None or checked.get(("system", id(system))) is system:
        return
    before = len(document.mistakes)
    for name, action in system.mistakes().items():
        if not attempt(document, f"codec.{name}", action) and name == "model":
            break
    if len(document.mistakes) == before:
        checked["system", id(system)] = system


def check_data(document: Document, default: DataChoice) -> None:
    """Keep mistakes in the sections `data` and `images`.

    default: the data set where `data` is not written.
    """
    data = build(document, "data", DataChoice) if document.value("data") else default
    if data:
        key = "data.csi" if data.csi else "data.images"
        attempt(document, key, partial(_check_images, document, data))


def _check_images(document: Document, data: DataChoice) -> None:
    there, images = len(_opened(document, data)), document.value("images")
    if isinstance(images, int) and images > there:
        document.mistake("images", f"images is {images}; the data set holds {there}")


def check_measures(document: Document, default: DataChoice) -> None:
    """Keep mistakes in the list `measures`."""
    names, found = document.value("measures"), list[str]()
    for number, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str):
            key = f"measures[{number}]"
            if attempt(document, key, partial(find_measure, name)):
                found.append(name)
                attempt(document, key, partial(_check_samples, document, default, name))
    attempt(document, "measures", partial(check_columns, found))


def check_columns(measures: Sequence[str]) -> None:
    """Raises SettingError where a column of a measure has the name of another column."""
    before = set(TAKEN)
    for name in measures:
        measure = find_measure(name)
        for own, item in {measure_name(name): measure, **measure.beside}.items():
            for column in item.columns(own):
                if column in before:
                    raise SettingError(
                        f"measure {name} has the column {column}, as something else has; each "
                        "takes a name of its own"
                    )
                before.add(column)


def _check_samples(document: Document, default: DataChoice, name: str) -> None:
    """Raises MeasureError for a measure of other samples than those of the data set, and for one of
    labels that it does not have.
    """
    choice = build(document.copied(), "data", DataChoice) if document.value("data") else default
    if not choice:
        return
    measure = find_measure(name)
    measure.check_modality(name, choice.modality)
    if measure.labelled:
        with suppress(DataError):  # `check_data` keeps it
            measure.check_classes(name, _opened(document, choice).classes())


def _opened(document: Document, choice: DataChoice) -> Data:
    """The data set, the same for all cells, since a folder is read only once."""
    opened: Data = document.built.setdefault(("data", choice), choice.open())
    return opened


def attempt(document: Document, key: str, action: Callable[[], object]) -> bool:
    """Keep an error of `action` as a mistake of the value at `key`; returns whether it is fine."""
    try:
        action()
    except SemcommError as error:
        document.mistake(key, str(error))
        return False
    return True
