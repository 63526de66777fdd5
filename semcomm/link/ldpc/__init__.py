"""The LDPC codes of 5G NR (3GPP TS 38.212): encoding, rate matching, and a fast decoder."""

from semcomm.link.ldpc.code import RATES, Decoded, Ldpc, decode

__all__ = ["RATES", "Decoded", "Ldpc", "decode"]
