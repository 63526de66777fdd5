"""Large grids strip by strip, against the same in one piece."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from at_terminal import HERE

from semcomm.codec import strips
from semcomm.codec.codec import Codec
from semcomm.codec.strips import in_strips
from semcomm.data.sample import Sample


def blurred(grids: np.ndarray) -> np.ndarray:
    """Each row twice: the sum of the rows two above to two below."""
    padded = np.pad(grids, ((0, 0), (2, 2), (0, 0)))
    sums = sum(padded[:, k : k + grids.shape[1]] for k in range(5))
    return np.repeat(np.asarray(sums), 2, axis=1)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 8, 9, 23])
def test_strips_join_to_the_whole(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    grids = np.random.default_rng(rows).integers(0, 100, (2, rows, 5))
    expected = blurred(grids)
    monkeypatch.setattr(strips, "MAX_POSITIONS", 4)
    for positions in (1, 5, 10, 40):
        monkeypatch.setattr(strips, "STRIP_POSITIONS", positions)
        assert np.array_equal(in_strips(blurred, grids, reach=2), expected)


@pytest.mark.parametrize("name", ["tiny_codec", "shipped_codec"])
def test_a_codec_in_strips_gives_the_same_but_for_rounding(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reach that is one row short changes latents near each seam by far more."""
    codec: Codec = request.getfixturevalue(name)
    image = np.concatenate(Sample().load(0, 12), axis=0)
    whole = codec.encode([image])
    indices = codec.quantize(whole)
    (picture,) = codec.decode(codec.dequantize(indices), [image.shape[:2]])
    monkeypatch.setattr(strips, "MAX_POSITIONS", 100)
    monkeypatch.setattr(strips, "STRIP_POSITIONS", 80)
    (latents,) = codec.encode([image])
    np.testing.assert_allclose(latents, whole[0], rtol=0, atol=1e-4 * np.abs(whole[0]).max())
    (striped,) = codec.decode(codec.dequantize(indices), [image.shape[:2]])
    assert np.abs(striped.astype(int) - picture).max() <= 1


PEAK = """\
import resource
import sys
from semcomm.cli import main

main(sys.argv[1:], standalone_mode=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
def test_a_photograph_of_48_megapixels_takes_less_than_4_gb(tmp_path: Path) -> None:
    PIL.Image.linear_gradient("L").resize((8000, 6000)).save(tmp_path / "photograph.jpg")
    commands = [
        ["transmit", "photograph.jpg", "--codec", "vq-n64", "-o", "sent.sem"],
        ["receive", "sent.sem", "-o", "received"],
    ]
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *command],
            cwd=tmp_path,
            env={**os.environ, **HERE},
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(done.stdout) * 1024 < 4e9, command
    with PIL.Image.open(tmp_path / "received" / "00000.png") as received:
        assert received.size == (8000, 6000)
