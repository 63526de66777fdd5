"""The LLR that a decoder assigns to hard decisions affects the frame error rate; -s prints how."""

import numpy as np
import pytest

from semcomm.link.codes import LdpcCode

pytestmark = pytest.mark.slow

CROSSOVER, FRAMES, BITS = 0.08, 1000, 600


@pytest.fixture(scope="module")
def wrong_share() -> dict[str, float]:
    """Frame error rates of the code of rate 1/2 over a binary symmetric channel, by the LLR of a
    hard decision.
    """
    model, rng = LdpcCode("1/2"), np.random.default_rng(0)
    code, payloads = model.of(BITS), rng.integers(0, 2, (FRAMES, BITS), np.uint8)
    words, sent = code.encode(payloads), code.rate_match(code.sent_bits())
    arrived = words[:, sent] ^ (rng.random((FRAMES, sent.size)) < CROSSOVER)
    true = float(np.log(1 / CROSSOVER - 1))
    shares = {}
    for name, llr in {
        "1": 1.0,
        "at capacity": model.hard_llr,
        "true": true,
        "4": 4.0,
        "8": 8.0,
    }.items():
        llrs = np.zeros(words.shape, np.float32)
        llrs[:, sent] = llr * (1 - 2 * arrived.astype(np.float32))
        decoded = model.decode([code] * FRAMES, llrs.ravel()).reshape(FRAMES, -1)[:, :BITS]
        shares[name] = float((decoded != payloads).any(axis=1).mean())
        print(f"{name:>12}: LLR {llr:.2f}, {100 * shares[name]:.1f} % of {FRAMES} frames wrong")
    return shares


def test_llr_at_capacity_is_nearly_as_good_as_the_true_one(
    wrong_share: dict[str, float],
) -> None:
    assert wrong_share["at capacity"] < 1.5 * wrong_share["true"] + 0.01


def test_other_llrs_are_worse_than_the_one_at_capacity(wrong_share: dict[str, float]) -> None:
    for other in ("1", "4", "8"):
        assert wrong_share[other] > 2 * wrong_share["at capacity"]


@pytest.mark.parametrize(
    ("rate", "crossover"), [("1/2", 0.110028), ("3/4", 0.041693), ("1/5", 0.243003)]
)
def test_hard_llr_is_that_of_the_crossover_at_capacity(rate: str, crossover: float) -> None:
    entropy = -crossover * np.log2(crossover) - (1 - crossover) * np.log2(1 - crossover)
    assert 1 - entropy == pytest.approx(float(LdpcCode(rate).nominal_rate), abs=1e-5)
    assert LdpcCode(rate).hard_llr == pytest.approx(np.log(1 / crossover - 1), abs=1e-4)
