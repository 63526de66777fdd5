"""A sweep gives exactly the cells it says, and its mistakes have places."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcomm.errors import ScenarioError
from semcomm.scenario.document import Document
from semcomm.scenario.sweep import cells


def changes(text: str, *overrides: str) -> list[dict[str, Any]]:
    document = Document.parse(text, "a.yaml", overrides)
    values = [dict(cell.changes) for cell in cells(document)]
    document.finish()
    return values


def mistakes(text: str, *overrides: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        changes(text, *overrides)
    return caught.value.mistakes


def test_without_a_sweep_the_document_is_its_only_cell() -> None:
    assert changes("seed: 1") == [{}]


def test_grid_has_every_combination_last_axis_fastest() -> None:
    assert changes("sweep: {seed: [1, 2], channel.crossover: [0.1, 0.2]}") == [
        {"seed": 1, "channel.crossover": 0.1},
        {"seed": 1, "channel.crossover": 0.2},
        {"seed": 2, "channel.crossover": 0.1},
        {"seed": 2, "channel.crossover": 0.2},
    ]


def test_zipped_fields_change_together() -> None:
    assert changes("sweep: {'a, b': [[1, 2], [3, 4]]}") == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_a_list_of_grids_is_their_union_in_order() -> None:
    assert changes("sweep: [{a: [1, 2]}, {b: [3]}]") == [{"a": 1}, {"a": 2}, {"b": 3}]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{start: 0, stop: 3, step: 1}", [0, 1, 2, 3]),
        ("{start: 0, stop: 0.3, step: 0.1}", [0.0, 0.1, 0.2, 0.3]),
        ("{start: 1, stop: 0, step: -0.5}", [1.0, 0.5, 0.0]),
        ("{start: 0, stop: 1, step: 0.4}", [0.0, 0.4, 0.8]),
        ("{start: 2, stop: 2, step: 1}", [2]),
    ],
)
def test_a_range_holds_both_ends_where_its_steps_reach_them(
    written: str, values: list[float]
) -> None:
    result = [change["a"] for change in changes(f"sweep: {{a: {written}}}")]
    assert result == values
    assert [type(value) for value in result] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{start: 0.001, stop: 0.1, factor: 10}", [0.001, 0.01, 0.1]),
        ("{start: 1, stop: 10, factor: 2}", [1.0, 2.0, 4.0, 8.0]),
        ("{start: 8, stop: 1, factor: 0.5}", [8.0, 4.0, 2.0, 1.0]),
        ("{start: -1, stop: -100, factor: 10}", [-1.0, -10.0, -100.0]),
        ("{start: 3, stop: 3, factor: 2}", [3.0]),
    ],
)
def test_a_range_with_a_factor_is_geometric(written: str, values: list[float]) -> None:
    assert [change["a"] for change in changes(f"sweep: {{a: {written}}}")] == values


@pytest.mark.parametrize(
    "written",
    [
        "{start: 1, stop: 10, factor: 0.5}",
        "{start: 1, stop: 10, factor: 1}",
        "{start: 1, stop: 10, factor: -2}",
        "{start: 0, stop: 10, factor: 2}",
        "{start: -1, stop: 10, factor: 2}",
        "{start: 1, stop: 10, factor: 2, step: 1}",
    ],
)
def test_a_factor_that_never_leads_to_the_stop_is_refused(written: str) -> None:
    (reported,) = mistakes(f"sweep: {{a: {written}}}")
    assert (
        reported.startswith("a.yaml:1:12: sweep.a is")
        and "a step or a positive factor that leads to it" in reported
    )


def test_a_cell_holds_the_rest_of_the_document_and_no_sweep() -> None:
    document = Document.parse(
        "seed: 7\nchannel: {model: x, crossover: 0}\nsweep: {channel.crossover: [0.5]}", "a.yaml"
    )
    (cell,) = cells(document)
    assert cell.document.root == {"seed": 7, "channel": {"model": "x", "crossover": 0.5}}
    assert document.value("channel.crossover") == 0


def test_mistake_in_a_cell_has_the_place_of_the_swept_value() -> None:
    document = Document.parse("seed: 1\nsweep:\n  seed: [1, 2, bad]", "a.yaml")
    last = list(cells(document))[-1].document
    last.mistake("seed", "no number")
    with pytest.raises(ScenarioError, match=r"^a.yaml:3:16: no number$"):
        last.finish()


@pytest.mark.parametrize(
    ("sweep", "place", "says"),
    [
        ("{a: 3}", "a.yaml:1:12", "takes a list, or a range"),
        ("{a: []}", "a.yaml:1:12", "takes a list, or a range"),
        ("3", "a.yaml:1:8", "takes a mapping of fields"),
        ("[3]", "a.yaml:1:9", "takes a mapping of fields"),
        ("{}", "a.yaml:1:8", "takes a mapping of fields"),
        ("{'a, b': [[1, 2], [3]]}", "a.yaml:1:26", "takes a list of 2, one for each field"),
        ("{a: {start: 0, stop: 1}}", "a.yaml:1:12", "a start, a stop, and a step"),
        ("{a: {start: 0, stop: 1, step: 0}}", "a.yaml:1:12", "a start, a stop, and a step"),
        ("{a: {start: 0, stop: 1, step: -1}}", "a.yaml:1:12", "a start, a stop, and a step"),
        ("{a: {start: 0, stop: .inf, step: 1}}", "a.yaml:1:12", "a start, a stop, and a step"),
        ("{a: {start: 0, stop: 1e9, step: 1e-9}}", "a.yaml:1:12", "more than 100000 values"),
    ],
)
def test_a_mistake_in_the_sweep_has_its_place(sweep: str, place: str, says: str) -> None:
    first = mistakes(f"sweep: {sweep}")[0]
    assert first.startswith(f"{place}: ")
    assert says in first


def test_sweep_of_too_many_cells_is_refused_early() -> None:
    axes = ", ".join(f"a{axis}: {{start: 0, stop: 999, step: 1}}" for axis in range(9))
    assert "more than 100000 cells" in mistakes(f"sweep: {{{axes}}}")[0]


def roots(text: str, *overrides: str) -> list[dict[str, Any]]:
    document = Document.parse(text, "a.yaml", overrides)
    made = [cell.document.root for cell in cells(document)]
    document.finish()
    return made


WIDE, NARROW = "codec: [{model: x}, {model: y, coder: z}]", "codec.coder: [a, b]"


@pytest.mark.parametrize("axes", [f"{WIDE}, {NARROW}", f"{NARROW}, {WIDE}"])
def test_of_two_axes_the_narrower_wins_in_any_order(axes: str) -> None:
    expected = [{"model": model, "coder": coder} for model in "xy" for coder in "ab"]
    text = f"sweep: {{{axes}}}"
    made = [root["codec"] for root in roots(text)]
    assert sorted(made, key=str) == sorted(expected, key=str)
    assert [change["codec"] for change in changes(text)] == made


@pytest.mark.parametrize(
    "options",
    [("codec.coder=a", "codec={model: y, coder: z}"), ("codec={model: y}", "codec.coder=a")],
)
def test_of_two_options_the_narrower_wins_in_any_order(options: tuple[str, ...]) -> None:
    assert roots("seed: 1", *options)[0]["codec"] == {"model": "y", "coder": "a"}


def test_an_option_below_a_swept_section_holds_in_every_cell() -> None:
    made = changes(f"sweep: {{{WIDE}}}", "codec.coder=a")
    assert made == [{"codec": {"model": model, "coder": "a"}} for model in "xy"]


def test_a_swept_field_of_a_section_that_an_option_sets_holds() -> None:
    made = roots(f"sweep: {{{NARROW}}}", "codec={model: y, coder: z}")
    assert [root["codec"]["coder"] for root in made] == ["a", "b"]


def test_option_of_a_swept_field_is_refused_as_ineffective() -> None:
    assert mistakes("sweep: {seed: [1, 2]}", "seed=3") == [
        "--set seed=3: seed is swept, so the option has no effect; set sweep.seed"
    ]


def test_cells_do_not_share_what_one_of_them_sets() -> None:
    text = "codec: {model: x}\nsweep: [{codec.coder: [a]}, {seed: [1]}]"
    assert [root["codec"] for root in roots(text)] == [
        {"model": "x", "coder": "a"},
        {"model": "x"},
    ]


@pytest.mark.parametrize(
    ("sweep", "mistake"),
    [
        ("{seed: [1, 2, 1]}", "1:22: sweep.seed[2] is 1, as sweep.seed[0] is; write each"),
        ("{a: [0, 0.0]}", "1:16: sweep.a[1] is 0.0, as sweep.a[0] is"),
        ("{a: [{b: 1, c: 2}, {c: 2, b: 1}]}", '1:27: sweep.a[1] is {"c": 2, "b": 1}, as'),
        ("{'a, b': [[1, 2], [1, 2]]}", "1:26: sweep.a, b[1] is [1, 2], as sweep.a, b[0] is"),
        ("{'a, b': [[1, 2]], b: [3]}", "1:27: sweep has two axes for b; it takes one"),
        (
            "{a: {start: 1, stop: 1.0000000000000002, step: 1.0e-17}}",
            "1:12: sweep.a[1] is 1.0, as sweep.a[0] is",
        ),
    ],
)
def test_equal_values_and_axes_are_refused_at_their_place(sweep: str, mistake: str) -> None:
    assert mistakes(f"sweep: {sweep}")[0].startswith(f"a.yaml:{mistake}")


def test_true_is_not_1() -> None:
    assert len(changes("sweep: {a: [true, 1]}")) == 2


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{start: 1.0e-13, stop: 3.0e-13, step: 1.0e-13}", [1e-13, 2e-13, 3e-13]),
        ("{start: 0, stop: 1.0e-300, step: 5.0e-301}", [0.0, 5e-301, 1e-300]),
        (
            "{start: 18446744073709551614, stop: 18446744073709551615, step: 1}",
            [2**64 - 2, 2**64 - 1],
        ),
        ("{start: 1.0e+307, stop: 1.5e+308, step: 7.0e+307}", [1e307, 8e307, 1.5e308]),
        ("{start: 1.0e-200, stop: 1.0e+200, factor: 1.0e+200}", [1e-200, 1.0, 1e200]),
        (
            "{start: 1, stop: 10, factor: 2.154434690031884}",
            [1, 2.154434690031884, 4.641588833612779, 10],
        ),
    ],
)
def test_ranges_are_as_exact_as_their_limits(written: str, values: list[float]) -> None:
    made = [change["a"] for change in changes(f"sweep: {{a: {written}}}")]
    assert made == pytest.approx(values, rel=1e-15, abs=0)
    assert len(set(made)) == len(made)
    assert made[-1] == values[-1]


@given(st.decimals(-1000, 1000, places=4), st.decimals("0.0001", 10, places=4), st.integers(0, 50))
def test_each_value_of_a_range_is_the_number_nearest_to_it(
    start: Decimal, step: Decimal, steps: int
) -> None:
    written = f"{{start: {start}, stop: {start + steps * step}, step: {step}}}"
    made = [change["a"] for change in changes(f"sweep: {{a: {written}}}")]
    assert made == [float(start + number * step) for number in range(steps + 1)]


@pytest.mark.parametrize(
    "written",
    [
        "{start: 0, stop: 1.0e+308, step: 1.0e-10}",
        "{start: -1.7e+308, stop: 1.7e+308, step: 5.0e-324}",
        "{start: 1.0e-300, stop: 1.0e+300, factor: 1.0000001}",
        "{start: 1, stop: 2, factor: 1.0000000000000002}",
    ],
)
def test_a_range_of_too_many_values_is_refused_at_its_place(written: str) -> None:
    (mistake,) = mistakes(f"sweep: {{a: {written}}}")
    assert mistake.startswith("a.yaml:1:12: sweep.a is {")
    assert "more than 100000 values; take a larger" in mistake
