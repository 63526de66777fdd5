"""The scenarios that compare what was trained for flipped bits with codes at equal total bits."""

import math
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


def test_each_codec_meets_each_crossover() -> None:
    """A codec of each file that stands beside the scenario, and one that ships."""
    cells = read_scenarios(FOLDER / "crossovers.yaml")
    models = Counter(cell.settings()["codec.model"] for cell in cells)
    files = [file.name for file in FOLDER.glob("*.safetensors")]
    assert models == dict.fromkeys([*files, "vq-n128"], 8)
    for cell in cells:
        scenario, settings = cell.scenario, cell.settings()
        assert isinstance(scenario.codec, LearnedCodec)
        (codec,) = scenario.codec.load()
        bits = (codec.geometry.codewords - 1).bit_length()
        indices = math.prod(codec.index_shape((32, 32)))
        assert bits * indices == (2 * BITS if "1024" in scenario.name else BITS)
        assert scenario.framing == Framing.raw()
        assert settings["codec.entropy_coder"] == "fixed_length"
