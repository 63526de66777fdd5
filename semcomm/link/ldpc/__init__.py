"""The LDPC codes of 5G NR (3GPP TS 38.212): encoding, rate matching, and a fast decoder."""

from semcomm.link.ldpc.code import Decoded, Ldpc, decode

__all__ = ["Decoded", "Ldpc", "decode"]
