"""Which setting becomes the slider's, and what lines are called by the others."""

from typing import Any

import pytest

from semcomm.report.lines import aligned, axis_of, flat, labels


def product(**values: list[Any]) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = [{}]
    for key, of_key in values.items():
        cells = [{**cell, key.replace("__", "."): value} for cell in cells for value in of_key]
    return cells


def test_settings_go_by_their_key_path() -> None:
    assert flat({"a": 1, "link": {"code": {"rate": "1/2"}, "modulation": None}}) == {
        "a": 1,
        "link.code.rate": "1/2",
        "link.modulation": None,
    }


@pytest.mark.parametrize(
    ("cells", "key", "values"),
    [
        (
            product(channel__esn0_db=[3, 1.5, -2], channel__doppler=[1, 2, 3, 4]),
            "channel.esn0_db",
            [-2, 1.5, 3],
        ),
        (
            product(link__iterations=[1, 2, 3], channel__crossover=[0.1, 0.2]),
            "channel.crossover",
            [0.1, 0.2],
        ),
        (product(channel__a=[1, 2], channel__b=[1, 2, 3]), "channel.b", [1, 2, 3]),
        (product(link__interleaving=[None, 4, 1]), "link.interleaving", [None, 1, 4]),
        (product(codec__quality=[10, 20], framing__slices=[1, 2]), "codec.quality", [10, 20]),
        ([*product(codec__quality=[10, 20]), {"name": "other"}], "codec.quality", [10, 20]),
    ],
)
def test_the_slider_moves_over_the_number_that_says_most(
    cells: list[dict[str, Any]], key: str, values: list[float | None]
) -> None:
    axis = axis_of(cells)
    assert axis is not None
    assert (axis.key, axis.values) == (key, values)


@pytest.mark.parametrize(
    "cells",
    [
        product(),
        product(seed=[1, 2, 3]),
        product(framing__header=[True, False]),
        product(link__modulation=["qpsk", "16qam"]),
        product(channel__pilots=["known", 2, 4]),
        product(link__interleaving=[None, 4]),
    ],
)
def test_there_is_no_slider_over_seeds_names_truth_values_and_single_numbers(
    cells: list[dict[str, Any]],
) -> None:
    assert axis_of(cells) is None


def test_lines_are_called_by_what_tells_them_apart_and_nothing_else() -> None:
    cells = product(
        link__modulation=["qpsk", "16qam"], framing__slices=[1, 2], channel__esn0_db=[0, 1]
    )
    assert list(dict.fromkeys(labels(cells, ["channel.esn0_db"]))) == [
        "qpsk, slices 1",
        "qpsk, slices 2",
        "16qam, slices 1",
        "16qam, slices 2",
    ]


def test_a_name_of_their_own_is_enough_where_it_tells_all_apart() -> None:
    cells = [
        {"name": name, "link.code.rate": rate}
        for name, rate in (("weak", "8/9"), ("strong", "1/3"))
    ]
    assert labels(cells, []) == ["weak", "strong"]


def test_a_setting_is_told_only_where_it_tells_something() -> None:
    cells = [*product(name=["huffman"], framing__slices=[1, 2]), {"name": "fixed-length"}]
    assert labels(cells, []) == ["huffman, slices 1", "huffman, slices 2", "fixed-length"]


def test_what_is_switched_off_and_what_is_not_said_are_told_apart() -> None:
    off: dict[str, Any] = {"link.retransmission": None}
    cells = aligned([off, {"link.retransmission.model": "chase"}, {}])
    assert labels(cells, []) == ["no retransmission", "chase", "default retransmission"]


def test_numbers_and_rates_carry_their_setting() -> None:
    cells = [{"link.code.rate": rate, "seed": seed} for rate in ("1/2", "3/4") for seed in (1, 2)]
    assert labels(cells, []) == [
        "rate 1/2, seed 1",
        "rate 1/2, seed 2",
        "rate 3/4, seed 1",
        "rate 3/4, seed 2",
    ]
