"""A sweep gives exactly the cells it says, and its mistakes have places."""

from typing import Any

import pytest

from semcomm.errors import ScenarioError
from semcomm.scenario.document import Document
from semcomm.scenario.sweep import cells


def changes(text: str) -> list[dict[str, Any]]:
    document = Document.parse(text, "a.yaml")
    found = [dict(cell.changes) for cell in cells(document)]
    document.finish()
    return found


def mistakes(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        changes(text)
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
    found = [change["a"] for change in changes(f"sweep: {{a: {written}}}")]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


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
    (told,) = mistakes(f"sweep: {{a: {written}}}")
    assert (
        told.startswith("a.yaml:1:12: sweep.a is")
        and "a step or a positive factor that leads to it" in told
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
    last = cells(document)[-1].document
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
        ("{a: {start: 0, stop: 1e9, step: 1e-9}}", "a.yaml:1:8", "more than 100000 cells"),
    ],
)
def test_a_mistake_in_the_sweep_has_its_place(sweep: str, place: str, says: str) -> None:
    first = mistakes(f"sweep: {sweep}")[0]
    assert first.startswith(f"{place}: ")
    assert says in first


def test_sweep_of_too_many_cells_is_refused_early() -> None:
    axes = ", ".join(f"a{axis}: {{start: 0, stop: 999, step: 1}}" for axis in range(9))
    assert "more than 100000 cells" in mistakes(f"sweep: {{{axes}}}")[0]
