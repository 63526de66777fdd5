"""Recipes: the values of the paper's section IV, and how the rate weight and the learning rates move through a
training.
"""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcomm.codec.training.bit_flips import BitFlips
from semcomm.codec.training.recipe import Recipe

SHARES = st.floats(0, 1)


def test_defaults_are_what_section_iv_of_the_paper_states() -> None:
    recipe = Recipe()
    assert (recipe.learning_rate, recipe.epochs, recipe.batch_size) == (1e-3, 128, 64)
    assert (recipe.commitment_weight, recipe.rate_weights) == (0.25, [1 / 16])
    assert Recipe("vq").rate_weights == [0]


def test_the_rate_weight_rises_to_its_value_over_the_ramp() -> None:
    recipe = Recipe(rate_weight=0.2, rate_ramp=0.5)
    weights = [recipe.rate_weights_at(progress)[0] for progress in (0, 0.125, 0.25, 0.5, 0.75, 1)]
    assert weights == pytest.approx([0, 0.05, 0.1, 0.2, 0.2, 0.2])


@given(SHARES)
def test_without_a_ramp_the_rate_weight_is_there_from_the_start(progress: float) -> None:
    assert Recipe(rate_weight=0.2, rate_ramp=0.0).rate_weights_at(progress) == [0.2]


def test_vq_with_a_rate_weight_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^rate_weight is 0.2; vq takes 0.*`ecvq`$"):
        Recipe(quantizer="vq", rate_weight=0.2)
    assert Recipe(quantizer="vq", rate_weight=0.0).rate_weights == [0]


def test_a_channel_takes_vq() -> None:
    with pytest.raises(ValueError, match=r"^quantizer is ecvq; with a channel,.* takes `vq`$"):
        Recipe(channel=BitFlips(0.1))


def test_rate_weights_of_levels_have_equal_ratios() -> None:
    recipe = Recipe(rate_weight=0.4, finest_rate_weight=0.05, levels=4, rate_ramp=0.5)
    assert recipe.rate_weights == pytest.approx([0.4, 0.2, 0.1, 0.05])
    assert recipe.rate_weights_at(0.25) == pytest.approx([0.2, 0.1, 0.05, 0.025])


def test_finer_levels_count_more() -> None:
    recipe = Recipe(rate_weight=0.4, finest_rate_weight=0.004, levels=3)
    coarse, middle, fine = recipe.level_weights
    assert coarse + middle + fine == pytest.approx(1)
    assert (middle / coarse, fine / coarse) == pytest.approx((10**0.45, 100**0.45))
    assert Recipe().level_weights == Recipe(quantizer="vq").level_weights == [1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"levels": 2, "rate_weight": 0.1},
            "levels is 2; .* rate_weight and a finest_rate_weight",
        ),
        (
            {"levels": 2, "finest_rate_weight": 0.1},
            "levels is 2; .* rate_weight and a finest_rate_weight",
        ),
        ({"finest_rate_weight": 0.1}, "finest_rate_weight is 0.1; .* levels"),
        (
            {"levels": 3, "rate_weight": 1, "finest_rate_weight": 0.1, "batch_size": 2},
            "levels is 3; .* batch, which has 2",
        ),
        (
            {"levels": 2, "rate_weight": 1, "finest_rate_weight": 0.1, "level_groups": (1, 2, 2)},
            "level_groups has 3 numbers; .* one per level, of which there are 2",
        ),
        ({"level_groups": (2, 2)}, "level_groups has 2 numbers; .* there are 1"),
    ],
)
def test_levels_that_cannot_be_trained_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**settings)


def test_learning_rates_follow_half_a_cosine_down_to_0() -> None:
    factors = [Recipe().learning_rate_at(0, progress) for progress in (0, 1 / 3, 1 / 2, 2 / 3, 1)]
    assert factors == pytest.approx([1, 3 / 4, 1 / 2, 1 / 4, 0])
    assert Recipe().learning_rate_at(0, 0.1) == pytest.approx(math.cos(math.pi * 0.05) ** 2)


def test_learning_rates_rise_in_equal_steps_before() -> None:
    recipe = Recipe(warm_up_steps=3)
    assert [recipe.learning_rate_at(step, 0) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]
    assert recipe.learning_rate_at(1, 0.5) == pytest.approx(0.25)
