"""NMSE and cosine similarity of channel matrices, by cases worked by hand and by identities."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from semcomm.errors import MeasureError
from semcomm.measures import MEASURES
from semcomm.measures.csi import cosine_similarity, in_db, nmse
from semcomm.measures.totals import Totals
from semcomm.modalities.csi import normalized
from semcomm.run.columns import measure_columns, measure_summary

CSI = {name: MEASURES[name] for name in ("nmse", "cosine")}


def matrices(count: int, seed: int = 0) -> NDArray[np.float32]:
    return normalized(np.random.default_rng(seed).standard_normal((count, 8, 4, 2)))


def test_a_matrix_worked_by_hand() -> None:
    sent = np.array([[[3, 4], [0, 0]]], np.float32)  # 3 + 4j and 0, of energy 25
    received = np.array([[[3, 0], [0, 2]]], np.float32)  # 3 and 2j, of energy 13
    assert nmse([sent], [received]).tolist() == [pytest.approx((16 + 4) / 25)]
    # (3 - 4j) 3 has the magnitude 15.
    assert cosine_similarity([sent], [received]) == pytest.approx(15 / math.sqrt(25 * 13))


def test_zeros_have_an_nmse_of_1_and_no_similarity() -> None:
    sent = matrices(3)
    assert nmse(sent, np.zeros_like(sent)) == pytest.approx(1)
    assert cosine_similarity(sent, np.zeros_like(sent)).tolist() == [0, 0, 0]


def test_similarity_does_not_see_scale_and_common_phase_and_nmse_does() -> None:
    sent = matrices(5)
    turned = np.stack([-0.5 * sent[..., 1], 0.5 * sent[..., 0]], axis=-1)  # times j / 2
    assert cosine_similarity(sent, turned) == pytest.approx(1, abs=1e-6)
    assert nmse(sent, turned) == pytest.approx(1.25, abs=1e-6)  # |1 - j / 2|^2


def test_the_best_scale_makes_nmse_1_minus_the_squared_similarity() -> None:
    """Where phases agree: the error of a projection."""
    sent, noise = matrices(6), matrices(6, seed=1)
    received = 0.8 * sent + 0.2 * noise
    ours, theirs = (part[..., 0] + 1j * part[..., 1] for part in (sent, received))
    inner = (theirs.conj() * ours).sum(axis=(1, 2)) / (abs(theirs) ** 2).sum(axis=(1, 2))
    best = inner[:, None, None] * theirs
    best = np.stack([best.real, best.imag], axis=-1)
    assert nmse(sent, best) == pytest.approx(1 - cosine_similarity(sent, received) ** 2, abs=1e-6)


def test_nmse_in_db_is_of_the_mean_ratio() -> None:
    sent = list(matrices(2))
    received = [sent[0] * np.float32(0.9), sent[1] * np.float32(0.7)]  # 0.01 and 0.09
    values = {name: item.of(sent, received) for name, item in CSI.items()}
    columns = measure_columns(CSI, values, sent)
    row = measure_summary(Totals.of(columns, {}), CSI)
    assert row["nmse"] == pytest.approx(0.05)
    assert row["nmse_db"] == pytest.approx(10 * math.log10(0.05))
    assert row["cosine"] == pytest.approx(1)
    assert in_db(0.0) == -120


def test_a_measure_of_images_refuses_channel_matrices() -> None:
    for name in ("mse", "psnr_db", "ssim", "ms_ssim", "accuracy"):
        with pytest.raises(
            MeasureError, match=f"measure {name} is of images; the data are channel"
        ):
            MEASURES[name].check_modality(name, "csi")
    with pytest.raises(MeasureError, match="nmse is of channel matrices; the data are images"):
        MEASURES["nmse"].check_modality("nmse", "rgb8")
    MEASURES["nmse"].check_modality("nmse", "csi")
