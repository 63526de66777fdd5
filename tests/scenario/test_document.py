"""Documents: places, overrides, and texts made to do harm."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from semcomm.errors import ScenarioError
from semcomm.scenario.document import MAX_BYTES, Document, SourceLocation

YAML_PIECES = [
    *"[]{}:,-?&*!|>%'\"#@`\\~=._ \n\r\t\x00\x1b\ufeffab01é",
    *(
        ": ",
        "- ",
        "? ",
        "&a ",
        "*a",
        "<<",
        "---\n",
        "%YAML 1.2\n",
        "!x ",
        "!!int ",
        "!!bool ",
        "!!map ",
    ),
    *("\\U", "FFFFFFFF", "\\ud800", "0x", "1e3", ".inf"),
]
NINE_LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)


def mistakes_of(text: str, *overrides: str) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        Document.parse(text, "a.yaml", overrides).finish()
    return raised.value.mistakes


def finished(text: str, *overrides: str) -> dict[str, object]:
    document = Document.parse(text, "a.yaml", overrides)
    document.finish()
    return document.root


def test_scalars_are_read_by_the_rules_of_yaml_1_2() -> None:
    written = "a: [1e-3, no, 012, 1:30, 2001-01-01, ~, true, 1/2, 0x1F, '1']"
    assert finished(written)["a"] == [
        0.001,
        "no",
        12,
        "1:30",
        "2001-01-01",
        None,
        True,
        "1/2",
        31,
        "1",
    ]


def test_override_below_a_name_says_how_a_mapping_takes_its_place() -> None:
    assert mistakes_of("framing: raw", "framing.header=true") == [
        '--set framing.header=true: framing is "raw"; nothing can be set below it. '
        "A mapping takes its place by framing={header: ...}"
    ]


def test_what_is_set_below_a_short_form_is_set_in_what_it_stands_for() -> None:
    assert finished("framing: none", "framing.header=true") == {
        "framing": {"header": True, "crc": 0}
    }
    assert finished("framing: none") == {"framing": "none"}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert finished("{1: a, ~: b, true: c}") == {"1": "a", "~": "b", "true": "c"}


def test_a_place_is_that_of_the_key_or_of_the_value() -> None:
    document = Document.parse("# first\ncodec:\n  model: vq\n  layers: [{width: 3}]\n", "a.yaml")
    assert document.place("codec.model").text == "a.yaml:3:10"
    assert document.place("codec.model", of_key=True).text == "a.yaml:3:3"
    assert document.place("codec.layers[0].width").text == "a.yaml:4:20"


def test_what_is_missing_has_the_place_of_its_section() -> None:
    document = Document.parse("\ncodec: {model: vq}", "a.yaml")
    assert document.place("codec.device.name", of_key=True).text == "a.yaml:2:1"
    assert document.place("channel").text == "a.yaml:1:1"


def test_mistakes_come_in_file_order_and_those_of_options_last() -> None:
    document = Document.parse("a: 1\nb: 2", "a.yaml", ["d=4", "c=3"])
    for key in "cbdaa":
        document.mistake(key, f"{key} is bad")
    with pytest.raises(ScenarioError) as raised:
        document.finish()
    assert raised.value.mistakes == [
        "a.yaml:1:4: a is bad",
        "a.yaml:2:4: b is bad",
        "--set d=4: d is bad",
        "--set c=3: c is bad",
    ]


def test_an_alias_has_the_value_and_the_place_of_its_anchor() -> None:
    document = Document.parse("a: &x [1]\nb: *x", "a.yaml")
    assert document.root == {"a": [1], "b": [1]}
    assert document.place("b").text == "a.yaml:1:4"


@pytest.mark.parametrize(
    ("option", "key", "value"),
    [
        ("seed=3", "seed", 3),
        ("channel.crossover=1e-3", "channel.crossover", 0.001),
        ("link.code.rate=1/2", "link.code.rate", "1/2"),
        ("note=a=b", "note", "a=b"),
        ("sizes=[1, 2]", "sizes", [1, 2]),
        ("channel={model: awgn}", "channel", {"model": "awgn"}),
        ("framing=", "framing", None),
        ("empty.crc=16", "empty.crc", 16),
    ],
)
def test_an_override_sets_new_nested_and_existing_keys(
    option: str, key: str, value: object
) -> None:
    document = Document.parse(
        "seed: 1\nchannel: {model: bsc, crossover: 0.5}\nempty:", "a.yaml", [option]
    )
    assert document.value(key) == value
    assert document.place(key).text == f"--set {option}"
    document.finish()


def test_of_two_overrides_of_one_key_the_last_holds() -> None:
    assert finished("seed: 1", "seed=2", "seed=3") == {"seed": 3}


def test_a_section_that_is_overridden_keeps_no_place_in_the_file() -> None:
    document = Document.parse("channel: {crossover: 0.5}", "a.yaml", ["channel={crossover: 1}"])
    assert document.place("channel.crossover").text == "--set channel={crossover: 1}"


def test_an_override_reaches_keys_that_hold_dots() -> None:
    root = finished("sweep: {channel.esn0_db: {stop: 5}}", "sweep.channel.esn0_db.stop=7")
    assert root == {"sweep": {"channel.esn0_db": {"stop": 7}}}


@pytest.mark.parametrize(
    "option", ["", "seed", "=3", ".=3", "a..b=3", "a.=3", "a b=3", "a." * 30 + "b=3"]
)
def test_an_override_that_is_not_key_and_value_is_refused(option: str) -> None:
    (mistake,) = mistakes_of("a: {}", option)
    assert mistake == f"--set {option}: it takes key.path=value, such as seed=1"


def test_override_below_a_scalar_or_of_bad_yaml_is_refused() -> None:
    assert mistakes_of("seed: 1", "seed.x=2", "b=[1", "c={d: 1, d: 2}") == [
        "--set seed.x=2: seed is 1; nothing can be set below it",
        "--set b=[1: this is not YAML: expected ',' or ']', but got '<stream end>'",
        "--set c={d: 1, d: 2}: d is given twice",
    ]


def test_a_copy_with_another_value_leaves_the_document_as_it_was() -> None:
    document = Document.parse("channel: {esn0_db: 1}\nsweep: {channel.esn0_db: [2]}", "a.yaml")
    cell = document.copied()
    cell.put("channel.esn0_db", 2, document.place("sweep.channel.esn0_db[0]"))
    cell.mistake("channel.esn0_db", "is bad")
    assert (document.value("channel.esn0_db"), cell.value("channel.esn0_db")) == (1, 2)
    assert cell.mistakes == [(SourceLocation(0, 2, 27, "a.yaml:2:27"), "is bad")]
    document.finish()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the file is empty; it takes `key: value` lines"),
        ("# only this", "the file is empty; it takes `key: value` lines"),
        ("- 1\n- 2", "the file is [1, 2]; it takes `key: value` lines"),
        ("hello", 'the file is "hello"; it takes `key: value` lines'),
        (r'"\UFFFFFFFF"', "this is not YAML: Python int too large to convert to C int"),
    ],
)
def test_a_text_that_is_not_a_mapping_is_refused(text: str, what: str) -> None:
    assert mistakes_of(text) == [f"a.yaml:1:1: {what}"]


def test_a_syntax_error_names_its_line_and_column() -> None:
    assert mistakes_of("a: 1\nb: c: d") == [
        "a.yaml:2:5: this is not YAML: mapping values are not allowed here"
    ]
    assert mistakes_of("a: 1\nb: \x00") == [
        "a.yaml:2:4: this is not text: it holds the character #x0000"
    ]


def test_tags_and_duplicate_or_non_text_keys_are_all_told() -> None:
    text = (
        "a: !!python/object/apply:os.system [ls]\na: 2\n? [b]\n: 1\n!x c: 3\n" + "k" * 101 + ": 1"
    )
    assert mistakes_of(text) == [
        "a.yaml:1:4: python/object/apply:os.system is a tag; only plain values are taken",
        "a.yaml:2:1: a is given twice",
        "a.yaml:3:3: a key is text of at most 100 characters",
        "a.yaml:5:1: !x is a tag; only plain values are taken",
        "a.yaml:6:1: a key is text of at most 100 characters",
    ]


@pytest.mark.parametrize(
    "text",
    [
        NINE_LAUGHS,
        "a: &a [*a]",
        "a: " + "[" * 10_000,
        "{a: " * 10_000,
        "- " * 10_000,
        "[" + "0," * 20_000 + "]",
    ],
)
def test_bombs_are_refused(text: str) -> None:
    (mistake,) = mistakes_of(text)
    assert mistake.endswith("there are more than 20000 values or 20 levels, aliases written out")


def test_a_number_too_long_to_print_stays_text() -> None:
    digits = "9" * 5000
    assert finished(f"{{a: {digits}, b: 0x{digits}, c: !!int x}}") == {
        "a": digits,
        "b": f"0x{digits}",
        "c": "x",
    }


def test_control_characters_do_not_reach_a_terminal() -> None:
    (mistake,) = mistakes_of(r'{"\e[2J": 1, "\e[2J": 2}')
    assert mistake == r"a.yaml:1:14: \x1b[2J is given twice"


def test_files_are_read_and_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 7\r\n")
    document = Document.read(path, ["b=1"])
    assert document.root == {"seed": 7, "b": 1}
    assert document.place("seed").text == f"{path}:1:7"


def test_missing_too_large_and_non_text_files_are_refused(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    binary.write_bytes(b"a: \x80\xff")
    for path, what in [
        (tmp_path / "none.yaml", "it cannot be read: No such file or directory"),
        (tmp_path, "it cannot be read: Is a directory"),
        (large, "it is larger than 1000000 bytes"),
        (binary, "it is not UTF-8 text at byte 4"),
    ]:
        with pytest.raises(ScenarioError) as raised:
            Document.read(path)
        assert raised.value.mistakes == [f"{path}: {what}"]


@given(st.text() | st.lists(st.sampled_from(YAML_PIECES)).map("".join), st.booleans())
@example('a: "\\U00110000"', False)
def test_any_text_gives_a_mapping_or_mistakes_of_one_line_each(text: str, as_option: bool) -> None:
    try:
        document = Document.parse(
            "b: 1" if as_option else text, "a.yaml", [f"a.b={text}"] if as_option else []
        )
        document.finish()
    except ScenarioError as error:
        assert error.mistakes and all(mistake.isprintable() for mistake in error.mistakes)
    else:
        assert isinstance(document.root, dict)


@given(st.binary())
def test_any_bytes_in_a_file_give_a_mapping_or_mistakes(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            assert isinstance(Document.read(file.name).root, dict)
        except ScenarioError as error:
            assert error.mistakes
