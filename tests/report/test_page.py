"""The report in a browser: its controls work, and its values are those of the simulator."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import scipy.stats
from command import cli, cli_ok
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from waiting import until

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import canonical_codes
from semcomm.data.sample import Sample
from semcomm.framing import Framing
from semcomm.transmitter import Transmitter
from semcomm.zoo.find import load_codec

MakeRun = Callable[..., Path]

pytestmark = pytest.mark.browser

SCENARIO = """\
codec: {model: ecvq-n128-nu16, device: cpu}
framing: {header: true, slices: 2, crc: 16}
link: {modulation: qpsk}
channel: {model: awgn}
images: 24
sweep:
  name, codec: [[ecvq, {model: ecvq-n128-nu16}], [vq, {model: vq-n64}], [webp, {model: webp, quality: 10}]]
  framing.slices: [1]
  channel.esn0_db: [4, 6, 8, 10, 12]
"""
SYSTEMS, VALUES = ["ecvq", "vq", "webp"], [4, 6, 8, 10, 12]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three systems at five Es/N0, from hardly anything intact to nearly everything."""
    path = tmp_path_factory.mktemp("report") / "three systems.yaml"
    path.write_text(SCENARIO)
    cli_ok("run", path, "--out", path.with_name("run"), "--workers", 1)
    return path.with_name("run")


@pytest.fixture(scope="module")
def file(folder: Path) -> Path:
    path = folder.with_name("report.html")
    cli_ok("report", folder, "-o", path)
    return path


@pytest.fixture
def page(browser: Chrome, file: Path) -> Chrome:
    """The report as it opens: nothing hidden, the slider at 8 dB, the first image and system."""
    if browser.current_url != file.as_uri():
        opened(browser, file)
    browser.execute_script(
        "document.querySelectorAll('.legend [aria-pressed=false]').forEach((entry) => "
        "entry.click());"
        "slider.value = 2; slider.dispatchEvent(new Event('input'));"
        "document.querySelector('#thumbs button').click();"
        "const system = document.getElementById('system');"
        "system.selectedIndex = 0; system.dispatchEvent(new Event('change')); scrollTo(0, 0);"
    )
    return browser


def opened(browser: Chrome, file: Path) -> None:
    for log in ("browser", "performance"):
        browser.get_log(log)  # what was before is not the page's
    browser.get(file.as_uri())
    until(lambda: len(browser.find_elements(By.CSS_SELECTOR, ".plot svg")) == 2)


@pytest.fixture(scope="module")
def rows(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "results.csv")


@pytest.fixture(scope="module")
def images(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "per_image.csv")


def cell(system: str, value: int) -> int:
    return SYSTEMS.index(system) * len(VALUES) + VALUES.index(value)


def move_to(page: Chrome, value: int) -> None:
    """Move the slider by the keyboard's arrows, from wherever it stands."""
    slider = page.find_element(By.ID, "slider")
    steps = VALUES.index(value) - int(slider.get_property("value") or 0)
    slider.send_keys((Keys.ARROW_RIGHT if steps > 0 else Keys.ARROW_LEFT) * abs(steps))
    assert page.find_element(By.ID, "at").text == f"{value} dB"


def drawn(page: Chrome, name: str) -> str:
    """A figure as it is drawn, the slider's position in it."""
    svg = page.find_element(By.CSS_SELECTOR, f"#figure-{name} .plot svg")
    return str(svg.get_property("outerHTML"))


def pick(page: Chrome, number: int) -> None:
    click(page, page.find_elements(By.CSS_SELECTOR, "#thumbs button")[number])


def click(page: Chrome, item: WebElement) -> None:
    """Click in the middle of the window, where the slider's bar covers nothing."""
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", item)
    item.click()


def card(page: Chrome, system: str) -> WebElement:
    cards = page.find_elements(By.CSS_SELECTOR, ".card")
    return next(item for item in cards if item.find_element(By.TAG_NAME, "h3").text == system)


def readings(item: WebElement) -> dict[str, str]:
    """A list of names and values."""
    names, values = (item.find_elements(By.TAG_NAME, tag) for tag in ("dt", "dd"))
    return {name.text: value.text for name, value in zip(names, values, strict=True)}


