"""Frames damaged in every way give complete images; benchmarks/damaged_frames.py times 100,000."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from semcomm.choices import DamagedPolicy, EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.data.sample import Sample
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.receiver import Receiver
from semcomm.transmitter import Transmitter

BENCHMARK = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "damaged_frames.py"))
FRAMINGS = [
    Framing(),
    Framing(crc=0),
    Framing(header=False, crc=32),
    Framing(slices=8, crc=8, length_bits=5),
    Framing(slices=70, crc=24),
]


@pytest.mark.parametrize("kind", BENCHMARK["KINDS"], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("framing", FRAMINGS, ids=repr)
@pytest.mark.parametrize(
    ("coder", "damaged"), [("huffman", "conceal"), ("huffman", "keep"), ("fixed_length", "conceal")]
)
def test_damaged_frames_give_complete_images(
    tiny_codec: Codec, kind: object, framing: Framing, coder: EntropyCoding, damaged: DamagedPolicy
) -> None:
    images = Sample().load(0, 20)
    sent = Transmitter(tiny_codec, coder, framing).transmit(images).signal
    receiver = Receiver(tiny_codec, coder, framing, damaged)
    for seed in range(2):
        frames: Frames = BENCHMARK["damaged"](sent, kind, np.random.default_rng(seed))
        received = receiver.receive(Reception.of(frames))
        assert BENCHMARK["complete"](received, len(images), tiny_codec.geometry.codewords)
        assert received.damaged.any() or not (
            framing.crc or coder == "huffman"
        )  # else nothing shows


def test_benchmark_detects_incomplete_images(tiny_codec: Codec) -> None:
    images = Sample().load(0, 2)
    sent = Transmitter(tiny_codec).transmit(images).signal
    received = Receiver(tiny_codec).receive(Reception.of(sent))
    assert BENCHMARK["complete"](received, 2, tiny_codec.geometry.codewords)
    assert not BENCHMARK["complete"](received, 3, tiny_codec.geometry.codewords)
    received.samples[1] = received.samples[1][:28]
    assert not BENCHMARK["complete"](received, 2, tiny_codec.geometry.codewords)
