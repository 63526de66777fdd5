"""What messages and help advise is accepted when it is typed, and names mean the same everywhere."""

import re
from pathlib import Path

import PIL.Image
import pytest
from click.testing import Result
from command import cli, cli_ok

from semcomm.scenario.scenario import read_scenarios
from semcomm.scenario.training import read_training


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with one image, 40 pixels wide and 24 high."""
    monkeypatch.chdir(tmp_path)
    PIL.Image.new("RGB", (40, 24)).save("a.png")
    return tmp_path


def refused(*arguments: object) -> Result:
    """What is told where these arguments are not accepted."""
    result = cli(*arguments)
    assert result.exit_code == 2
    return result


RUN = "run", "error-free", "--out", "out", "--set", "data={images: a.png}"
TRANSMIT = "transmit", "a.png", "--codec", "vq-n64", "-o", "sent.sem"


def test_an_image_of_another_size_takes_what_its_error_names() -> None:
    """The scenario writes `framing: none`, below which `framing.header` is set."""
    advised = "set framing.header to true (transmit: --header), or framing.size (--size)"
    assert advised in refused(*RUN).stderr
    cli_ok(*RUN, "--set", "framing.header=true")
    cli_ok(*RUN, "--fresh", "--set", "framing.size=[24, 40]")
    assert advised in refused(*TRANSMIT, "--no-header").stderr
    cli_ok(*TRANSMIT, "--header")
    cli_ok(*TRANSMIT, "--no-header", "--size", 24, 40)


def test_a_channel_of_symbols_takes_what_its_error_names() -> None:
    cli_ok(*TRANSMIT)
    channel = "channel", "awgn", "sent.sem", "--set", "esn0_db=10", "-o", "arrived.sem"
    assert "it takes link.modulation (--modulation): bpsk, qpsk" in refused(*channel).stderr
    cli_ok(*channel, "--modulation", "qpsk")


EBN0 = """\
codec: {model: vq-n64}
images: 1
link: {modulation: qpsk, code: {model: repetition, times: 2}}
channel: {model: awgn}
sweep: {channel.KEY: [0, 4]}
"""


@pytest.mark.parametrize(("key", "esn0_db"), [("ebn0_db", 4), ("esn0_db", 4)])
def test_ebn0_has_one_name_in_all_commands(folder: Path, key: str, esn0_db: float) -> None:
    """With one payload bit per symbol, Eb/N0 is Es/N0; written or not, it is a column."""
    (folder / "mine.yaml").write_text(EBN0.replace("KEY", key))
    where = "--where", "channel.ebn0_db=4"
    cli_ok("run", "mine.yaml", "--out", "out", *where)
    columns = "--columns", "channel.ebn0_db,channel.esn0_db"
    shown = cli_ok("table", "out", *where, *columns).output.split()
    assert list(map(float, shown[2:])) == [4, esn0_db]
    assert "ebn0_db" not in (folder / "out" / "results.csv").read_text().split("\n")[0].split(",")
    for command in (("run", "mine.yaml", "--out", "out"), ("table", "out")):
        told = refused(*command, "--where", "ebn0_db=4").stderr
        assert "the column ebn0_db is now called channel.ebn0_db" in told
    cells = read_scenarios("mine.yaml", [f"sweep.channel.{key}=[4]", "images=1"])
    assert [cell.scenario.channel.esn0_db for cell in cells] == [esn0_db]  # type: ignore[union-attr]


def test_examples_of_the_help_are_taken() -> None:
    for command in ("run", "train"):
        text = " ".join(cli_ok(command, "--help").output.split())
        example = re.search(r"as in --set (\S+=\S+);", text)
        assert example
        if command == "run":
            assert read_scenarios("error-free", [example[1]])
        else:
            assert read_training("ecvq-n128-nu16", [example[1]])


UNKNOWN = [
    (["channel", "binary_symetric", "sent.sem", "--set", "crossover=0"], "binary_symmetric"),
    (["channel", "ERROR-FREE", "sent.sem"], "error_free"),
    (["channel", "binary_symmetric", "sent.sem", "--set", "cross_over=0"], "crossover"),
    (["transmit", "a.png", "--codec", "vq-n46"], "vq-n64"),
    ([*RUN, "--set", "codec={model: webpp, quality: 10}"], "webp"),
    ([*RUN, "--set", "codec.model=vq_n64"], "vq-n64"),
    ([*RUN, "--set", "measures=[psnr]"], "psnr_db"),
    ([*RUN, "--set", "framing.crcs=8"], "crc"),
    (["table", "out", "--columns", "psnr_bd"], "psnr_db"),
    (["table", "out", "--where", "seeds=0"], "seed"),
    (["run", "binary-symetric", "--images", 1, "--out", "other"], "binary-symmetric"),
]


@pytest.fixture
def results() -> None:
    """A transmission and a run's folder."""
    cli_ok(*TRANSMIT)
    cli_ok(*RUN, "--set", "framing.header=true")


@pytest.mark.parametrize(("arguments", "meant"), UNKNOWN)
def test_an_unknown_name_is_answered_with_one_that_is_taken(
    arguments: list[str], meant: str, results: None
) -> None:
    told = refused(*arguments).stderr
    offered = re.search(r"did you mean `([^`]+)`", told)
    assert offered and offered[1] == meant, told
    extra = ["--set", "framing.header=true"] if "error-free" in arguments else []
    typed = [re.sub(WRONG, meant, str(argument)) for argument in arguments]
    cli_ok(*typed, *extra, *(["--fresh"] if arguments[0] == "run" else []))


WRONG = "binary_symetric|ERROR-FREE|cross_over|vq-n46|webpp|vq_n64|psnr_bd|(?<=\\[)psnr|crcs|seeds|binary-symetric"


def test_a_folder_mended_takes_the_same_command(folder: Path) -> None:
    """An image that is broken is taken away; nothing had been done before."""
    (folder / "photos").mkdir()
    (folder / "a.png").rename(folder / "photos" / "a.png")
    (folder / "photos" / "broken.jpg").write_bytes(b"")
    command = "run", "error-free", "--out", "out", "--set", "data={images: photos}"
    assert "broken.jpg cannot be read" in refused(*command, "--set", "framing.header=true").stderr
    (folder / "photos" / "broken.jpg").unlink()
    cli_ok(*command, "--set", "framing.header=true")