def picture(item: WebElement) -> np.ndarray:
    """The pixels of an image element."""
    url = str(item.get_property("src"))
    with PIL.Image.open(io.BytesIO(b64decode(url.partition(",")[2]))) as opened:
        return np.array(opened.convert("RGB"))


def lines(page: Chrome, figure: str) -> list[str]:
    """The colours of the lines that a figure draws, sorted."""
    paths = page.find_elements(By.CSS_SELECTOR, f"#figure-{figure} .plot .mark-line path")
    return sorted(str(path.get_dom_attribute("stroke")) for path in paths)


def button(page: Chrome, figure: str, text: str) -> WebElement:
    buttons = page.find_elements(By.CSS_SELECTOR, f"#figure-{figure} button")
    return next(item for item in buttons if item.text == text)


def downloaded(folder: Path, name: str) -> str:
    return until(lambda: (folder / name).exists() and (folder / name).read_text())


def texts(page: Chrome, selector: str) -> list[str]:
    return list(
        page.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", selector
        )
    )


def console_messages(page: Chrome) -> list[str]:
    return [entry["message"] for entry in page.get_log("browser")]


def use_all(page: Chrome) -> None:
    move_to(page, 4)
    pick(page, 3)
    click(page, button(page, "axis", "vq"))
    click(page, button(page, "axis", "Data, CSV"))
    click(page, button(page, "rate", "Figure, SVG"))
    click(page, page.find_element(By.ID, "words-csv"))
    click(page, page.find_elements(By.CSS_SELECTOR, ".grid button")[5])


def test_nothing_leaves_the_page_and_the_console_stays_silent(
    browser: Chrome, downloads: Path, file: Path
) -> None:
    page = browser
    opened(page, file)
    use_all(page)
    until(lambda: len(list(downloads.glob("*.[cs][sv][vg]"))) == 3)
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    requests = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert file.as_uri() in requests
    assert [
        url for url in requests if url != file.as_uri() and not url.startswith(("data:", "blob:"))
    ] == []
    assert console_messages(page) == []


def test_the_page_forbids_the_browser_to_ask_anyone_for_anything(page: Chrome) -> None:
    """Fetching, images from elsewhere, and code made of text: the policy stops each."""
    script = (
        "const done = arguments[0], stopped = [];"
        "document.addEventListener('securitypolicyviolation', (e) => "
        "stopped.push(e.effectiveDirective));"
        "fetch('http://127.0.0.1:9/').catch(() => {}); new Image().src = 'http://127.0.0.1:9/a.png';"
        "const s = document.createElement('script'); s.textContent = 'window.bad = 1'; "
        "document.body.append(s);"
        "setTimeout(() => done([stopped.sort(), window.bad ?? null]), 500);"
    )
    stopped, bad = page.execute_async_script(script)
    assert stopped == ["connect-src", "img-src", "script-src-elem"]
    assert bad is None


@pytest.mark.parametrize("value", VALUES)
def test_the_slider_shows_each_systems_picture_and_figures(
    page: Chrome, images: pd.DataFrame, value: int
) -> None:
    move_to(page, value)
    for number in (0, 5):
        pick(page, number)
        for system in SYSTEMS:
            row = images[images.cell == cell(system, value)].iloc[number]
            assert readings(card(page, system)) == {
                "PSNR": f"{row.psnr_db:.2f} dB",
                "Bits": f"{row.bits:,}",
                "Channel uses": f"{row.channel_uses:,}",
                "Arrived": "damaged" if row.damaged else "intact",
            }
            received = picture(card(page, system).find_element(By.TAG_NAME, "img"))
            mse = np.mean((received.astype(float) - Sample().load(number, number + 1)[0]) ** 2)
            assert 10 * np.log10(255**2 / mse) == pytest.approx(row.psnr_db)


def test_damage_is_there_and_not_everywhere(images: pd.DataFrame) -> None:
    """Else the tests above would compare less than they seem to."""
    shares = images.groupby("cell").damaged.mean()
    assert shares[cell("ecvq", 4)] > 0.9
    assert shares[cell("ecvq", 12)] < 0.2


def test_arrows_move_the_slider_from_anywhere(page: Chrome) -> None:
    assert page.find_element(By.ID, "at").text == "8 dB"
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ARROW_LEFT)
    assert page.find_element(By.ID, "at").text == "6 dB"
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.ARROW_RIGHT * 9)
    assert page.find_element(By.ID, "at").text == "12 dB"
    assert "12 dB" in page.find_element(By.ID, "pictures-heading").text


