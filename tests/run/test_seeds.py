"""The generators of a run: each channel's key, on which all of its figures depend, is pinned."""

import pytest

from semcomm.run.seeds import channel_key
from semcomm.scenario.plugins import load_channel

KEYS: dict[str, tuple[dict[str, object], int]] = {
    "awgn": ({"esn0_db": 6.0}, 2074823906811897875),
    "binary_erasure": ({"erasure": 0.1}, 7524426915630084517),
    "binary_symmetric": ({"crossover": 0.001}, 16467465045561909416),
    "error_free": ({}, 7280481271330164720),
    "gilbert_elliott": (
        {"bad_share": 0.15, "burst_bits": 40.0, "bad_crossover": 0.4},
        9246722370358519744,
    ),
    "packet_erasure": ({"loss": 0.1}, 7652074211898625490),
    "rayleigh": ({"esn0_db": 12.0, "coherence": 40}, 12381329560300088929),
    "rician": ({"esn0_db": 12.0, "k_factor_db": 6.0}, 17789951252102356650),
}


@pytest.mark.parametrize("name", KEYS)
def test_channel_key_is_pinned(name: str) -> None:
    parameters, key = KEYS[name]
    assert channel_key(load_channel(name, **parameters)) == key
