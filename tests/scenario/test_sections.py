"""Every section's class: its constructor refuses what a scenario refuses, in the same words."""

from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import pytest
from annotated_types import Ge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcomm.channel import BitChannel
from semcomm.codec.networks import Geometry
from semcomm.codec.training.recipe import Recipe
from semcomm.data.choice import DataChoice
from semcomm.errors import SemcommError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.coded import Retransmission
from semcomm.link.codes import LdpcCode, RepetitionCode
from semcomm.link.link import Link
from semcomm.scenario.checking import build
from semcomm.scenario.document import Document, SourceLocation
from semcomm.scenario.plugins import channel_names, find_channel
from semcomm.scenario.scenario import ReceiverChoice, Scenario, Stop
from semcomm.systems.image_files import ImageFile
from semcomm.systems.learned import LearnedCodec
from semcomm.validation import checkers_of


@dataclass(frozen=True)
class Filter(BitChannel):
    """A channel of one's own, with lists of taps."""

    taps: tuple[Annotated[float, Ge(-1.0)], ...] = (1.0,)
    delays: list[int] | None = None
    name: str = ""

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return Reception.of(frames)


CHANNELS = [find_channel(name) for name in channel_names()]
SECTIONS: list[Any] = [
    Framing,
    Link,
    Retransmission,
    LdpcCode,
    RepetitionCode,
    DataChoice,
    Stop,
    Scenario,
    ReceiverChoice,
    LearnedCodec,
    ImageFile,
    Recipe,
    Geometry,
    Filter,
    *CHANNELS,
]
NOWHERE = SourceLocation(0, 0, 0, "")
OTHERS: dict[Any, dict[str, Any]] = {
    Scenario: {"codec": LearnedCodec("it"), "channel": Filter()},
}
"""Sections within a section, which a scenario writes as mappings and Python gives as objects."""

odd = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3)
numbers = st.sampled_from([0, 1, 2, 8, 16, 32, 64, 100, 255, 256, 4096, 65536, 0.0, 0.3, 1.0, 1e9])
words = st.sampled_from(
    [
        "soft",
        "hard",
        "qpsk",
        "1/2",
        "huffman",
        "auto",
        "cpu",
        "float32",
        "webp",
        "sample",
        "cifar10",
        "test",
        "ecvq",
        "vq",
        "known",
        "pilots",
        "chase",
        "drop",
        "mse",
        "ssim",
        "mine",
        "~",
        "a/b",
    ]
)
scalars = odd | numbers | words
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(words, scalars, max_size=1)


def choices(hint: Any) -> list[Any]:
    """The literals in a type."""
    if not get_args(hint):
        return [hint] if isinstance(hint, str | int) else []
    return [choice for part in get_args(hint) for choice in choices(part)]


@st.composite
def arguments(draw: st.DrawFn, section: Any) -> dict[str, Any]:
    """Some of a section's fields, all that need a value, and each like what it takes or not."""
    given_fields = {}
    for field in fields(section):
        checker = checkers_of(section)[field.name]
        needed = field.default is MISSING and field.default_factory is MISSING
        if not checker.objects and (needed or draw(st.booleans())):
            likely = choices(checker.hint)
            fitting = st.sampled_from(likely) | values if likely else values
            given_fields[field.name] = draw(fitting)
    return given_fields


def result(section: Any) -> Any:
    """What finds a class by any name, which makes this very section."""
    return lambda name: type(section)


def written(section: Any, given_fields: dict[str, Any]) -> tuple[Any, list[str]]:
    """What a scenario makes of these fields, and its mistakes."""
    document = Document({"x": given_fields}, {"": (NOWHERE, NOWHERE)}, folder=Path())
    kinds = {f"x.{name}": result(other) for name, other in OTHERS.get(section, {}).items()}
    document.root["x"] |= {name: {"model": "it"} for name in OTHERS.get(section, {})}
    return build(document, "x", section, kinds), [what for _, what in document.mistakes]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_constructor_takes_what_a_scenario_takes(section: Any, data: st.DataObject) -> None:
    given_fields = data.draw(arguments(section))
    made, mistakes = written(section, dict(given_fields))
    try:
        constructed = section(**given_fields, **OTHERS.get(section, {}))
    except (ValueError, SemcommError) as error:
        what = [line.removeprefix("x: ").removeprefix("x.") for line in mistakes]
        assert str(error).split("\n") == what
    else:
        assert not mistakes
        if section is not DataChoice:  # whose paths a scenario makes absolute
            assert repr(constructed) == repr(made)