def test_the_sent_image_is_the_data_sets(page: Chrome) -> None:
    thumbs = page.find_elements(By.CSS_SELECTOR, "#thumbs img")
    assert len(thumbs) == 8
    for number, image in enumerate(Sample().load(0, 8)):
        pick(page, number)
        assert np.array_equal(picture(thumbs[number]), image)
        assert np.array_equal(picture(page.find_element(By.ID, "sent")), image)


def test_the_error_map_is_how_far_pixels_are_apart(page: Chrome) -> None:
    move_to(page, 4)
    shown = card(page, "ecvq")
    canvas, received = (shown.find_element(By.TAG_NAME, tag) for tag in ("canvas", "img"))
    until(
        lambda: page.execute_script(
            "return arguments[0].dataset.drawn === arguments[0].dataset.key", canvas
        )
    )
    script = "const c = arguments[0]; return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    drawn = np.array(page.execute_script(script, canvas)).reshape(32, 32, 4)[..., :3]
    error = np.abs(picture(received).astype(float) - Sample().load(0, 1)[0]).mean(axis=2)
    place = np.minimum(error, 64) / 64 * 5
    stops = np.array(
        [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]]
    )
    colours = np.stack(
        [np.interp(place, range(6), stops[:, channel]) for channel in range(3)], axis=2
    )
    assert np.abs(drawn - colours).max() <= 0.5 + 1e-9  # rounded
    assert (error > 64).any()
    assert (error < 8).any()


def test_a_click_on_the_legend_hides_and_shows_a_line(page: Chrome) -> None:
    ecvq, webp, _ = every = ["#0072B2", "#009E73", "#D55E00"]
    assert lines(page, "axis") == every
    entry = button(page, "axis", "vq")
    click(page, entry)
    until(lambda: lines(page, "axis") == [ecvq, webp])
    assert entry.get_dom_attribute("aria-pressed") == "false"
    before = drawn(page, "axis")
    move_to(page, 10)
    until(lambda: drawn(page, "axis") != before)
    assert lines(page, "axis") == [ecvq, webp]
    click(page, entry)
    until(lambda: lines(page, "axis") == every)


def test_the_csv_is_the_simulators_with_its_intervals(
    page: Chrome, downloads: Path, rows: pd.DataFrame, images: pd.DataFrame
) -> None:
    click(page, button(page, "axis", "Data, CSV"))
    table = pd.read_csv(io.StringIO(downloaded(downloads, "axis.csv")))
    assert table.line.tolist() == [system for system in SYSTEMS for _ in VALUES]
    assert table["channel.esn0_db"].tolist() == VALUES * 3
    for name in ("psnr_db", "bits_per_image", "channel_uses_per_image", "images"):
        assert table[name].tolist() == rows[name].tolist()
    for number, psnrs in images.groupby("cell").psnr_db:
        low, high = scipy.stats.t.interval(
            0.95, len(psnrs) - 1, psnrs.mean(), scipy.stats.sem(psnrs)
        )
        assert table.psnr_db_low[number] == pytest.approx(low)
        assert table.psnr_db_high[number] == pytest.approx(high)


def test_the_rate_figures_csv_is_of_the_sliders_place(
    page: Chrome, downloads: Path, rows: pd.DataFrame
) -> None:
    move_to(page, 6)
    click(page, button(page, "rate", "Data, CSV"))
    table = pd.read_csv(io.StringIO(downloaded(downloads, "rate.csv")))
    wanted = rows.iloc[[cell(system, 6) for system in SYSTEMS]]
    assert table.psnr_db.tolist() == wanted.psnr_db.tolist()
    assert table.bits_per_image.tolist() == wanted.bits_per_image.tolist()


def test_the_svg_stands_alone_with_a_legend_of_what_is_shown(page: Chrome, downloads: Path) -> None:
    click(page, button(page, "axis", "vq"))
    click(page, button(page, "axis", "Figure, SVG"))
    svg = downloaded(downloads, "axis.svg")
    root = ElementTree.fromstring(svg)
    texts = {"".join(item.itertext()) for item in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"ecvq", "webp", "PSNR (dB)", "Es/N0 (dB)"} <= texts
    assert "vq" not in texts
    assert "#0072B2" in svg
    assert "#D55E00" not in svg


