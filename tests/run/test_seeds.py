"""The generators of a run: each channel's key, on which all of its figures depend, is pinned."""

import numpy as np
import pytest

from semcomm.fading import FlatFading
from semcomm.frames import Symbols
from semcomm.run.seeds import block_generator, channel_key
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
    "rayleigh estimated": (
        {"esn0_db": 12.0, "coherence": 40, "estimation": "pilots", "pilots": 2},
        12381329560300088929,
    ),
    "tdl": ({"esn0_db": 10.0, "profile": "c", "delay_spread_ns": 300.0}, 5276050746548917040),
    "tdl estimated": (
        {
            "esn0_db": 10.0,
            "profile": "c",
            "delay_spread_ns": 300.0,
            "estimation": "lmmse",
            "pilot_spacing": 4,
            "pilot_period": 2,
        },
        5276050746548917040,
    ),
    "rician": ({"esn0_db": 12.0, "k_factor_db": 6.0}, 17789951252102356650),
}


@pytest.mark.parametrize("name", KEYS)
def test_channel_key_is_pinned(name: str) -> None:
    parameters, key = KEYS[name]
    assert channel_key(load_channel(name.split()[0], **parameters)) == key


def test_known_and_estimated_gains_meet_the_same_fades() -> None:
    """With the same gains and noise, r / g times g is the same r."""
    symbols = Symbols(np.ones(400, np.complex128), np.full(2, 200))
    received = {}
    for estimation in ("known", "pilots"):
        channel = load_channel(
            "rayleigh", esn0_db=10.0, coherence=40, estimation=estimation, pilots=2
        )
        assert isinstance(channel, FlatFading)
        rng = block_generator(7, channel, 0)
        received[estimation] = (
            channel.transmit(symbols, rng),
            channel.gains(np.full(2, 6), block_generator(7, channel, 0)),
        )
    known, gains = received["known"]
    estimated, same = received["pilots"]
    assert np.array_equal(gains, same)
    blocks = np.repeat(np.arange(12), [38] * 5 + [10] + [38] * 5 + [10])
    ratio = known.symbols.values / estimated.symbols.values  # g / h: one per block
    for block in range(12):
        assert np.allclose(ratio[blocks == block], ratio[blocks == block][0])
