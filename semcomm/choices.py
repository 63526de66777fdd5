"""Choices by name that several rooms share, each written once; importing them takes no library.

Command line, schema, errors and docs take their lists from here, through `typing.get_args`.
"""

from typing import Literal

EntropyCoding = Literal["huffman", "fixed_length", "context"]
Crc = Literal[0, 8, 16, 24, 32]
DamagedPolicy = Literal["keep", "conceal", "drop"]
Modulation = Literal["bpsk", "qpsk", "16qam", "64qam", "256qam"]
LinkModulation = Literal[Modulation, "adaptive", "gaussian"]
Decisions = Literal["soft", "hard"]
Device = Literal["auto", "cpu", "cuda", "mps"]
ModalityName = Literal["rgb8", "csi"]
DType = Literal["float32", "bfloat16"]
TrainedQuantizerName = Literal["vq", "ecvq"]
QuantizerName = Literal[TrainedQuantizerName, "covq"]
ImageFormat = Literal["jpeg", "webp", "avif", "jpeg_xl", "hevc"]
Tune = Literal["psnr", "ssim"]
Chroma = Literal["4:2:0", "4:2:2", "4:4:4"]
CellModel = Literal["umi", "uma"]
Broken = Literal["error", "skip"]
TableFormat = Literal["csv", "parquet"]
Axis = Literal["x", "y"]
FigureSize = Literal["one-column", "two-columns"]
Listed = Literal["channels", "codecs", "scenarios", "systems"]
Theory = Literal["uncoded", "capacity", "ideal"]