def test_pointing_at_a_point_reads_its_values(page: Chrome, rows: pd.DataFrame) -> None:
    discs = page.find_elements(By.CSS_SELECTOR, "#figure-axis .plot .hover_marks path")
    assert len(discs) == len(rows)
    number = cell("webp", 10)
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", discs[number])
    ActionChains(page).move_to_element(discs[number]).perform()
    tip = until(
        lambda: page.find_element(By.ID, "tip").is_displayed() and page.find_element(By.ID, "tip")
    )
    values = readings(tip)
    row = rows.iloc[number]
    assert tip.find_element(By.TAG_NAME, "strong").text == "webp"
    assert values["Es/N0 (dB)"] == "10"
    assert values["PSNR"].startswith(f"{row.psnr_db:.2f} ± ")
    assert values["Bits per image"].startswith(f"{row.bits_per_image:,.1f} ± ")


@pytest.mark.parametrize(("system", "codec_name"), [("ecvq", "ecvq-n128-nu16"), ("vq", "vq-n64")])
def test_the_code_is_the_transmitters(
    page: Chrome, folder: Path, system: str, codec_name: str
) -> None:
    number, codec = 4, load_codec(codec_name)
    sent = Transmitter(codec, "huffman", Framing()).transmit(Sample().load(0, 24))
    assert sent.encoded["indices"] is not None
    pick(page, number)
    for option in page.find_elements(By.CSS_SELECTOR, "#system option"):
        if option.text == system:
            option.click()
    rows, columns, groups = sent.encoded["indices"][number].shape
    shown = np.array(texts(page, ".grid button")).astype(int).reshape(groups, rows, columns)
    assert np.array_equal(np.moveaxis(shown, 0, 2), sent.encoded["indices"][number])

    words = words_of(codec)
    assert texts(page, "#bits .word") == [
        words[index] for index in sent.encoded["indices"][number].ravel()
    ]
    bits = "".join(map(str, sent.signal.split()[number].tolist()))
    assert "".join(page.find_element(By.ID, "bits").text.split()) == bits
    assert len(page.find_element(By.CSS_SELECTOR, "#bits .check").text) == 16

    table = [row.split() for row in texts(page, "#words tbody tr")]
    counts = np.bincount(
        np.concatenate([grid.ravel() for grid in sent.encoded["indices"]]), minlength=len(words)
    )
    here = np.bincount(sent.encoded["indices"][number].ravel(), minlength=len(words))
    assert len(table) == len(words)
    for row in table:
        index = int(row[0])
        assert row[1:4] == [words[index], str(len(words[index])), str(counts[index])]
        assert row[4] == f"{100 * counts[index] / counts.sum():.2f}"
        assert row[8:] == ([str(here[index])] if here[index] else [])


def words_of(codec: Codec) -> list[str]:
    lengths = codec.code_lengths
    return [
        f"{code:0{length}b}" for code, length in zip(canonical_codes(lengths), lengths, strict=True)
    ]


def test_pointing_at_bits_marks_their_position_and_reads_it_out(page: Chrome) -> None:
    move_to(page, 4)
    word = page.find_elements(By.CSS_SELECTOR, "#bits .word")[21]
    click(page, word)
    (marked,) = page.find_elements(By.CSS_SELECTOR, ".grid .pointed")
    assert marked.get_dom_attribute("data-position") == "21"
    readout = page.find_element(By.ID, "readout").text
    assert f"Row 2, column 3, sub-vector 2: codeword {marked.text}" in readout
    assert f"{word.text}, {len(word.text)} bits" in readout


def test_positions_that_arrived_wrong_are_marked(page: Chrome, images: pd.DataFrame) -> None:
    for value in (4, 12):
        move_to(page, value)
        wrong = page.find_elements(By.CSS_SELECTOR, ".grid .wrong")
        assert len(wrong) == images[images.cell == cell("ecvq", value)].iloc[0].index_errors
    move_to(page, 4)
    assert len(page.find_elements(By.CSS_SELECTOR, ".grid .wrong")) > 10


def test_an_image_format_has_no_code_to_show(page: Chrome) -> None:
    assert [option.text for option in page.find_elements(By.CSS_SELECTOR, "#system option")] == [
        "ecvq",
        "vq",
    ]


