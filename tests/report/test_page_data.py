"""The data of a report's page, of runs made by hand: digital, analogue, and with other measures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semcomm.errors import ReportError
from semcomm.report.charts import APPROXIMATION_DASH, style_of
from semcomm.report.page_data import figures, page_data
from semcomm.report.runs import read_runs

MakeRun = Callable[..., Path]


def cell(name: str, esn0_db: float, uses: float, **measured: Any) -> dict[str, Any]:
    settings = {"codec.model": name, "channel.model": "awgn", "channel.esn0_db": esn0_db}
    rates = {"images": 8, "channel_uses_per_image": uses}
    return {"scenario": name, **settings, **rates, **measured}


def digital(esn0_db: float, psnr_db: float) -> dict[str, Any]:
    measured = {"quantizer": "vq", "bits_per_image": 512.0, "bits_per_image_ci95": 4.0}
    return cell("vq", esn0_db, 256.0, **measured, psnr_db=psnr_db, psnr_db_ci95=0.5)


def analogue(esn0_db: float, psnr_db: float, uses: float = 128.0) -> dict[str, Any]:
    return cell("deepjscc", esn0_db, uses, psnr_db=psnr_db, psnr_db_ci95=0.25)


def titles(figure: dict[str, Any]) -> set[str]:
    return {axis["title"] for axis in figure["axes"] if "title" in axis}


def test_bits_are_the_rate_where_all_systems_send_bits(make_run: MakeRun) -> None:
    data = page_data(read_runs([make_run([digital(0, 18), digital(4, 20)])]))
    assert (data["rate"]["key"], data["rate"]["label"]) == ("bits_per_image", "Bits per image")
    assert titles(figures(data)["rate"]["page"]) == {"Bits per image", "PSNR (dB)"}


def test_channel_uses_are_the_rate_where_a_system_has_no_bits(make_run: MakeRun) -> None:
    rows = [digital(0, 18), digital(4, 20), analogue(0, 19), analogue(4, 22)]
    data = page_data(read_runs([make_run(rows)]))
    assert data["rate"]["key"] == "channel_uses_per_image"
    assert titles(figures(data)["rate"]["page"]) == {"Channel uses per image", "PSNR (dB)"}
    assert [family["label"] for family in data["families"]] == ["vq", "deepjscc"]
    assert [point["channel_uses_per_image"] for point in data["points"]] == [256, 256, 128, 128]
    assert [point["bits_per_image"] for point in data["points"]] == [512, 512, None, None]
    assert [point["hull"] for point in data["points"]] == [[0], [1], [0], [1]]


def test_runs_of_analogue_systems_need_no_column_of_bits(make_run: MakeRun) -> None:
    folder = make_run([analogue(0, 19), analogue(4, 22, 256.0)], symbols=True)
    data = page_data(read_runs([folder]))
    assert data["rate"]["key"] == "channel_uses_per_image"
    assert set(figures(data)) == {"rate", "axis"}
    assert len(data["constellations"]) == 4
    assert {len(shown["points"]) for shown in data["constellations"]} == {12}
    first = data["points"][1]["first"][0]
    assert (first["quality"], first["channel_uses"]) == (20.5, 12)
    assert first["bits"] is None and first["damaged"] is None


def test_gains_are_drawn_of_each_nth_subcarrier(make_run: MakeRun) -> None:
    data = page_data(read_runs([make_run([digital(0, 18)], subcarriers=2050)]))
    numbers = [first["gains"] for first in data["points"][0]["first"]]
    assert numbers == [0, 0]
    (gains,) = data["gains"]
    assert gains["of"] == 2050 and gains["bits"] == 2050
    assert gains["decibels"] == [-3.0 * n for n in range(684)]
    assert gains["loads"] == [0, 2] * 342


def test_folders_with_and_without_bits_go_together(make_run: MakeRun) -> None:
    folders = [make_run([digital(0, 18)], name="one"), make_run([analogue(0, 19)], name="two")]
    data = page_data(read_runs(folders))
    assert data["rate"]["key"] == "channel_uses_per_image"
    assert [system["label"] for system in data["systems"]] == ["vq", "deepjscc"]


def test_the_first_measured_quality_is_drawn_without_psnr(make_run: MakeRun) -> None:
    rows = [
        cell("a", 0, 9.0, bpp=0.5, accuracy=0.5, accuracy_low=0.4, accuracy_high=0.6, ssim=0.1),
        cell("a", 4, 9.0, bpp=0.5, accuracy=0.75, accuracy_low=0.7, accuracy_high=0.8, ssim=0.2),
    ]
    data = page_data(read_runs([make_run(rows, {"accuracy": [True, False]})]))
    assert (data["quality"]["key"], data["quality"]["name"]) == ("accuracy", "Accuracy")
    assert titles(figures(data)["axis"]["page"]) == {"Es/N0 (dB)", "Accuracy"}
    assert [point["accuracyLow"] for point in data["points"]] == [0.4, 0.7]
    assert [first["quality"] for first in data["points"][0]["first"]] == [1, 0]


def test_columns_of_a_system_are_no_quality(make_run: MakeRun) -> None:
    """Nor are those of ESC codebooks, which come before the measures."""
    of_bits = {"unfit": 0, "side_information_bits": 0, "energy_per_channel_use": 1.0}
    of_codebooks = {"sub_vectors_0": 64.0, "flips_0_0": 0.1, "flips_0_0_learned": 0.1}
    row = cell("a", 0, 9.0, **of_bits, **of_codebooks, accuracy=0.5)
    data = page_data(read_runs([make_run([row], {"accuracy": [1, 0]})]))
    assert data["quality"]["key"] == "accuracy"


def test_of_an_error_the_lower_hull_is_drawn(make_run: MakeRun) -> None:
    """And each matrix has its own NMSE in dB."""
    rows = [
        cell("a", 0, uses, **{"codec.bits": uses}, bits_per_image=uses, nmse=nmse, nmse_db=nmse_db)
        for uses, nmse, nmse_db in ((1.0, 0.5, -3.0), (2.0, 0.1, -10.0), (3.0, 0.2, -7.0))
    ]
    data = page_data(read_runs([make_run(rows, {"nmse": [0.1, 0.01]})]))
    assert data["quality"]["key"] == "nmse_db" and data["quality"]["hull"] == "lower"
    assert [first["quality"] for first in data["points"][0]["first"]] == pytest.approx([-10, -20])
    on_hull = [bool(point["hull"]) for point in data["points"]]
    assert on_hull == [True, True, False]


def judged(esn0_db: float, **measured: Any) -> dict[str, Any]:
    accuracy = {"accuracy": 0.5, "accuracy_low": 0.4, "accuracy_high": 0.6}
    return cell("a", esn0_db, 9.0, psnr_db=20.0, **accuracy) | measured


def test_accuracy_has_a_figure_beside_that_of_psnr(make_run: MakeRun) -> None:
    per_image = {"psnr_db": [20.0, 21.0], "accuracy": [True, None]}
    data = page_data(read_runs([make_run([judged(0), judged(4)], per_image)]))
    assert (data["quality"]["key"], data["accuracy"]["key"]) == ("psnr_db", "accuracy")
    assert set(figures(data)) == {"rate", "axis", "accuracy"}
    assert titles(figures(data)["accuracy"]["page"]) == {"Es/N0 (dB)", "Accuracy"}
    assert [point["accuracyHigh"] for point in data["points"]] == [0.6, 0.6]
    assert [first["accuracy"] for first in data["points"][0]["first"]] == [1, None]


def test_accuracy_on_originals_is_a_rule(make_run: MakeRun) -> None:
    """One for both rows, and above all their intervals."""
    rows = [judged(esn0_db, accuracy_on_originals=0.93) for esn0_db in (0, 4)]
    data = page_data(read_runs([make_run(rows, {"psnr_db": [20.0, 21.0], "accuracy": [1, 1]})]))
    assert (data["accuracy"]["originals"], data["quality"]["originals"]) == ([0.93], [])
    figure = figures(data)["accuracy"]["page"]
    assert [{"y": 0.93}] in [source.get("values") for source in figure["data"]]
    (axis,) = (scale for scale in figure["scales"] if scale["name"] == "y")
    assert axis["domain"][1] > 0.93


def test_a_point_has_the_modulation_and_rate_of_its_link(make_run: MakeRun) -> None:
    """Of an adaptive link those that it took; none without a code."""
    rows = [
        judged(0, **{"link.modulation": "16qam", "link.code.rate": "1/2"}),
        judged(4, **{"link.modulation": "adaptive"})
        | {"adapted_modulation": "64qam", "adapted_code_rate": "466/1024"},
        judged(7, **{"link.modulation": "qpsk"}),
    ]
    data = page_data(read_runs([make_run(rows)]))
    assert [point["link"] for point in data["points"]] == ["16qam 1/2", "64qam 466/1024", None]


def test_psnr_is_drawn_wherever_it_was_measured(make_run: MakeRun) -> None:
    rows = [cell("a", 0, 9.0, ssim=0.1, psnr_db=None), cell("a", 4, 9.0, ssim=0.2, psnr_db=20.0)]
    data = page_data(read_runs([make_run(rows, {"ssim": [0.5, 0.5]})]))
    assert [point["psnr_db"] for point in data["points"]] == [None, 20]
    assert [point["hull"] for point in data["points"]] == [[], [1]]
    assert data["points"][0]["first"][0]["quality"] is None
    assert set(figures(data)) == {"rate", "axis"}


def test_a_run_without_any_quality_is_an_error(make_run: MakeRun) -> None:
    with pytest.raises(ReportError, match="quality"):
        read_runs([make_run([cell("a", 0, 9.0, damaged_images=0, bit_errors=3)])])


@pytest.mark.parametrize("content", ["[]", "{}", '{"command": "a", "date": "b", "versions": 3}'])
def test_an_origin_of_another_content_is_an_error(make_run: MakeRun, content: str) -> None:
    folder = make_run([digital(0, 19)])
    (folder / "origin.json").write_text(content)
    with pytest.raises(ReportError, match=r"origin\.json: it .*writes it again"):
        read_runs([folder])


def test_a_lone_line_is_named_after_its_codec(make_run: MakeRun) -> None:
    data = page_data(read_runs([make_run([analogue(0, 19)])]))
    assert [line["label"] for line in data["systems"] + data["families"]] == ["deepjscc"] * 2


def modulated(name: str, esn0_db: float, modulation: str, psnr_db: float) -> dict[str, Any]:
    return {**digital(esn0_db, psnr_db), "scenario": name, "link.modulation": modulation}


def test_an_envelope_is_the_best_of_each_codecs_links(make_run: MakeRun) -> None:
    rows = [
        modulated("a", 0, "qpsk", 18),
        modulated("a", 0, "16qam", 12),
        modulated("a", 9, "qpsk", 19),
        modulated("a", 9, "16qam", 21),
    ]
    data = page_data(read_runs([make_run(rows)]))
    assert [system["label"] for system in data["systems"]] == ["qpsk", "16qam"]
    assert [line["label"] for line in data["envelopes"]] == ["vq"]
    assert [point["envelope"] for point in data["points"]] == [0, None, None, 0]
    assert set(figures(data)) == {"rate", "axis", "envelope"}


def test_styles_of_many_lines_differ_in_each_group(make_run: MakeRun) -> None:
    rates = ["1/3", "1/2", "2/3", "3/4", "5/6", "7/8", "9/10"]
    links = [(modulation, rate) for rate in rates for modulation in ("qpsk", "16qam")]
    rows = [
        modulated("a", esn0_db, modulation, 18) | {"link.code.rate": rate}
        for modulation, rate in links
        for esn0_db in (0, 9)
    ]
    systems = page_data(read_runs([make_run(rows)]))["systems"]
    assert [system["group"] for system in systems] == ["qpsk", "16qam"] * 7
    assert [system["style"] for system in systems[::2]] == [style_of(n) for n in range(7)]
    assert [system["style"] for system in systems[1::2]] == [style_of(n) for n in range(7)]


def test_analogue_systems_are_grouped_with_digital_ones_of_as_many_channel_uses(
    make_run: MakeRun,
) -> None:
    rows = [
        {**digital(0, 18), "scenario": name, "link.channel_uses": uses}
        for name in "abcdef"
        for uses in (256, 512)
    ]
    rows += [{**analogue(0, 19, float(uses)), "scenario": f"of-{uses}"} for uses in (256, 512)]
    rows += [{**row, "channel.esn0_db": 9} for row in rows]
    systems = page_data(read_runs([make_run(rows)]))["systems"]
    groups = [system["group"] for system in systems]
    assert groups == ["channel uses 256", "channel uses 512"] * 7
    assert [system["label"] for system in systems[-2:]] == ["of-256", "of-512"]


def test_names_are_the_lines_of_an_envelope(make_run: MakeRun) -> None:
    rows = [
        modulated("a", 0, "qpsk", 18),
        modulated("a", 0, "16qam", 18),  # as good, and second
        modulated("a", 9, "qpsk", 19),
        modulated("b", 0, "qpsk", 17),
        modulated("b", 9, "qpsk", 25),
    ]
    data = page_data(read_runs([make_run(rows)]))
    assert [line["label"] for line in data["envelopes"]] == ["a", "b"]
    assert [point["envelope"] for point in data["points"]] == [0, None, 0, 1, 1]


def test_an_envelope_is_chosen_at_equal_channel_uses(make_run: MakeRun) -> None:
    rows = [
        modulated("a", 0, modulation, psnr_db) | {"link.channel_uses": uses}
        for uses, modulation, psnr_db in (
            (256, "qpsk", 18),
            (256, "16qam", 17),
            (512, "qpsk", 20),
            (512, "16qam", 22),
        )
    ]
    rows += [{**row, "channel.esn0_db": 9} for row in rows]
    for names in ("aaaa", "aabb"):
        named = [row | {"scenario": name} for row, name in zip(rows, 2 * names, strict=True)]
        data = page_data(read_runs([make_run(named, name=names)]))
        assert len(data["envelopes"]) == 2
        assert [point["envelope"] for point in data["points"]] == 2 * [0, None, None, 1]


def test_without_a_choice_there_is_no_envelope(make_run: MakeRun) -> None:
    rows = [modulated(name, esn0_db, "qpsk", 18) for name in "ab" for esn0_db in (0, 9)]
    data = page_data(read_runs([make_run(rows)]))
    assert data["envelopes"] == []
    assert {point["envelope"] for point in data["points"]} == {None}
    assert set(figures(data)) == {"rate", "axis"}


def test_an_ideal_code_is_a_line_of_its_own_and_says_so(make_run: MakeRun) -> None:
    rows = [
        modulated("a", esn0_db, modulation, psnr_db)
        | {"link.ideal.frame_error_rate": 0.001 if ideal else None}
        for modulation, ideal, psnr_db in (
            ("qpsk", False, 18),
            ("qpsk", True, 20),
            ("16qam", True, 21),
        )
        for esn0_db in (0, 9)
    ]
    data = page_data(read_runs([make_run(rows)]))
    labels = ["qpsk", "qpsk (normal approximation)", "16qam (normal approximation)"]
    assert [line["label"] for line in data["systems"]] == labels
    assert [line["label"] for line in data["envelopes"]] == ["vq", "vq (normal approximation)"]
    assert [point["envelope"] for point in data["points"]] == [0, 0, None, None, 1, 1]
    dashes = [line["style"]["dash"] for line in data["systems"]]
    assert dashes == [[1, 0], APPROXIMATION_DASH, APPROXIMATION_DASH]


def test_names_shared_with_an_ideal_code_are_two_lines(make_run: MakeRun) -> None:
    rows = [
        modulated(name, esn0_db, modulation, 18) | {"link.ideal.frame_error_rate": rate}
        for name, modulation, rate in (
            ("a", "qpsk", None),
            ("a", "16qam", None),
            ("a", "qpsk", 0.01),
            ("b", "qpsk", None),
        )
        for esn0_db in (0, 9)
    ]
    data = page_data(read_runs([make_run(rows)]))
    expected = ["a", "a (normal approximation)", "b"]
    assert [line["label"] for line in data["envelopes"]] == expected
