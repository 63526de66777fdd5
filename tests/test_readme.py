"""What README.md and CONTRIBUTING.md show works as it stands there."""

import re
import shlex
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from semcomm.cli import main
from semcomm.experiment.data import Sample
from semcomm.experiment.scenario import read_scenario

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [shlex.split(line, comments=True) for line in re.findall(r"^    semcomm (.*)$", README, re.MULTILINE)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the photos that the page speaks of."""
    (tmp_path / "photos").mkdir()
    for number, image in enumerate(Sample().load(0, 3)):
        PIL.Image.fromarray(image[: 32 - number]).save(tmp_path / "photos" / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: bytes = b"") -> bytes:
    result = CliRunner().invoke(main, arguments, input=stdin, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout_bytes


def test_the_page_has_commands() -> None:
    assert {command[0] for command in COMMANDS} >= {"list", "run", "codec", "train", "transmit", "channel", "receive"}


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] in ("list", "run", "codec")], ids=" ".join)
def test_commands_of_the_page_work(here: Path, command: list[str], cifar10_root: Path) -> None:
    root = ["--data-root", str(cifar10_root), "--images", "2"] if command[0] == "run" else []
    assert run(*command, *root)


def test_the_three_processes_of_the_page_work(here: Path) -> None:
    transmit, channel, receive = (
        next(c for c in COMMANDS if c[0] == name) for name in ("transmit", "channel", "receive")
    )
    run(*transmit)
    source, target = (channel[channel.index(sign) + 1] for sign in "<>")
    Path(target).write_bytes(run(*channel[: channel.index("<")], stdin=Path(source).read_bytes()))
    run(*receive)
    assert len(list(Path("received").glob("*.png"))) == 3


def test_the_python_of_the_page_works() -> None:
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "load_codec" in block]
    names: dict[str, object] = {"np": np}
    exec(code, names)
    received = names["received"]
    assert len(received.images) == received.damaged.size == 256  # type: ignore[attr-defined]


def test_the_channel_of_contributing_works(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    (tmp_path / "frame_erasure.py").write_text(code)
    scenario = tmp_path / "erasures.yaml"
    scenario.write_text("codec: {model: vq-n64}\nchannel: {model: frame_erasure.py:FrameErasure, loss: 0.5}\n")
    assert vars(read_scenario(scenario).channel) == {"loss": 0.5}