def test_the_origin_is_shown(page: Chrome, folder: Path) -> None:
    origin = json.loads((folder / "origin.json").read_text())
    text = page.find_element(By.CSS_SELECTOR, ".origin").text
    for entry in (
        origin["command"],
        origin["date"],
        origin["versions"]["torch"],
        "channel.esn0_db",
        "ecvq, vq, webp",
    ):
        assert entry in text


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_paper_and_both_schemes(
    page: Chrome, width: int, media: str, scheme: str
) -> None:
    screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    try:
        until(
            lambda: page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        )
        ink, paper = (brightness(page, name) for name in ("color", "backgroundColor"))
        assert (ink > paper) == (scheme == "dark" and media == "screen")
        assert abs(ink - paper) > 150
        assert page.find_element(By.ID, "slider").is_displayed() == (media == "screen")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def brightness(page: Chrome, name: str) -> float:
    colour = page.execute_script(f"return getComputedStyle(document.body).{name}")
    return float(np.mean([int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]))


def test_names_from_strangers_are_text(browser: Chrome, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    name = "<img src=x onerror=window.bad=1>"
    for number, image in enumerate(Sample().load(0, 2)):
        PIL.Image.fromarray(image).save(photos / f"{name}{number}.png")
    scenario = tmp_path / "mine.yaml"
    scenario.write_text("codec: {model: webp, quality: 20}\ndata: {images: photos}\n")
    run = tmp_path / "</script><script>window.bad=2</script>"
    cli_ok("run", scenario, "--out", run)
    cli_ok("report", run, "-o", tmp_path / "r.html")
    browser.get_log("browser")
    browser.get((tmp_path / "r.html").as_uri())
    until(lambda: browser.find_elements(By.CSS_SELECTOR, ".plot svg"))
    assert browser.execute_script("return window.bad ?? null") is None
    assert name in browser.find_element(By.ID, "name").text
    assert str(run) in browser.find_element(By.CSS_SELECTOR, ".origin h3").text
    assert browser.find_elements(By.ID, "slider") == []
    assert console_messages(browser) == []


def test_images_of_any_size_and_of_lost_size_are_shown(browser: Chrome, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (cat,) = Sample().load(0, 1)
    for name, pixels in {"a": cat.repeat(6, axis=0).repeat(6, axis=1), "b": cat[:9, :30]}.items():
        PIL.Image.fromarray(pixels).save(photos / f"{name}.png")
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(
        "codec: {model: ecvq-n128-nu16, device: cpu}\ndata: {images: photos}\n"
        "channel: {model: binary_symmetric}\nsweep: {channel.crossover: [0, 0.5]}\n"
    )
    cli_ok("run", scenario, "--out", tmp_path / "run")
    cli_ok("report", tmp_path / "run", "-o", tmp_path / "r.html")
    browser.get_log("browser")
    browser.get((tmp_path / "r.html").as_uri())
    until(lambda: browser.find_elements(By.CSS_SELECTOR, ".plot svg"))
    assert browser.find_element(
        By.ID, "no-code"
    ).is_displayed()  # the large one has 48 x 48 x 2 positions
    assert not browser.find_element(By.ID, "bits").is_displayed()
    pick(browser, 1)
    assert len(texts(browser, ".grid button")) == 3 * 8 * 2
    browser.find_element(By.ID, "slider").send_keys(Keys.ARROW_LEFT)
    canvas = browser.find_element(By.TAG_NAME, "canvas")
    until(lambda: canvas.get_dom_attribute("data-drawn"))
    assert canvas.is_displayed()
    assert picture(browser.find_element(By.CSS_SELECTOR, ".card img")).shape == (9, 30, 3)
    browser.find_element(By.ID, "slider").send_keys(Keys.ARROW_RIGHT)  # half of all bits are wrong
    assert picture(browser.find_element(By.CSS_SELECTOR, ".card img")).shape == (32, 32, 3)
    assert not canvas.is_displayed()
    assert readings(browser.find_element(By.CLASS_NAME, "card"))["Arrived"] == "damaged"
    assert console_messages(browser) == []


def test_an_analogue_system_shows_uses_symbols_and_gains(
    browser: Chrome, make_run: MakeRun, tmp_path: Path
) -> None:
    rows = [
        {
            "scenario": "deepjscc",
            "codec.model": "deepjscc",
            "channel.esn0_db": esn0_db,
            "images": 8,
            "channel_uses_per_image": 128.0,
            "psnr_db": 20.0 + esn0_db,
        }
        for esn0_db in (0, 4)
    ]
    run = make_run(rows, symbols=True, subcarriers=6)
    cli_ok("report", run, "-o", tmp_path / "r.html")
    browser.get_log("browser")
    browser.get((tmp_path / "r.html").as_uri())
    until(lambda: len(browser.find_elements(By.CSS_SELECTOR, ".plot svg")) == 2)
    assert "Channel uses per image" in browser.find_element(By.ID, "figure-rate").text
    shown = browser.find_element(By.CLASS_NAME, "card")
    assert readings(shown) == {"PSNR": "20.50 dB", "Channel uses": "12"}
    dots = shown.find_element(By.CSS_SELECTOR, ".constellation .dots")
    assert str(dots.get_dom_attribute("d")).count("M") == 12
    assert "12 channel symbols" in shown.find_element(By.TAG_NAME, "figcaption").text
    gains = shown.find_element(By.CLASS_NAME, "gains")
    line, loads = (gains.find_element(By.CLASS_NAME, name) for name in ("line", "loads"))
    assert len(re.findall("[ML]", str(line.get_dom_attribute("d")))) == 6
    assert re.findall(r"v(-?\d+)", str(loads.get_dom_attribute("d"))) == ["0", "-28"] * 3
    assert "6 subcarriers, first frame; beneath, the bits of each, 6 in all" in gains.text
    assert not browser.find_element(By.ID, "code").is_displayed()
    assert console_messages(browser) == []


def test_accuracy_and_the_link_stand_beside_psnr(
    browser: Chrome, downloads: Path, make_run: MakeRun, tmp_path: Path
) -> None:
    rows = [
        {"scenario": "a", "codec.model": "vq", "channel.esn0_db": esn0_db, "images": 8}
        | {"bits_per_image": 9.0, "channel_uses_per_image": 9.0, "psnr_db": 20.0}
        | {"accuracy": 0.5, "accuracy_low": 0.4, "accuracy_high": 0.6}
        | {"accuracy_on_originals": 0.93}
        | {"adapted_modulation": "64qam", "adapted_code_rate": "466/1024"}
        for esn0_db in (0, 4)
    ]
    run = make_run(rows, {"psnr_db": [20.5, 21.5], "accuracy": [1, 0]})
    cli_ok("report", run, "-o", tmp_path / "r.html")
    browser.get_log("browser")
    browser.get((tmp_path / "r.html").as_uri())
    until(lambda: len(browser.find_elements(By.CSS_SELECTOR, ".plot svg")) == 3)
    link, shown = {"Modulation and rate": "64qam 466/1024"}, card(browser, "vq")
    values = {"PSNR": "20.50 dB", "Class": "recognized", "Channel uses": "12"}
    assert readings(shown) == values | link
    pick(browser, 1)
    assert readings(shown)["Class"] == "not recognized"
    figure = browser.find_element(By.ID, "figure-accuracy")
    assert "Dotted: images as sent, 0.9300." in figure.text
    assert figure.find_elements(By.CSS_SELECTOR, ".mark-rule line[stroke-dasharray='1,3']")
    disc = browser.find_element(By.CSS_SELECTOR, "#figure-accuracy .plot .hover_marks path")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", disc)
    ActionChains(browser).move_to_element(disc).perform()
    tip = browser.find_element(By.ID, "tip")
    until(tip.is_displayed)
    assert (readings(tip) | link | {"Accuracy": "0.5000 ± 0.1000"}) == readings(tip)
    click(browser, button(browser, "accuracy", "Data, CSV"))
    table = pd.read_csv(io.StringIO(downloaded(downloads, "accuracy.csv")))
    assert table[["accuracy", "accuracy_low"]].to_numpy().tolist() == [[0.5, 0.4]] * 2
    assert console_messages(browser) == []


def refusal(*arguments: Any) -> str:
    result = cli("report", *arguments)
    assert result.exit_code == 2
    return result.output


def test_a_report_of_nothing_is_refused(folder: Path, tmp_path: Path) -> None:
    assert "folders of runs" in refusal(folder / "results.csv", "-o", tmp_path / "r.html")
    (tmp_path / "empty").mkdir()
    assert "results.csv: No such file" in refusal(tmp_path / "empty", "-o", tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_runs_of_other_images_are_refused(folder: Path, tmp_path: Path) -> None:
    cli_ok("run", "error-free", "--images", 3, "--out", tmp_path / "three")
    assert "sent different images" in refusal(folder, tmp_path / "three", "-o", tmp_path / "r.html")


def test_it_is_small(file: Path) -> None:
    assert file.stat().st_size < 2_500_000


def test_the_envelope_draws_the_best_and_its_csv_names_them(
    browser: Chrome, downloads: Path, make_run: MakeRun, tmp_path: Path
) -> None:
    measured = [("qpsk", 0, 18.0), ("16qam", 0, 12.0), ("qpsk", 9, 19.0), ("16qam", 9, 21.0)]
    rows = [
        {"scenario": "a", "codec.model": "vq", "link.modulation": modulation}
        | {"channel.esn0_db": esn0_db, "images": 8, "bits_per_image": 9.0, "psnr_db": psnr_db}
        | {"channel_uses_per_image": 9.0}
        for modulation, esn0_db, psnr_db in measured
    ]
    cli_ok("report", make_run(rows), "-o", tmp_path / "best.html")
    browser.get((tmp_path / "best.html").as_uri())
    until(lambda: len(browser.find_elements(By.CSS_SELECTOR, ".plot svg")) == 3)
    assert (len(lines(browser, "axis")), len(lines(browser, "envelope"))) == (2, 1)
    click(browser, button(browser, "envelope", "Data, CSV"))
    table = pd.read_csv(io.StringIO(downloaded(downloads, "envelope.csv")))
    assert table[["line", "best"]].to_numpy().tolist() == [["vq", "qpsk"], ["vq", "16qam"]]
    assert table.psnr_db.tolist() == [18, 21]


def test_of_many_lines_a_group_is_chosen_by_the_keyboard(
    browser: Chrome, downloads: Path, make_run: MakeRun, tmp_path: Path
) -> None:
    """14 lines, 7 of each modulation. The CSV has all of them, the SVG those that are shown."""
    rows = [
        {"scenario": "a", "codec.model": "vq", "link.code.rate": rate, "images": 8}
        | {"link.modulation": modulation, "channel.esn0_db": esn0_db, "psnr_db": 18.0 + esn0_db}
        | {"bits_per_image": 9.0, "channel_uses_per_image": 9.0}
        for rate in ("1/3", "1/2", "2/3", "3/4", "5/6", "7/8", "9/10")
        for modulation in ("qpsk", "16qam")
        for esn0_db in (0, 9)
    ]
    cli_ok("report", make_run(rows), "-o", tmp_path / "many.html")
    browser.get_log("browser")
    browser.get((tmp_path / "many.html").as_uri())
    until(lambda: len(lines(browser, "axis")) == 7)
    assert len(set(lines(browser, "axis"))) == 7
    figure = browser.find_element(By.ID, "figure-axis")
    select = figure.find_element(By.TAG_NAME, "select")
    assert [option.text for option in select.find_elements(By.TAG_NAME, "option")] == [
        *("qpsk", "16qam", "all")
    ]
    at = browser.find_element(By.ID, "at").text
    select.send_keys(Keys.ARROW_DOWN)
    shown = until(lambda: [entry for entry in legend(figure) if entry.startswith("16qam")])
    assert shown == legend(figure) and len(shown) == 7
    assert browser.find_element(By.ID, "at").text == at  # the slider stays
    click(browser, button(browser, "axis", "Data, CSV"))
    table = pd.read_csv(io.StringIO(downloaded(downloads, "axis.csv")))
    assert table.line.nunique() == 14
    click(browser, button(browser, "axis", "Figure, SVG"))
    svg = downloaded(downloads, "axis.svg")
    assert "16qam, rate 1/3" in svg and "qpsk, rate" not in svg
    select.send_keys(Keys.ARROW_DOWN)
    until(lambda: len(lines(browser, "axis")) == 14)
    phone = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        until(lambda: browser.execute_script("return document.body.scrollWidth <= innerWidth"))
        assert select.is_displayed() and select.rect["x"] + select.rect["width"] < 360
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert console_messages(browser) == []


def legend(figure: WebElement) -> list[str]:
    entries = figure.find_elements(By.CSS_SELECTOR, ".legend button")
    return [entry.text for entry in entries if entry.is_displayed()]
