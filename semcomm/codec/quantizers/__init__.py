"""Quantizers: sub-vectors to indices and back, one file each.

A new quantizer is a file here, a line in `QUANTIZERS` and its name in `QuantizerName`
(semcomm/choices.py).
"""

from semcomm.codec.quantizers.codebook import CodebookQuantizer
from semcomm.codec.quantizers.ecvq import Ecvq
from semcomm.codec.quantizers.vq import Vq

QUANTIZERS: dict[str, type[CodebookQuantizer]] = {"vq": Vq, "ecvq": Ecvq}
