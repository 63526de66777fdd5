"""JSON Schemas (draft 2020-12) of scenario files, so that editors complete and check them.

They are made of the same classes as a scenario is, by the same pydantic types. What a schema cannot
say, such as that a retransmission needs a CRC, the checker alone tells.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from semcomm.choices import ImageFormat
from semcomm.codec.analogue.networks import NETWORKS
from semcomm.codec.training.channels import CHANNELS
from semcomm.link.codes import CODES
from semcomm.scenario.document import key_path
from semcomm.scenario.plugins import channel_names, find_channel
from semcomm.scenario.scenario import Scenario
from semcomm.scenario.settings import Setting, section_class, settings_of, summary_of
from semcomm.scenario.training import TRAININGS, AnalogueTraining, CodecTraining
from semcomm.systems.analogue import AnalogueSystem
from semcomm.systems.esc import EscSystem
from semcomm.systems.image_files import ImageFile
from semcomm.systems.learned import LearnedCodec
from semcomm.systems.mu_law import MuLaw
from semcomm.validation import STRICT
from semcomm.zoo.names import CODEC_FILE, codec_names

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
EBN0 = "In place of esn0_db: Eb/N0 of a payload bit at the link's nominal rate. Unit: dB."
ANALOGUE = "an analogue codec"
ESC = "an ESC codec"
NONE: Schema = {"if": {"type": "string"}, "then": {"const": "none"}}
RANGE: Schema = {
    "type": "object",
    "properties": {name: {"type": "number"} for name in ("start", "stop", "step", "factor")},
    "required": ["start", "stop"],
    "oneOf": [{"required": ["step"]}, {"required": ["factor"]}],
    "additionalProperties": False,
}


def _given(name: str) -> Schema:
    """A section in which this field is written, and is not null."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


RATES: Sequence[Schema] = [_given("quality"), _given("budget_bits")]
"""Not both of these an image format may be given, and one has to be without `link.channel_uses`."""

IMAGE_FORMATS: Schema = {"enum": list(get_args(ImageFormat))}


@dataclass(frozen=True)
class Variant:
    """A class that a section may have, and the names under `model` that choose it.

    section: None where it is not known, so that anything may be written.
    label: what a page calls it.
    """

    names: Schema
    section: type | None
    label: str


Variants = Mapping[str, Sequence[Variant]]
"""By key path, the classes of sections that have more than one."""


def scenario_variants() -> Variants:
    """Those of a scenario, as this installation has them."""
    names = dict.fromkeys(name for full in codec_names() for name in (full, full.partition("@")[0]))
    analogue, file = codec_names("analogue"), {"type": "string", "pattern": CODEC_FILE.pattern}
    channels = [Variant({"const": name}, find_channel(name), name) for name in channel_names()]
    return {
        "codec": [
            Variant({"enum": [*names]}, LearnedCodec, "a trained codec"),
            *[Variant({"const": name}, AnalogueSystem, ANALOGUE) for name in analogue],
            Variant(file, LearnedCodec, "a trained codec"),
            Variant(file, AnalogueSystem, ANALOGUE),
            *[Variant({"const": name}, EscSystem, ESC) for name in codec_names("esc")],
            Variant(file, EscSystem, ESC),
            Variant(IMAGE_FORMATS, ImageFile, "an image format"),
            Variant({"const": "mu-law"}, MuLaw, "mu-law"),
            Variant({"type": "string", "pattern": r"\.py:"}, None, "a file's"),
        ],
        "channel": [*channels, Variant({"type": "string", "pattern": r"\.py:"}, None, "a file's")],
        "link.code": [Variant({"const": name}, section, name) for name, section in CODES.items()],
    }


def scenario_schema() -> Schema:
    """That of files for `semcomm run`. In one with a sweep nothing has to be written, as the sweep
    may set it.
    """
    variants = scenario_variants()
    schema, needed = (
        _whole(Scenario, variants),
        _needed(Scenario, "", variants) | {"required": ["codec"]},
    )
    needed["properties"]["codec"]["type"] = "object"
    _allow_ebn0(schema["properties"]["channel"], needed["properties"]["channel"])
    is_image_format = {"required": ["model"], "properties": {"model": IMAGE_FORMATS}}
    needed["if"] = {
        "required": ["link"],
        "properties": {"link": {"type": "object"} | _given("channel_uses")},
    }
    needed["else"] = {"properties": {"codec": {"if": is_image_format, "then": {"anyOf": RATES}}}}
    schema["properties"]["framing"] |= {"type": ["object", "null", "string"]} | NONE
    schema["properties"]["sweep"] = _sweep(schema["properties"])
    return schema | {
        "$defs": {"range": RANGE},
        "if": {"not": {"required": ["sweep"]}},
        "then": needed,
    }


def training_variants(section: type[CodecTraining]) -> Variants:
    """Those of a training scenario."""
    if section is not AnalogueTraining:
        return {}
    return {
        "network": [Variant({"const": name}, kind, name) for name, kind in NETWORKS.items()],
        "channel": [Variant({"const": name}, kind, name) for name, kind in CHANNELS.items()],
    }


