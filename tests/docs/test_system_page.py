"""docs/guides/system.md: its systems are those of tests/systems/, and the one of bits does what it
says. tests/systems/test_own_system.py has that of symbols.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from command import cli
from pages import ROOT, blocks

from semcomm.choices import DamagedPolicy
from semcomm.frames import Reception
from semcomm.framing import Framing
from semcomm.stages import Samples
from semcomm.terms import Terms

PAGE = ROOT / "docs" / "guides" / "system.md"
FEW_COLOURS = ROOT / "tests" / "systems" / "few_colours.py"


@pytest.fixture(scope="module")
def module() -> ModuleType:
    spec = spec_from_file_location("few_colours", FEW_COLOURS)
    assert spec is not None
    assert spec.loader is not None
    result = module_from_spec(spec)
    spec.loader.exec_module(result)
    return result


def received(
    module: ModuleType,
    images: Samples,
    *,
    framing: Framing | None = None,
    damaged: DamagedPolicy = "conceal",
    flipped: tuple[int, ...] = (),
) -> Samples:
    """What 3 bits per colour make of the images where bits at these places flip."""
    system, terms, framing = module.FewColours(bits=3), Terms(), framing or Framing()
    sender = system.transmitter(terms, framing)
    frames = sender.packetize(sender.encode(images)).signal
    bits = frames.bits.copy()
    bits[list(flipped)] ^= 1
    receiver = system.receiver(terms, framing, damaged)
    arrived = receiver.depacketize(Reception.of(frames.with_bits(bits)))
    assert arrived.damaged.any() == bool(flipped)
    samples: Samples = receiver.reconstruct(arrived).samples
    return samples


def plain(colour: tuple[int, int, int], height: int = 32, width: int = 32) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def test_the_page_shows_the_systems_that_are_tested() -> None:
    shown = {block.file: block.text for block in blocks(PAGE) if block.language == "python"}
    assert len(shown) == 2
    for name, text in shown.items():
        assert text == (FEW_COLOURS.parent / name).read_text()


def test_a_colour_becomes_the_middle_of_its_interval(module: ModuleType) -> None:
    (image,) = received(module, [plain((0, 100, 255))])
    assert (image == [16, 112, 240]).all()  # intervals of 32: 0 to 31, 96 to 127, 224 to 255


def test_images_of_other_sizes_arrive_by_their_headers(module: ModuleType) -> None:
    images = [plain((0, 0, 0), 8, 12), plain((255, 255, 255))]
    assert [image.shape for image in received(module, images)] == [(8, 12, 3), (32, 32, 3)]


def test_a_flipped_bit_changes_one_patch_or_is_dropped(module: ModuleType) -> None:
    raw, black = Framing(header=False, crc=16), plain((0, 0, 0))
    (kept,) = received(module, [black], framing=raw, flipped=(0,))
    assert (kept[:4, :4] == [144, 16, 16]).all()  # of red the highest of three bits
    assert (kept[4:] == 16).all()
    (dropped,) = received(module, [black], framing=raw, damaged="drop", flipped=(0,))
    assert (dropped == 144).all()


def test_several_slices_are_refused_at_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("few.yaml").write_text(
        f"codec: {{model: {FEW_COLOURS}:FewColours}}\nframing: {{slices: 2}}\n"
        "channel: {model: error_free}\n"
    )
    result = cli("run", "few.yaml")
    assert result.exit_code == 2
    assert "few.yaml:2:19: framing.slices is 2; an image is one frame" in result.stderr
