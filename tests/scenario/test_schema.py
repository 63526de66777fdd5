"""The schemas of scenario files: they take what the checker takes, and refuse what it refuses, at
the same place.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from command import cli_ok
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from semcomm.errors import ScenarioError
from semcomm.folders import scenario_names, shipped
from semcomm.scenario.checking import build
from semcomm.scenario.document import Document
from semcomm.scenario.plugins import channel_names
from semcomm.scenario.scenario import Scenario, read_scenarios
from semcomm.scenario.schema import (
    Variants,
    scenario_schema,
    scenario_variants,
    training_schema,
    training_variants,
)
from semcomm.scenario.settings import Setting, section_class, settings_of
from semcomm.scenario.training import (
    AnalogueTraining,
    ClassifierTraining,
    EscTraining,
    NecstTraining,
    TrainingScenario,
    read_training,
)

OTHER_SCENARIOS = [name for name in scenario_names() if not name.startswith("reference-")]
"""Those of the reference experiment are read in tests/run/test_reference.py."""
SCENARIO = Draft202012Validator(scenario_schema())
TRAINING = Draft202012Validator(training_schema())


def mistakes_at(text: str, schema: Draft202012Validator = SCENARIO) -> set[str]:
    """The key paths at which the schema refuses a text, those of the sections where a key is not
    known.
    """
    errors = schema.iter_errors(YAML(typ="safe").load(text))
    return {".".join(map(str, error.absolute_path)) for error in errors}


@pytest.mark.parametrize("name", OTHER_SCENARIOS)
def test_shipped_scenarios_fit_the_schema(name: str) -> None:
    assert mistakes_at((shipped("scenarios") / f"{name}.yaml").read_text()) == set()


@pytest.mark.parametrize("name", scenario_names("training"))
def test_shipped_training_scenarios_fit_theirs(name: str) -> None:
    assert (
        mistakes_at((shipped("scenarios") / "training" / f"{name}.yaml").read_text(), TRAINING)
        == set()
    )


@pytest.mark.parametrize("kind", ["scenario", "training"])
def test_the_command_prints_a_schema_of_the_draft_that_it_names(kind: str) -> None:
    printed = json.loads(cli_ok("schema", kind).stdout)
    assert printed == (scenario_schema() if kind == "scenario" else training_schema())
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(printed)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{}", ""),
        ("codec:", "codec"),
        ("codec: {}", "codec"),
        ("codec: {model: vq-n46}", "codec.model"),
        ("codec: {modle: vq-n64}", "codec"),
        ("codec: {model: vq-n64, quality: 3}", "codec"),
        ("codec: {model: webp}", "codec"),
        ("codec: {model: webp, quality: null}", "codec"),
        ("{codec: {model: webp}, link: none}", "codec"),
        ("{codec: {model: webp}, link: {channel_uses: null}}", "codec"),
        ("codec: {model: webp, quality: 1, budget_bits: 512}", "codec"),
        ("codec: {model: webp, budget_bits: 0}", "codec.budget_bits"),
        ("codec: {model: avif, quality: 1, tune: vmaf}", "codec.tune"),
        ("codec: {model: avif, quality: 1, chroma: 4:1:1}", "codec.chroma"),
        ("codec: {model: webp, quality: 101}", "codec.quality"),
        ("codec: {model: vq-n64}\nframing: nothing", "framing"),
        ("codec: {model: vq-n64}\nframing: {crc: 9}", "framing.crc"),
        ("codec: {model: vq-n64}\nframing: {size: [32]}", "framing.size"),
        ("codec: {model: vq-n64}\nchannel: {}", "channel"),
        ("codec: {model: vq-n64}\nchannel: {model: binary_symmetric}", "channel"),
        (
            "codec: {model: vq-n64}\nchannel: {model: binary_symmetric, crossover: 0.7}",
            "channel.crossover",
        ),
        (
            "codec: {model: vq-n64}\nchannel: {model: binary_symmetric, crossover: '0.1'}",
            "channel.crossover",
        ),
        (
            "codec: {model: vq-n64}\nchannel: "
            "{model: binary_symmetric, crossover: 0.1, ebn0_db: 3}",
            "channel",
        ),
        (
            "codec: {model: vq-n64}\nchannel: {model: awgn, esn0_db: 1, ebn0_db: 3}\nlink: "
            "{modulation: bpsk}",
            "channel",
        ),
        ("codec: {model: vq-n64}\nlink: {code: {model: turbo}}", "link.code.model"),
        ("codec: {model: vq-n64}\nlink: {code: {model: ldpc, times: 3}}", "link.code"),
        (
            "codec: {model: vq-n64}\nlink: {retransmission: {transmissions: 1}}",
            "link.retransmission.transmissions",
        ),
        ("codec: {model: vq-n64}\nstop: {frame_errors: 0}", "stop.frame_errors"),
        ("codec: {model: vq-n64}\nseed: true", "seed"),
        ("codec: {model: vq-n64}\nsweep: {framing.crc: [8, 9]}", "sweep"),
        ("codec: {model: vq-n64}\nsweep: {framing.crcs: [8]}", "sweep"),
        ("codec: {model: vq-n64}\nsweep: {seed: {start: 0, stop: 3}}", "sweep"),
        ("codec: {model: vq-n64}\nsweep: {seed: 3}", "sweep"),
    ],
)
def test_what_the_checker_refuses_the_schema_refuses_there(
    text: str, place: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError):
        read_scenarios(path)
    assert place in mistakes_at(text)


@pytest.mark.parametrize(
    "text",
    [
        "codec: {model: vq-n64}",
        "{codec: {model: vq-n64}, framing: none, channel: null, link: null, images: null}",
        "{codec: {model: webp, quality: 10, container: false}, framing: {header: false}}",
        "{codec: {model: webp, budget_bits: 4096}}",
        "{codec: {model: hevc, quality: null, budget_bits: 4096, tune: psnr, chroma: 4:2:0}}",
        "{codec: {model: avif, quality: 10, budget_bits: null, tune: null, chroma: '4:4:4'}}",
        "{codec: {model: webp}, sweep: {codec.quality: [1, 2]}}",
        "{codec: {model: webp}, channel: {model: awgn, esn0_db: 3}, link: {modulation: qpsk, code: {model: ldpc, rate: 1/2}, channel_uses: 4096}}",
        "{codec: {model: vq-n64}, channel: {model: awgn, ebn0_db: 3}, link: {modulation: qpsk, code: {model: ldpc}}}",
        "{codec: {model: vq-n64}, channel: {model: awgn}, link: {modulation: qpsk}, sweep: {channel.ebn0_db: [1]}}",
        "{sweep: {codec.model: [vq-n64], 'seed, images': [[1, 2], [3, 4]]}}",
        "{sweep: [{codec: [{model: vq-n64}, {model: webp, quality: 1}]}, {codec.model: [vq-n128], framing: [none]}]}",
    ],
)
def test_what_the_checker_takes_the_schema_takes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert read_scenarios(path)
    assert mistakes_at(text) == set()


def test_a_channel_of_a_file_may_have_any_parameters() -> None:
    assert (
        mistakes_at(
            "{codec: {model: vq-n64}, channel: {model: mine.py:Mine, fault: 1}, sweep: {channel.fault: [1]}}"
        )
        == set()
    )


def test_training_schema_refuses_what_the_checker_refuses(tmp_path: Path) -> None:
    text = "{training: {epochs: 0, speed: 1}, geometry: {groups: 65}, sweep: {seed: [1]}}"
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError):
        read_training(path)
    assert mistakes_at(text, TRAINING) == {"", "training", "training.epochs", "geometry.groups"}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("{system: analogue}", {""}),
        ("{system: quantum}", {"system"}),
        ("{system: analogue, channel: {model: awgn}}", {"channel"}),
        ("{system: analogue, channel: {model: awgn, esn0_db: [3]}}", {"channel.esn0_db"}),
        (
            "{system: analogue, channel: {model: awgn, esn0_db: 3, estimation: none}}",
            {"channel"},
        ),
        (
            "{system: analogue, network: {model: deepjscc, blocks: 1}, channel: {model: awgn, esn0_db: 3}}",
            {"network"},
        ),
        ("{network: {model: patches}}", {""}),
        ("{training: {channel: {}}}", {"training.channel"}),
        ("{system: necst}", {""}),
        ("{system: necst, training: {}}", {"training"}),
        ("{system: necst, training: {channel: {}}}", {"training.channel"}),
        ("{system: necst, geometry: {}, training: {channel: {crossover: 0.1}}}", {""}),
        (
            "{system: necst, network: {bits: 65}, training: {channel: {crossover: 0.1}}}",
            {"network.bits"},
        ),
    ],
)
def test_schema_of_other_trainings_refuses_what_the_checker_refuses(
    text: str, places: set[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError):
        read_training(path)
    assert mistakes_at(text, TRAINING) == places


def test_a_codecs_file_may_have_the_fields_of_either_kind() -> None:
    name = "codec: {model: some.safetensors, "
    assert mistakes_at(name + "esn0_db: 3}") == mistakes_at(name + "budget_bits: 3}") == set()
    assert mistakes_at(name + "esn0_db: 3, budget_bits: 3}") == {"codec"}


def leaves(section: type, key: str, variants: Variants) -> list[tuple[str, Setting, type]]:
    """The fields that are no sections, of a section and those within it: key path, field, and class
    that has it.
    """
    result = []
    for setting in settings_of(section):
        path, inner = f"{key}.{setting.name}".strip("."), section_class(setting.hint)
        kinds = [each.section for each in variants.get(path, []) if each.section] or (
            [inner] if inner else []
        )
        result += [leaf for kind in kinds for leaf in leaves(kind, path, variants)]
        result += [] if kinds else [(path, setting, section)]
    return result


LEAVES = [
    *leaves(Scenario, "", scenario_variants()),
    *leaves(TrainingScenario, "", {}),
    *leaves(AnalogueTraining, "", training_variants(AnalogueTraining)),
    *leaves(ClassifierTraining, "", {}),
    *leaves(EscTraining, "", {}),
    *leaves(NecstTraining, "", {}),
]


@given(
    st.sampled_from(LEAVES),
    st.none()
    | st.booleans()
    | st.integers(-2, 70000)
    | st.floats(-100, 100)
    | st.text(max_size=3)
    | st.sampled_from(["huffman", "ldpc", "known", "1/2", 16, 0.5, 1e9, 2**64, 2**64 - 1])
    | st.lists(st.integers(0, 65536), max_size=3),
)
def test_the_schema_of_a_field_takes_what_the_checker_takes(
    leaf: tuple[str, Setting, type], value: Any
) -> None:
    _, setting, section = leaf
    document = Document({"section": {setting.name: value}}, Document.parse("a: 1", "a.yaml").places)
    build(document, "section", section)
    refused = any(what.startswith(f"section.{setting.name} is ") for _, what in document.mistakes)
    whole = (
        isinstance(value, float) and value.is_integer()
    )  # a whole number to JSON, which has no other kind
    if not (refused and whole):
        assert refused is not field_schema(section, setting).is_valid(value)


def field_schema(section: type, setting: Setting) -> Draft202012Validator:
    from semcomm.scenario.schema import _property

    return Draft202012Validator(_property(setting, setting.name, {}))


def test_every_field_says_what_it_means() -> None:
    assert len(LEAVES) > 50
    assert [path for path, setting, _ in LEAVES if not setting.note] == []


def test_all_channels_are_known_and_so_are_their_fields() -> None:
    (models,) = [SCENARIO.schema["properties"]["channel"]["properties"]["model"]["anyOf"]]
    assert {model["const"] for model in models if "const" in model} == set(channel_names())
    assert "Unit: dB." in json.dumps(
        SCENARIO.schema["properties"]["sweep"]["anyOf"][0]["properties"]["channel.esn0_db"]
    )