def training_schema() -> Schema:
    """That of files for `semcomm train`, whose `system` chooses one of several."""
    schemas: dict[str, Schema] = {}
    for name, section in TRAININGS.items():
        variants = training_variants(section)
        needed = _needed(section, "", variants)
        needed["required"].remove("name")  # by default its file's
        schemas[name] = {"allOf": [_whole(section, variants), needed]}
    chosen = schemas.pop("digital")
    for name, schema in schemas.items():
        is_it = {"properties": {"system": {"const": name}}, "required": ["system"]}
        chosen = {"if": is_it, "then": schema, "else": chosen}
    title = "semcomm: a codec to be made."
    return {"$schema": DRAFT, "title": title, "type": "object", **chosen}


def _whole(section: type, variants: Variants) -> Schema:
    head = {"$schema": DRAFT, "title": "semcomm: " + summary_of(section)}
    return head | _section(section, "", variants) | {"type": "object"}


def _section(section: type, key: str, variants: Variants) -> Schema:
    properties = {
        setting.name: _property(setting, key_path(key, setting.name), variants)
        for setting in settings_of(section)
    }
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}


def _property(setting: Setting, key: str, variants: Variants) -> Schema:
    inner = section_class(setting.hint)
    if key in variants:
        schema = _of_variants(variants[key], key, variants)
    elif inner:
        schema = _section(inner, key, variants)
    else:
        schema = TypeAdapter(setting.hint, config=STRICT).json_schema()
        if not setting.needed:
            schema["default"] = to_jsonable_python(setting.default)
    unit = f" Unit: {setting.unit}." if setting.unit else ""
    return schema | ({"description": setting.note + unit} if setting.note else {})


def _of_variants(choices: Sequence[Variant], key: str, variants: Variants) -> Schema:
    def fields(section: type) -> Schema:
        properties = _section(section, key, variants)["properties"] | {"model": True}
        return {"properties": properties, "additionalProperties": False}

    names = {"anyOf": [variant.names for variant in choices]}
    branches = _branches(choices, fields)
    return {"type": ["object", "null"], "properties": {"model": names}, "allOf": branches}


def _branches(choices: Sequence[Variant], schema_of: Callable[[type], Schema]) -> list[Schema]:
    """What holds for each name; a name of several classes takes what one of them takes."""
    sections: dict[str, list[Schema]] = {}
    for variant in choices:
        if variant.section:
            sections.setdefault(json.dumps(variant.names), []).append(schema_of(variant.section))
    return [
        {
            "if": {
                "type": "object",
                "properties": {"model": json.loads(names)},
                "required": ["model"],
            },
            "then": schemas[0] if len(schemas) == 1 else {"anyOf": schemas},
        }
        for names, schemas in sections.items()
    ]


def _needed(section: type, key: str, variants: Variants) -> Schema:
    """What has to be written in a section, as a schema beside that of what may be."""
    inside = {}
    for setting in settings_of(section):
        path, inner = key_path(key, setting.name), section_class(setting.hint)
        if path in variants:
            branches = _branches(variants[path], partial(_needed, key=path, variants=variants))
            inside[setting.name] = {"required": ["model"], "allOf": branches}
        elif inner:
            inside[setting.name] = _needed(inner, path, variants)
    needed = {
        "required": [setting.name for setting in settings_of(section) if setting.needed],
        "properties": inside,
    }
    return needed | ({"not": {"allOf": RATES}} if section is ImageFile else {})


def _allow_ebn0(channel: Schema, needed: Schema) -> None:
    """Let ebn0_db stand in place of esn0_db, of which the scenario makes the other."""
    for allowed, required in zip(channel["allOf"], needed["allOf"], strict=True):
        if "esn0_db" in allowed["then"]["properties"]:
            allowed["then"]["properties"]["ebn0_db"] = {"type": "number", "description": EBN0}
            required["then"]["required"].remove("esn0_db")
            required["then"]["oneOf"] = [{"required": ["esn0_db"]}, {"required": ["ebn0_db"]}]


def _sweep(properties: Schema) -> Schema:
    """A grid, or a list of them: axes by key path, or by several with commas between."""
    values: dict[str, list[Schema]] = {}
    for path, schema in _paths(properties, ""):
        if schema not in values.setdefault(path, []):
            values[path].append(schema)
    axes = {
        path: _axis_schema({"anyOf": schemas} if len(schemas) > 1 else schemas[0])
        for path, schemas in values.items()
    }
    several = {",": {"type": "array", "items": {"type": "array"}, "minItems": 1}}
    grid = {
        "type": "object",
        "properties": axes,
        "patternProperties": several | {r"^channel\.[^,]*$": _axis_schema({})},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {
        "anyOf": [grid, {"type": "array", "items": grid}],
        "description": "Makes many scenarios of one file.",
    }


def _axis_schema(value: Schema) -> Schema:
    return {"anyOf": [{"type": "array", "items": value, "minItems": 1}, {"$ref": "#/$defs/range"}]}


def _paths(properties: Mapping[str, Any], key: str) -> Iterator[tuple[str, Schema]]:
    """The schema of each field, and of the fields within it, by key path; the same path may come
    more than once.
    """
    for name, schema in properties.items():
        path = key_path(key, name)
        if schema is not True:
            yield path, schema
            thens = [branch["then"] for branch in schema.get("allOf", [])]
            several = [part for then in thens for part in then.get("anyOf", [])]
            for part in [schema, *thens, *several]:
                yield from _paths(part.get("properties", {}), path)
