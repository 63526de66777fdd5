"""Which setting the slider moves over, and how the others name the lines."""

from typing import Any

import pytest

from semcomm.report.lines import MAX_LINES, groups, labels, slider_axis, unify_null_sections


def product(**values: list[Any]) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = [{}]
    for key, of_key in values.items():
        cells = [{**cell, key.replace("__", "."): value} for cell in cells for value in of_key]
    return cells


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
def test_the_slider_moves_over_the_preferred_number(
    cells: list[dict[str, Any]], key: str, values: list[float | None]
) -> None:
    axis = slider_axis(cells)
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
def test_no_slider_over_seeds_names_booleans_or_single_numbers(
    cells: list[dict[str, Any]],
) -> None:
    assert slider_axis(cells) is None


def test_labels_hold_only_settings_that_differ() -> None:
    cells = product(
        link__modulation=["qpsk", "16qam"], framing__slices=[1, 2], channel__esn0_db=[0, 1]
    )
    assert list(dict.fromkeys(labels(cells, ["channel.esn0_db"]))) == [
        "qpsk, slices 1",
        "qpsk, slices 2",
        "16qam, slices 1",
        "16qam, slices 2",
    ]


def test_a_unique_name_is_the_whole_label() -> None:
    cells = [
        {"name": name, "link.code.rate": rate}
        for name, rate in (("weak", "8/9"), ("strong", "1/3"))
    ]
    assert labels(cells, []) == ["weak", "strong"]


def test_a_setting_is_in_the_label_only_where_it_distinguishes() -> None:
    cells = [*product(name=["huffman"], framing__slices=[1, 2]), {"name": "fixed-length"}]
    assert labels(cells, []) == ["huffman, slices 1", "huffman, slices 2", "fixed-length"]


def test_a_named_system_is_one_line_whatever_follows_the_axis() -> None:
    """vq has another codec at the second Es/N0, and two numbers of channel uses. Of other, two
    codecs meet at one Es/N0.
    """
    rows = [("vq", 0, "a", 256), ("vq", 5, "b", 256), ("vq", 0, "b", 512), ("vq", 5, "b", 512)]
    rows += [("other", 0, "a", 256), ("other", 0, "b", 256)]
    keys = "name", "channel.esn0_db", "codec.model", "link.channel_uses"
    cells = [dict(zip(keys, row, strict=True)) for row in rows]
    assert labels(cells, ["channel.esn0_db"]) == [
        *["vq, channel uses 256"] * 2,
        *["vq, channel uses 512"] * 2,
        *["other, a", "other, b"],
    ]


def test_without_names_each_codec_is_a_line() -> None:
    cells = [{"codec.model": codec, "channel.esn0_db": number} for number, codec in enumerate("ab")]
    assert labels(cells, ["channel.esn0_db"]) == ["a", "b"]


def test_null_and_missing_settings_have_different_labels() -> None:
    off: dict[str, Any] = {"link.retransmission": None}
    cells = unify_null_sections([off, {"link.retransmission.model": "chase"}, {}])
    assert labels(cells, []) == ["no retransmission", "chase", "default retransmission"]


def test_numbers_and_rates_carry_their_setting() -> None:
    cells = [{"link.code.rate": rate, "seed": seed} for rate in ("1/2", "3/4") for seed in (1, 2)]
    assert labels(cells, []) == [
        "rate 1/2, seed 1",
        "rate 1/2, seed 2",
        "rate 3/4, seed 1",
        "rate 3/4, seed 2",
    ]


def test_few_lines_are_one_group() -> None:
    cells = product(name=list("abcdef"), link__modulation=["qpsk", "16qam"])
    assert groups(cells, []) == [""] * MAX_LINES


def test_many_lines_are_grouped_by_the_setting_with_fewest_groups() -> None:
    """Ten names over six links: a rate has 30 lines and a modulation 20, so that names group them.
    Over two rates alone, each of these has ten.
    """
    rates, modulations = ["1/2", "3/4"], ["qpsk", "16qam", "64qam"]
    of_both = {"link__code__rate": rates, "link__modulation": modulations}
    cells = product(name=list("abcdefghij"), channel__esn0_db=[0, 9], **of_both)
    assert groups(cells, ["channel.esn0_db"]) == [cell["name"] for cell in cells]
    cells = product(name=list("abcdefghij"), link__code__rate=rates)
    assert groups(cells, []) == [f"rate {cell['link.code.rate']}" for cell in cells]


def test_without_groups_small_enough_the_largest_is_smallest() -> None:
    links = [f"{number}/99" for number in range(13)]
    cells = product(name=["a", "b", "c", "d"], link__code__rate=links, seed=list(range(5)))
    assert groups(cells, []) == [f"rate {cell['link.code.rate']}" for cell in cells]


def test_lines_of_one_setting_stay_together() -> None:
    cells = product(seed=list(range(40)))
    assert groups(cells, []) == [""] * 40
