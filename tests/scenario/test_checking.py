"""Sections: every message, several at once, strictness, and anything at all given as a section."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt, Interval, Le, Len, MinLen
from hypothesis import given
from hypothesis import strategies as st

from semcomm.errors import ChannelError, ScenarioError
from semcomm.folders import expanded
from semcomm.scenario.checking import build, check_keys
from semcomm.scenario.document import Document
from semcomm.validation import describe


@dataclass(frozen=True)
class BinarySymmetric:
    crossover: Annotated[float, Ge(0.0), Le(0.5)]


@dataclass(frozen=True)
class Codec:
    model: str
    entropy_coder: Literal["huffman", "range"] = "huffman"
    device: str = "cpu"
    dtype: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True)
class Ldpc:
    rate: str


@dataclass(frozen=True)
class Link:
    code: Ldpc | None = None
    rounds: Annotated[int, Ge(1)] = 1


@dataclass(frozen=True)
class Framing:
    header: bool = True
    crc: Literal[0, 8, 16] = 16
    slices: Annotated[int, Ge(1)] = 1

    def __post_init__(self) -> None:
        if self.slices > 1 and not self.header:
            raise ValueError("slices is above 1, which needs a header")


@dataclass(frozen=True)
class Training:
    epochs: Annotated[int, Ge(1), Le(100_000)] = 1
    learning_rate: Annotated[float, Gt(0.0)] | None = None
    root: Path = Path()
    size: tuple[int, int] = (32, 32)
    flags: tuple[Literal[0, 1], ...] = ()
    made: int = field(default=0, init=False)


@dataclass(frozen=True)
class Scenario:
    codec: Codec
    channel: object
    framing: Framing = field(default_factory=Framing)
    training: Training = field(default_factory=Training)
    link: Link | None = None
    sweep: Mapping[str, Any] = field(default_factory=dict)


def find_channel(name: str) -> type:
    if name != "binary_symmetric":
        raise ChannelError(f"channel.model {name}: there is none; it takes binary_symmetric")
    return BinarySymmetric


KINDS = {"channel": find_channel, "link.code": lambda name: Ldpc}
TRAINING = "epochs, learning_rate, root, size, flags"
CODEC = "codec: {model: vq}\n"
CHANNEL = "channel: {model: binary_symmetric, crossover: 0.1}\n"


def scenario(text: str, *overrides: str) -> Scenario:
    document = Document.parse(text, "a.yaml", overrides)
    built = build(document, "", Scenario, KINDS)
    document.finish()
    assert built is not None
    return built


def mistakes_of(text: str, *overrides: str) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        scenario(text, *overrides)
    return raised.value.mistakes


def test_sections_are_made_of_their_fields_and_defaults() -> None:
    built = scenario(
        CODEC + CHANNEL + "framing:\ntraining: {root: a/b, size: [8, 16], flags: [0, 1]}"
    )
    assert built.codec == Codec("vq")
    assert built.channel == BinarySymmetric(0.1)
    assert built.framing == Framing()
    assert built.training == Training(root=Path.cwd() / "a/b", size=(8, 16), flags=(0, 1))
    assert built.link is None


def test_one_section_can_be_built_by_itself() -> None:
    document = Document.parse(CODEC + CHANNEL, "a.yaml")
    assert build(document, "codec", Codec) == Codec("vq")
    assert build(document, "channel", find_channel) == BinarySymmetric(0.1)
    document.finish()


def test_a_section_inside_a_section_is_found_by_its_model() -> None:
    text = CODEC + CHANNEL + "link: {code: {model: ldpc, rate: 1/2}}"
    assert scenario(text).link == Link(Ldpc("1/2"))
    assert scenario(CODEC + CHANNEL + "link: {code: ~}").link == Link()
    assert mistakes_of(text, "link.code.rate=3") == [
        "--set link.code.rate=3: link.code.rate is 3; it takes text"
    ]


def test_free_keys_pass_as_they_are() -> None:
    sweep = {"channel.crossover": {"start": 0, "stop": [1.5, None]}}
    text = CODEC + CHANNEL + "sweep: {channel.crossover: {start: 0, stop: [1.5, ~]}}"
    assert scenario(text).sweep == sweep


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ("framing: {crc: 17}", "3:16: framing.crc is 17; it takes 0, 8 or 16"),
        ("framing:\n  crc: 17", "4:8: framing.crc is 17; it takes 0, 8 or 16"),
        ("framing: {header: 1}", "3:19: framing.header is 1; it takes true or false"),
        ("framing: {header: yes}", '3:19: framing.header is "yes"; it takes true or false'),
        ("framing: 3", "3:10: framing is 3; it takes a mapping of header, crc, slices"),
        ("framing: {hedaer: true}", "3:11: framing.hedaer is not known; did you mean `header`?"),
        ("framing: {foo: 1}", "3:11: framing.foo is not known; framing takes header, crc, slices"),
        (
            "framing: {slices: 2, header: false}",
            "3:1: framing: slices is above 1, which needs a header",
        ),
        (
            "training: {epochs: many}",
            '3:20: training.epochs is "many"; it takes a whole number from 1 to 100000',
        ),
        (
            "training: {epochs: 1.0}",
            "3:20: training.epochs is 1.0; it takes a whole number from 1 to 100000",
        ),
        (
            "training: {learning_rate: 0}",
            "3:27: training.learning_rate is 0; it takes a number above 0 or null",
        ),
        ("training: {root: 3}", "3:18: training.root is 3; it takes a path"),
        ("training: {root: ~}", "3:18: training.root is null; it takes a path"),
        ("training: {size: [1]}", "3:18: training.size is [1]; it takes a list of 2 whole numbers"),
        ("training: {size: 3}", "3:18: training.size is 3; it takes a list of 2 whole numbers"),
        ("training: {flags: [true]}", "3:19: training.flags is [true]; it takes a list of 0 or 1"),
        ("training: {hmm: 1}", f"3:12: training.hmm is not known; training takes {TRAINING}"),
        ("training: {made: 1}", f"3:12: training.made is not known; training takes {TRAINING}"),
        ("chanel: 1", "3:1: chanel is not known; did you mean `channel`?"),
        (
            "foo: 1",
            "3:1: foo is not known; the file takes codec, channel, framing, training, link, sweep",
        ),
        ("link: {code: {rate: 1/2}}", "3:8: link.code.model is missing; it takes a name"),
        ("sweep: [1]", "3:8: sweep is [1]; it takes a mapping"),
    ],
)
def test_a_mistake_names_its_place_its_value_and_what_would_do(lines: str, mistake: str) -> None:
    assert mistakes_of(CODEC + CHANNEL + lines) == [f"a.yaml:{mistake}"]


@pytest.mark.parametrize(
    "value", ["0.7", "-1", '"0.1"', "true", ".inf", ".nan", "null", "[0.1]", "{a: 1}"]
)
def test_number_is_finite_within_bounds_and_nothing_else(value: str) -> None:
    shown = value.replace("a:", '"a":')
    what = f"channel.crossover is {shown}; it takes a number from 0 to 0.5"
    text = f"{CODEC}channel: {{model: binary_symmetric, crossover: {value}}}"
    assert mistakes_of(text) == [f"a.yaml:2:47: {what}"]
    option = f"channel.crossover={value}"
    assert mistakes_of(CODEC + CHANNEL, option) == [f"--set {option}: {what}"]


def test_a_whole_number_does_for_a_number_and_becomes_one() -> None:
    built = scenario(CODEC + CHANNEL, "channel.crossover=0", "training.learning_rate=1")
    assert repr(built.channel) == "BinarySymmetric(crossover=0.0)"
    assert repr(built.training.learning_rate) == "1.0"


@pytest.mark.parametrize("value", ["true", "false", "0.0", "16.0"])
def test_choice_of_whole_numbers_takes_no_bool_and_no_fraction(value: str) -> None:
    assert mistakes_of(f"{CODEC}{CHANNEL}framing: {{crc: {value}}}") == [
        f"a.yaml:3:16: framing.crc is {value}; it takes 0, 8 or 16"
    ]


def test_all_mistakes_are_told_at_once_in_file_order() -> None:
    text = "training: {epochs: 0}\nchannel: {model: binary_symmetric}\nfoo: 1\ncodec: {modle: vq, dtype: f8}\n"
    assert mistakes_of(text, "framing.crc=1", "codec.bar=1") == [
        "a.yaml:1:20: training.epochs is 0; it takes a whole number from 1 to 100000",
        "a.yaml:2:1: channel.crossover is missing; it takes a number from 0 to 0.5",
        "a.yaml:3:1: foo is not known; the file takes codec, channel, framing, training, link, "
        "sweep",
        "a.yaml:4:1: codec.model is missing; it takes text",
        "a.yaml:4:9: codec.modle is not known; did you mean `model`?",
        'a.yaml:4:27: codec.dtype is "f8"; it takes `float32` or `bfloat16`',
        "--set framing.crc=1: framing.crc is 1; it takes 0, 8 or 16",
        "--set codec.bar=1: codec.bar is not known; codec takes model, entropy_coder, device, "
        "dtype",
    ]


def test_what_a_missing_section_needs_is_missing_from_the_file() -> None:
    assert mistakes_of("framing: {}") == [
        "a.yaml:1:1: codec.model is missing; it takes text",
        "a.yaml:1:1: channel.model is missing; it takes a name",
    ]


@pytest.mark.parametrize(
    ("channel", "mistake"),
    [
        ("{model: nosuch}", "2:18: channel.model nosuch: there is none; it takes binary_symmetric"),
        ("{model: 3}", "2:18: channel.model is 3; it takes a name"),
        ("{crossover: 0.1}", "2:1: channel.model is missing; it takes a name"),
        (
            "binary_symmetric",
            '2:10: channel is "binary_symmetric"; it takes a mapping with a model',
        ),
        (
            "{model: binary_symmetric, crossover: 0.1, gain: 1}",
            "2:52: channel.gain is not known; channel takes model, crossover",
        ),
    ],
)
def test_a_section_whose_class_cannot_be_found_is_one_mistake(channel: str, mistake: str) -> None:
    assert mistakes_of(f"{CODEC}channel: {channel}") == [f"a.yaml:{mistake}"]


def test_long_values_are_shortened() -> None:
    (mistake,) = mistakes_of(f"{CODEC}{CHANNEL}training: {{size: [{'1, ' * 1000}]}}")
    assert mistake.startswith("a.yaml:3:18: training.size is [1, 1, 1, ")
    assert mistake.endswith("...; it takes a list of 2 whole numbers")
    assert len(mistake) < 160


def test_keys_can_be_checked_without_a_class() -> None:
    document = Document.parse("codek: {}\nseed: 1", "a.yaml")
    check_keys(document, "", ["codec", "seed"])
    assert [what for _, what in document.mistakes] == ["codek is not known; did you mean `codec`?"]


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (float, "a number"),
        (Annotated[int, Ge(1)], "a whole number of at least 1"),
        (Annotated[float, Gt(0.0)], "a number above 0"),
        (Annotated[float, Interval(gt=0, le=1)], "a number above 0 and of at most 1"),
        (Annotated[float, Ge(1e-9)], "a number of at least 1e-09"),
        (bool, "true or false"),
        (Literal["vq", "ecvq"], "`vq` or `ecvq`"),
        (Literal["vq"], "`vq`"),
        (float | Literal["auto"] | None, "a number, `auto` or null"),
        (Annotated[str, MinLen(1)], "text no shorter than 1"),
        (tuple[int, int], "a list of 2 whole numbers"),
        (tuple[int, str], "a list of a whole number, text"),
        (tuple[Annotated[float, Gt(0)], ...], "a list of numbers above 0"),
        (
            Annotated[list[Path], Len(1, 3)],
            "a list of paths no shorter than 1 and no longer than 3",
        ),
        (dict[str, int], "a mapping"),
        (Any, "anything"),
        (complex, "a complex"),
    ],
)
def test_a_type_is_described_by_what_it_takes(hint: Any, words: str) -> None:
    assert describe(hint) == words


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
names = st.sampled_from(["model", "crossover", "epochs", "code", "rate", "", "a.b", "."]) | st.text(
    max_size=3
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
sections = st.sampled_from(
    ["codec", "channel", "framing", "training", "link", "sweep", "link.code", "codec.x"]
)


@given(st.dictionaries(sections, values, max_size=4))
def test_any_mapping_gives_a_scenario_or_mistakes(mapping: dict[str, Any]) -> None:
    document = Document.parse(CODEC + CHANNEL, "a.yaml")
    for key, value in mapping.items():
        document.put(key, value, document.place(""))
    built = build(document, "", Scenario, KINDS)
    assert (built is None) == bool(document.mistakes)


@given(st.sampled_from(["epochs", "learning_rate", "root", "size", "flags"]), values)
def test_what_is_taken_is_what_was_written(name: str, value: Any) -> None:
    document = Document({"training": {name: value}}, Document.parse("a: 1", "a.yaml").places)
    built = build(document, "training", Training)
    if built is not None:
        made = getattr(built, name)
        assert made == (
            Path.cwd() / expanded(value)
            if name == "root"
            else tuple(value)
            if isinstance(value, list)
            else value
        )
