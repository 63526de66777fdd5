"""Accuracy: the share of images whose class a classifier finds, by its interval, in any run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli, cli_ok
from images import save_images
from pandas.testing import assert_frame_equal
from scipy.stats import binomtest
from stripes import save_stripes, stripes

from semcomm.codec.classifier.classifier import Classifier
from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import save_codec
from semcomm.data.choice import DataChoice
from semcomm.data.folder import ImageFolder
from semcomm.data.sample import Sample
from semcomm.errors import MeasureError
from semcomm.measures.accuracy import Judge, accuracy_by
from semcomm.measures.totals import RepeatedSums, Totals
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Scenario, read_scenario
from semcomm.systems.learned import LearnedCodec

pytestmark = pytest.mark.usefixtures("one_thread")

SCENARIO = """\
data: {{images: striped}}
codec: {{model: {codec}}}
framing: {{header: true, crc: 16}}
channel: {{model: binary_symmetric, crossover: 0.002}}
measures: [psnr_db, tiny.safetensors:accuracy]
"""


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_codec: Codec, tiny_classifier_file: Path
) -> Path:
    """Labelled pictures in striped/, a codec, the classifier tiny.safetensors and a scenario."""
    folder = tmp_path_factory.mktemp("accuracy")
    save_stripes(folder / "striped", 300, seed=5)
    save_codec(tiny_codec, folder / "codec.safetensors")
    (folder / "tiny.safetensors").write_bytes(tiny_classifier_file.read_bytes())
    (folder / "run.yaml").write_text(SCENARIO.format(codec="codec.safetensors"))
    return folder


def test_accuracy_is_of_what_arrived_and_of_the_originals(
    folder: Path, tiny_classifier: Classifier, tiny_codec: Codec
) -> None:
    scenario = read_scenario(folder / "run.yaml", ["channel={model: error_free}"])
    results = simulate(scenario)
    data = ImageFolder(folder / "striped")
    sent, labels = data.load(0, 300), data.labels(0, 300)
    quantized = tiny_codec.dequantize(tiny_codec.quantize(tiny_codec.encode(sent)))
    received = tiny_codec.decode(quantized, [image.shape[:2] for image in sent])
    assert data.classes() == ("lying", "standing") and labels is not None
    for column, images in (("accuracy_on_originals", sent), ("accuracy", received)):
        right = tiny_classifier.classify(list(images)) == labels
        assert results.per_image[column].tolist() == right.tolist()
        row = results.summary
        interval = binomtest(int(right.sum()), 300).proportion_ci(method="wilson")
        assert row[column] == pytest.approx(right.mean())
        assert (row[f"{column}_low"], row[f"{column}_high"]) == pytest.approx(tuple(interval))
        assert f"{column}_ci95" not in row
    # An untrained codec's pictures are noise; the originals are what the classifier knows.
    assert results.summary["accuracy_on_originals"] > 0.85 > results.summary["accuracy"]


def test_workers_and_shared_encodings_change_nothing(folder: Path, tmp_path: Path) -> None:
    """Two cells share their encodings, and flipped bits change some images of each."""
    sweep = ["--set", "sweep={channel.crossover: [0.002, 0.01]}", "--set", "codec.dtype=float32"]
    tables = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        cli_ok("run", folder / "run.yaml", *sweep, "--workers", workers, "--out", out)
        tables.append(pd.read_csv(out / "per_image.csv"))
    assert_frame_equal(*tables)
    table = tables[0]
    originals = [cell.accuracy_on_originals.tolist() for _, cell in table.groupby("cell")]
    assert originals[0] == originals[1]
    alone = simulate(read_scenario(folder / "run.yaml", ["channel.crossover=0.01"])).per_image
    second = table[table.cell == 1]
    assert second.accuracy.tolist() == alone.accuracy.tolist()
    assert table.accuracy.isin([0, 1]).all() and 0.2 < table.accuracy.mean() < 0.8
    shown = cli_ok("table", tmp_path / "1", "--columns", "accuracy,accuracy_low").stdout
    assert "accuracy_low" in shown


def test_repetitions_of_an_image_count_as_one_trial() -> None:
    values = {"accuracy": np.array([1.0, 0.0, 1.0, 1.0, 1.0, 1.0])}  # three images, twice
    totals, repeated = Totals.of(values, {}), RepeatedSums(3)
    for start in (0, 3):
        part = {"accuracy": values["accuracy"][start : start + 3]}
        repeated.add(part, ["accuracy"], 0)
    with_them = Totals(**{**vars(totals), "repeated": repeated})
    low, high = with_them.wilson("accuracy")
    # By hand, for 5/6 of 3 trials: (0.8333 + 0.6402 -+ 0.7667) / 2.2805.
    assert (low, high) == pytest.approx((0.3100, 0.9823), abs=1e-4)
    assert low < totals.wilson("accuracy")[0]


def test_originals_are_classified_once(tiny_classifier: Classifier) -> None:
    class Counting:
        asked = 0

        def classify(self, images: list[object]) -> object:
            self.asked += len(images)
            return tiny_classifier.classify(images)  # type: ignore[arg-type]

    counting, images = Counting(), list(stripes(20, seed=3)[0])
    judge = Judge(counting)  # type: ignore[arg-type]
    for part in (images[:15], images, images[::-1]):
        found = judge.classes_of_originals(part)
        assert found.tolist() == tiny_classifier.classify(part).tolist()
    assert counting.asked == 20


def test_an_image_too_small_for_the_classifier_counts_for_nothing(
    tiny_classifier_file: Path,
) -> None:
    small, large = np.zeros((4, 4, 3), np.uint8), stripes(1)[0][0]
    accuracy = accuracy_by(str(tiny_classifier_file))
    values = accuracy.of([small, large], [small, large], np.array([0, 0]))
    assert np.isnan(values).tolist() == [True, False]
    totals = Totals.of({"accuracy": values}, {})
    assert totals.mean("accuracy") == values[1]
    assert Totals.of({"accuracy": values[:1]}, {}).wilson("accuracy") == pytest.approx(
        (np.nan, np.nan), nan_ok=True
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["data={images: loose}"], "run.yaml:5:21: measure {tiny}:accuracy takes labels, and the "),
        (["data={name: sample}"], "knows 2 classes (lying, standing); the data set has 10 classes"),
        (["measures=[none.safetensors:accuracy]"], "there is no file"),
        (
            ["measures=[codec.safetensors:accuracy]"],
            "is a codec, which makes bits; one that makes ",
        ),
        (["measures=[tiny.safetensors:psnr]"], "measure {tiny}:psnr is unknown; a classifier's"),
        (["measures=[tiny.safetensors]"], "measure {tiny} is unknown; a classifier's file has `:a"),
        (["codec={model: tiny.safetensors}"], "{tiny} is a classifier, which sends nothing; "),
        (["codec={model: cifar10-classifier}"], "cifar10-classifier is a classifier, which sends"),
    ],
)
def test_mistakes_are_told_in_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch, changes: list[str], message: str
) -> None:
    save_images(folder / "loose", stripes(3)[0])
    monkeypatch.chdir(folder)
    options = [part for change in changes for part in ("--set", change)]
    result = cli("run", folder / "run.yaml", *options)
    assert result.exit_code == 2
    assert message.format(tiny=folder / "tiny.safetensors") in result.stderr


def test_a_run_from_python_refuses_other_classes(
    tiny_codec_file: Path, tiny_classifier_file: Path
) -> None:
    scenario = Scenario(
        "it",
        LearnedCodec(str(tiny_codec_file)),
        load_channel("error_free"),
        data=DataChoice("sample"),
        measures=(f"{tiny_classifier_file}:accuracy",),
        images=2,
    )
    with pytest.raises(MeasureError, match="the data set has 10 classes"):
        simulate(scenario)


def test_folders_are_classes_only_where_each_image_is_in_one(tmp_path: Path) -> None:
    images = Sample().load(0, 2)
    save_images(tmp_path / "b" / "deep", images)
    save_images(tmp_path / "a", images)
    data = ImageFolder(tmp_path)
    assert data.classes() == ("a", "b")
    assert data.labels(1, 4).tolist() == [0, 1, 1]  # type: ignore[union-attr]
    save_images(tmp_path, images[:1])
    loose = ImageFolder(tmp_path)
    assert loose.classes() == () and loose.labels(0, 1) is None
