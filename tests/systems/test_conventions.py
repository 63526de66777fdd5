"""What measures the conventions of docs/reference-experiment.md: power per batch, and mosaics."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mosaics import mosaic
from power_per_batch import PowerPerBatch

from semcomm.codec.analogue.codec_file import save_analogue
from semcomm.codec.analogue.networks import AnalogueAutoencoder, PatchNetwork
from semcomm.codec.training.analogue import exported
from semcomm.codec.training.channels import TrainingAwgn
from semcomm.data.sample import Sample
from semcomm.framing import Framing
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import read_scenarios
from semcomm.systems.analogue import normalized
from semcomm.terms import Terms

NAMES = "batch.yaml", "image.yaml"
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def system(tmp_path: Path) -> PowerPerBatch:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AnalogueAutoencoder(PatchNetwork(4, 4, 0), (10.0,))
    path = tmp_path / "tiny.safetensors"
    save_analogue(exported("tiny", model, TrainingAwgn(10.0), {}), path)
    return PowerPerBatch(str(path))


def test_power_is_that_of_the_block_and_shapes_are_those_of_images(system: PowerPerBatch) -> None:
    """Of the usual frames, each is a multiple, and the multiples differ: even for a network that was
    not trained by several per cent of energy.
    """
    sender = system.transmitter(Terms(esn0_db=10.0), Framing())
    encoded = sender.encode(Sample().load(0, 8))
    frames = sender.packetize(encoded).signal.split()
    assert np.mean(np.abs(np.concatenate(frames)) ** 2) == pytest.approx(1)
    factors = [
        frame / normalized(latents)
        for frame, latents in zip(frames, encoded["latents"], strict=True)
    ]
    for factor in factors:
        np.testing.assert_allclose(factor, factor[0].real, rtol=1e-9)
    energies = [abs(factor[0]) ** 2 for factor in factors]
    assert np.mean(energies) == pytest.approx(1) and np.ptp(energies) > 0.02


def test_a_mosaic_has_images_row_by_row() -> None:
    images = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)
    whole = mosaic(images, 2)
    assert whole.shape == (4, 6, 3)
    np.testing.assert_array_equal(whole[:2, 3:], images[1])
    np.testing.assert_array_equal(whole[2:, :3], images[2])


def test_it_runs_from_a_scenario(system: PowerPerBatch, tmp_path: Path) -> None:
    scenario = tmp_path / "batch.yaml"
    tool = Path(__file__).parents[2] / "tools" / "power_per_batch.py"
    scenario.write_text(
        f"codec: {{model: '{tool}:PowerPerBatch', base: '{system.base}'}}\n"
        "channel: {model: awgn, esn0_db: 60}\n"
        "images: 2\n"
    )
    other = scenario.read_text().replace(f"{tool}:PowerPerBatch", system.base)
    (tmp_path / "image.yaml").write_text(other.replace(f", base: '{system.base}'", ""))
    ours, usual = (simulate(read_scenarios(tmp_path / name)[0].scenario) for name in NAMES)
    assert ours.per_image["channel_uses"].tolist() == [256, 256]
    assert 0 < abs(ours.summary["psnr_db"] - usual.summary["psnr_db"]) < 1
