"""Measures of what arrived against what was sent, by the names that `measures` takes.

Each gives one value per sample, a column of per_image.csv, and says which summaries of it become
columns of results.csv.
"""

from collections.abc import Mapping

from semcomm.measures.accuracy import SHIPPED, accuracy_by
from semcomm.measures.csi import cosine_similarity, in_db, nmse
from semcomm.measures.measure import Measure, OfMean
from semcomm.measures.ms_ssim import ms_ssim
from semcomm.measures.psnr import PSNR_OF_MEAN_MSE, mean_squared_error, psnr_db
from semcomm.measures.ssim import ssim

MEASURES: dict[str, Measure] = {
    "mse": Measure(
        mean_squared_error,
        is_error=True,
        mean=False,
        of_mean=PSNR_OF_MEAN_MSE,
        modality="rgb8",
    ),
    "psnr_db": Measure(
        psnr_db,
        unit="dB",
        percentiles={"5th_percentile": 0.05, "median": 0.5},
        step=0.001,
        modality="rgb8",
    ),
    "ssim": Measure(ssim, modality="rgb8"),
    "ms_ssim": Measure(ms_ssim, modality="rgb8"),
    "accuracy": accuracy_by(SHIPPED),
    "nmse": Measure(
        nmse,
        is_error=True,
        of_mean=OfMean(
            "nmse_db", terms=lambda values, matrices: values, value=in_db, is_error=True
        ),
        modality="csi",
    ),
    "cosine": Measure(cosine_similarity, modality="csi"),
}


def error_columns(measures: Mapping[str, Measure]) -> list[str]:
    """The columns of these measures, by name, of which a lower value is better.

    Example: of `nmse` these are nmse and nmse_db, of `psnr_db` none.
    """
    columns = []
    for name, measure in measures.items():
        if measure.is_error:
            columns += [name, *(f"{name}_{end}" for end in measure.percentiles)]
        if measure.of_mean and measure.of_mean.is_error:
            columns.append(measure.of_mean.name)
    return columns
