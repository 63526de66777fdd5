"""Runs over tdl: what tables count, and that they depend on no number of processes."""

from pathlib import Path

import pandas as pd
import pytest
from command import cli_ok

SCENARIO = """
codec: {{model: {codec}}}
framing: {{header: false, crc: 16}}
channel: {{model: tdl, profile: c, delay_spread_ns: 300, subcarriers: 64, esn0_db: 12}}
images: 6
repeat: 2
sweep:
  - name, link: [[blocks, {{modulation: qpsk, code: {{model: ldpc, rate: 1/2}}, channel_uses: 690}}]]
    channel.speed_kmh: [0, 30]
  - name, link: [[loaded, {{loading: {{bit_error_rate: 0.02}}, code: {{model: ldpc, rate: 2/3}}}}]]
"""


@pytest.mark.slow
def test_tables_count_ofdm_symbols_and_reports_on_any_workers(
    tmp_path: Path, tiny_codec_file: Path
) -> None:
    scenario = tmp_path / "ofdm.yaml"
    scenario.write_text(SCENARIO.format(codec=tiny_codec_file))
    for workers in (1, 2):
        cli_ok("run", scenario, "--workers", workers, "--out", tmp_path / str(workers))
    tables = [tmp_path / str(workers) / "results.csv" for workers in (1, 2)]
    assert tables[0].read_bytes() == tables[1].read_bytes()

    rows = pd.read_csv(tables[0])
    images = pd.read_csv(tmp_path / "1" / "per_image.csv")
    assert rows.channel_uses_per_image[:2].tolist() == [690, 690]
    loaded = images[images.cell == 2]
    assert (loaded.channel_uses % 69 == 0).all()
    assert (loaded.feedback_bits == 64 * 5).all()
    overhead = loaded.coded_bits + loaded.feedback_bits - loaded.payload_bits
    assert rows.overhead_bits_per_image[2] == pytest.approx(overhead.mean())
    assert rows["channel.ebn0_db"].isna().tolist() == [False, False, True]
    assert rows.energy_per_payload_bit_db.notna().all()
