"""Block sizes by image: weights, the code of the size, and a choice by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from block_sizes import (
    SIZE_ERRORS,
    Sizes,
    agreed_weight,
    choose_sizes,
    chosen_sizes,
    read_sizes,
    size_symbols,
)

RNG = np.random.default_rng(5)


def test_a_weight_by_hand() -> None:
    """From 100 to 200 channel uses one image gains 1 dB and the other 3: at weights from 0.01 to
    0.03 the second alone has 200.
    """
    values, sizes = np.array([[20.0, 20.0], [21.0, 23.0]]), np.array([100.0, 200.0])
    assert agreed_weight(values, sizes, 200) == 0
    assert agreed_weight(values, sizes, 150) == pytest.approx(0.01)
    assert agreed_weight(values, sizes, 149) == pytest.approx(0.03)
    assert choose_sizes(values, sizes, 0.02).tolist() == [0, 1]


def test_no_other_choice_of_the_same_mean_has_more_quality() -> None:
    """By all 3^5 choices of sizes for five images."""
    sizes = np.array([1.0, 2.0, 4.0])
    values = np.cumsum(RNG.random((3, 5)), axis=0)
    for mean_size in (1.2, 2.0, 3.0):
        choice = choose_sizes(values, sizes, agreed_weight(values, sizes, mean_size))
        mean = sizes[choice].mean()
        assert mean <= mean_size
        every = np.stack(np.meshgrid(*[range(3)] * 5), axis=-1).reshape(-1, 5)
        as_large = every[sizes[every].mean(axis=1) <= mean + 1e-12]
        best = values[as_large, range(5)].sum(axis=1).max()
        assert values[choice, range(5)].sum() == pytest.approx(best)


@pytest.mark.parametrize(("sizes", "esn0_db"), [(8, 10.0), (8, 0.0), (4, 4.0)])
def test_a_size_takes_few_symbols_and_is_rarely_wrong(sizes: int, esn0_db: float) -> None:
    """Errors of maximum-likelihood decisions are as rare as the bound says, at a lower Es/N0 where
    they can be counted, and one symbol less would not do.
    """
    symbols = size_symbols(sizes, esn0_db)
    width = int(np.log2(sizes))
    columns = (np.arange(2 * symbols) % (sizes - 1)) + 1
    words = np.array([[(n & c).bit_count() % 2 for c in columns.tolist()] for n in range(sizes)])
    assert np.unique(words, axis=0).shape[0] == sizes and width in (2, 3)
    deviation = np.sqrt(10 ** (-(esn0_db - 6) / 10))
    received = 1 - 2.0 * words[0] + deviation * RNG.normal(size=(20_000, words.shape[1]))
    wrong = float(np.mean((received @ (1 - 2.0 * words.T)).argmax(axis=1) != 0))
    weights = words[1:].sum(axis=1)
    bound = sum(_tail(np.sqrt(weight * 10 ** ((esn0_db - 6) / 10))) for weight in weights)
    assert bound / 4 < wrong < bound + 4 * np.sqrt(bound / 20_000)
    assert sum(_tail(np.sqrt(weight * 10 ** (esn0_db / 10))) for weight in weights) <= SIZE_ERRORS


def _tail(x: float) -> float:
    from scipy.stats import norm

    return float(norm.sf(x))


def images(psnrs: list[float], size: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": ["a", "b"],
            "psnr_db": psnrs,
            "mse": 255**2 / 10 ** (np.array(psnrs) / 10),
            "residual_frame_errors": 0,
            "channel_uses": size,
        }
    )


def test_a_choice_by_hand() -> None:
    """Of 128 and 256 uses, at 10 dB with two sizes: the bit of the size takes one symbol, as
    Q(sqrt(2 x 10)) is 4e-6. Losses at 256 uses cost 2 dB in the agreed
    images, so that the first test image, which gains 1 dB, stays at 128; what arrived has no part.
    """
    settings = {"scenario": "ecvq-sizes", "channel.esn0_db": "10", "link.channel_uses": "128"}
    measured = {"seed": "1", "images": "2", "psnr_db": "0", "psnr_db_ci95": "0"}
    row = pd.Series(settings | measured)
    sizes = np.array([128.0, 256.0])
    clean = [images([20, 20], 128), images([21, 26], 256)]
    agreed = Sizes(row, sizes, clean, [clean[0], images([19, 24], 256)])
    test = Sizes(row, sizes, clean, [images([11, 12], 128), images([13, 14], 256)])
    chosen = chosen_sizes(agreed, test, 300, "psnr_db")
    assert chosen.images["psnr_db"].tolist() == [11, 14]
    assert chosen.images["channel_uses"].tolist() == [129, 257]
    assert chosen.row["channel_uses_per_image"] == 193
    assert chosen.row["scenario"] == "ecvq-sizes-300-by-psnr_db"
    assert "seed" not in chosen.row and "link.channel_uses" not in chosen.row


def test_a_run_is_read_by_rising_size(tmp_path: Path) -> None:
    """Of one Es/N0; the numbers of cells are told by their PSNRs."""
    rows = [("undisturbed", 256), ("ecvq-sizes", 256), ("ecvq-sizes", 128), ("undisturbed", 128)]
    link = {"link.modulation": "qpsk", "link.code.rate": "1/2"}
    table = [{"scenario": name, **link, "link.channel_uses": size} for name, size in rows]
    pd.DataFrame(table).to_csv(tmp_path / "results.csv", index=False)
    cells = [images([cell, cell], 1).assign(cell=cell) for cell in range(4)]
    pd.concat(cells).to_csv(tmp_path / "per_image.csv", index=False)
    (sizes,) = read_sizes(tmp_path)
    assert sizes.sizes.tolist() == [128, 256] and sizes.row["link.channel_uses"] == "128"
    np.testing.assert_array_equal(sizes.clean_quality("psnr_db"), [[3, 3], [0, 0]])
    np.testing.assert_array_equal(sizes.losses("psnr_db"), [[3 - 2], [0 - 1]])
