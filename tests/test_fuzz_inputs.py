"""A small part of tools/fuzz_inputs.py, which takes 20,000."""

from pathlib import Path

import fuzz_inputs
import pytest


@pytest.mark.filterwarnings("ignore")  # numpy warns of the NaN and the infinities that are fuzzed
def test_fuzzed_inputs_end_in_figures_or_messages(tmp_path: Path) -> None:
    outcomes, failures = fuzz_inputs.fuzz(250, seed=17, folder=tmp_path)
    assert failures == []
    assert sum(outcomes.values()) == 250
    kinds = {name.partition(":")[0] for name in outcomes}
    assert {f"{kind}: done" for kind in kinds} | {f"{kind}: refused" for kind in kinds} == set(
        outcomes
    )
