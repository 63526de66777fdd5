"""Quantizers: sub-vectors to indices and back, one file each.

A new quantizer is a file here, a line in a dict below and its name in `QuantizerName`, or in
`TrainedQuantizerName` (semcomm/choices.py).
"""

from semcomm.codec.quantizers.codebook import CodebookQuantizer, TrainedQuantizer
from semcomm.codec.quantizers.covq import Covq
from semcomm.codec.quantizers.ecvq import Ecvq
from semcomm.codec.quantizers.vq import Vq

TRAINED: dict[str, type[TrainedQuantizer]] = {"vq": Vq, "ecvq": Ecvq}
"""Those that are trained together with the networks."""

QUANTIZERS: dict[str, type[CodebookQuantizer]] = {**TRAINED, "covq": Covq}
