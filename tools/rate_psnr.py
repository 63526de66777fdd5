"""Make the scenario of the rate-PSNR curves and of their seeds: codecs by equal recipes.

python tools/rate_psnr.py > experiments/rate-psnr/rate-psnr.yaml

It has the codecs that are there: those of experiments/rate-psnr/ and experiments/codecs/, and those
that ship. Systems of which none is there are left out.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from safetensors import safe_open

from semcomm.folders import ZOO

EXPERIMENTS = Path(__file__).parents[1] / "experiments"

SEEDS = range(5)
RATES = (310, 740, 990)
BASELINE_VQ = ("vq-n64-k64", "vq-n64", "vq-n128-k16", "vq-n128-k64", "vq-n128")
BASELINE_ECVQ = ("ecvq-n128-nu8", "ecvq-n128-nu16", "ecvq-n128-nu24")
CLASSICAL = ("classical-n128-nu8", "classical-n128-nu16", "classical-n128-nu24")
LEVELS = tuple(f"ecvq-levels@{level}" for level in range(8))


class System(NamedTuple):
    """Cells of the scenario under one name.

    settings: key paths and values in YAML, beside the entropy coder.
    """

    name: str
    coder: str
    codecs: Sequence[str]
    settings: tuple[tuple[str, str], ...] = ()


def seeds_of(system: str) -> list[str]:
    return [f"{system}-s{seed}" for seed in SEEDS]


def curve_of(system: str) -> list[str]:
    """By rising rate; seed 0 is the point in the middle."""
    low, *higher = (f"{system}-{rate}" for rate in RATES)
    return [low, f"{system}-s0", *higher]


REFINED = (("codec.refinement_steps", "10"),)
SYSTEMS = (
    System("baseline-vq", "huffman", BASELINE_VQ),
    System("baseline-ecvq", "huffman", BASELINE_ECVQ),
    System("classical", "huffman", CLASSICAL),
    System("better-vq", "huffman", curve_of("better-vq")),
    System("better-ecvq", "huffman", curve_of("better-ecvq")),
    System("better-ecvq-one-block", "huffman", ["better-ecvq-one-block"]),
    *(
        System(f"{system}-seeds{suffix}", coder, seeds_of(system))
        for system in ("baseline-vq", "baseline-ecvq", "better-vq", "better-ecvq")
        for suffix, coder in (
            ("-fixed", "fixed_length"),
            ("", "huffman"),
            ("-context", "context"),
        )
    ),
    System("levels", "huffman", LEVELS),
    System("levels-context", "context", LEVELS),
    System("level-refined", "context", ["ecvq-levels@3"], REFINED),
    System(
        "level-refined-budget",
        "context",
        ["ecvq-levels@3"],
        (*REFINED, ("codec.budget_bits", "512")),
    ),
)


def scenario() -> str:
    """The scenario's text, with a comment where codecs are left out."""
    missing = {
        codec for system in SYSTEMS for codec in system.codecs if not model_of(codec, system.coder)
    }
    lines = [
        "# Codecs by equal recipes (README.md beside it). Made by `python tools/rate_psnr.py`.",
        *([f"# {len(missing)} codecs are left out: no file, or no context model."] * bool(missing)),
        "",
        "data: {name: sample}",
        "codec: {model: ecvq-n128-nu16}",
        "framing: none",
        "sweep:",
    ]
    for system in SYSTEMS:
        models = [model for codec in system.codecs if (model := model_of(codec, system.coder))]
        if models:
            lines += grid(system, models)
    return "\n".join(lines) + "\n"


def grid(system: System, models: Sequence[str]) -> list[str]:
    settings = (("codec.entropy_coder", system.coder), *system.settings)
    return [
        f"  - name: [{system.name}]",
        *(f"    {key}: [{value}]" for key, value in settings),
        "    codec.model:",
        *(f"      - {model}" for model in models),
    ]


def model_of(codec: str, coder: str) -> str | None:
    """What the scenario calls the codec; None where its file, or a context model in it, lacks."""
    name = codec.partition("@")[0]
    for path, model in (
        (EXPERIMENTS / "rate-psnr" / f"{name}.safetensors", f"{name}.safetensors"),
        (EXPERIMENTS / "codecs" / f"{name}.safetensors", f"../codecs/{name}.safetensors"),
        (ZOO / f"{name}.safetensors", codec),
    ):
        if path.exists():
            return model if coder != "context" or has_context(path) else None
    return None


def has_context(path: Path) -> bool:
    with safe_open(path, "np") as file:
        names = file.keys()
    return any(name.startswith("context.") for name in names)


if __name__ == "__main__":
    sys.stdout.write(scenario())
