"""The scenarios that compare what was trained for flipped bits with codes at equal total bits."""

import math
import re
from collections import Counter
from pathlib import Path

from scipy.stats import norm

from semcomm.framing import Framing
from semcomm.scenario.scenario import read_scenarios
from semcomm.systems.learned import LearnedCodec

FOLDER = Path(__file__).parents[2] / "experiments" / "learned-for-the-channel"
BITS = 512


def ideal_bits(crossover: float, frame_error_rate: float) -> int:
    """n (1 - h(p)) - sqrt(n V) Qinv(frame_error_rate) + log2(n) / 2, rounded down."""
    right = 1 - crossover
    entropy = -crossover * math.log2(crossover) - right * math.log2(right)
    spread = math.sqrt(BITS * crossover * right) * math.log2(right / crossover)
    backoff = spread * norm.isf(frame_error_rate)
    return math.floor(BITS * (1 - entropy) - backoff + math.log2(BITS) / 2)


def test_all_of_equal_bits_have_as_many() -> None:
    cells = Counter[tuple[str, float]]()
    for cell in read_scenarios("equal-bits"):
        scenario, link = cell.scenario, cell.scenario.link
        crossover = cell.settings()["channel.crossover"]
        cells[scenario.name, crossover] += 1
        if scenario.name == "uncoded":
            assert (scenario.framing, link.efficiency) == (Framing.raw(), 1)
            assert isinstance(scenario.codec, LearnedCodec)
            (codec,) = scenario.codec.load()
            assert 8 * math.prod(codec.index_shape((32, 32))) == BITS
            continue
        assert link.channel_uses == BITS
        expected = ideal_bits(crossover, 1e-3)
        if not link.ideal:
            assert link.code
            expected = math.floor(BITS * link.code.nominal_rate)
        assert scenario.terms.frame_bits == expected
    crossovers = (0.01, 0.05, 0.1)
    kinds = {"uncoded": 1, "ldpc": 4, "ideal": 1}
    assert cells == {(kind, p): count for kind, count in kinds.items() for p in crossovers}


def test_each_codec_meets_each_crossover(tiny_codec_file: Path, tmp_path: Path) -> None:
    """With the files that the page beside the scenario makes; here they are copies of one."""
    page, text = (FOLDER / "README.md").read_text(), (FOLDER / "crossovers.yaml").read_text()
    made = set(re.findall(r"(?:--name |--set name=)(\S+) ", page))
    for name in made:
        (tmp_path / f"{name}.safetensors").symlink_to(tiny_codec_file)
    (tmp_path / "crossovers.yaml").write_text(text)
    cells = read_scenarios(tmp_path / "crossovers.yaml")
    assert {cell.scenario.name for cell in cells} == made
    assert len(cells) == len(made) * 8
    for cell in cells:
        assert cell.settings()["codec.model"] == f"{cell.scenario.name}.safetensors"
        assert cell.scenario.framing == Framing.raw()
        assert cell.settings()["codec.entropy_coder"] == "fixed_length"
