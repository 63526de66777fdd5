"""The bitstreams that a report shows, frame by frame."""

import numpy as np
import pytest

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import CodeTable
from semcomm.data.sample import Sample
from semcomm.framing import Framing
from semcomm.report.code_data import code_values
from semcomm.report.store import Store
from semcomm.run.block import first_samples
from semcomm.run.report_samples import ReportSample
from semcomm.stages import Received
from semcomm.terms import Terms
from semcomm.transmitter import Transmitter


@pytest.mark.parametrize("uses", [None, 900])
def test_codewords_stand_between_header_and_filling(tiny_codec: Codec, uses: int | None) -> None:
    framing, images = Framing(slices=2, length_bits=10), Sample().load(0, 2)
    sent = Transmitter(tiny_codec, "huffman", framing, terms=Terms(uses)).transmit(images)
    received = Received(images, np.zeros(2, np.bool_), sent.encoded)
    code = CodeTable(tiny_codec.code_lengths, tiny_codec.probabilities)
    first = first_samples(images, sent, received, framing)
    settings = {"link.channel_uses": uses}
    streams = Store()
    code_values(ReportSample(settings, first, [], code, np.zeros(32, np.int64)), Store(), streams)
    for stream in streams.values:
        payload_bits = sum(frame["filling"] - frame["payload"] for frame in stream["frames"])
        assert payload_bits == code.lengths[stream["indices"]].sum()
        for number, frame in enumerate(stream["frames"]):
            assert frame["payload"] == (11 if uses is None and number == 0 else 1)
            assert frame["crc"] == len(frame["bits"]) - 16
            filling = frame["bits"][frame["filling"] : frame["crc"]]
            assert filling == ("" if uses is None else "1" + "0" * (len(filling) - 1))
