"""The version of this package, which results and codecs are marked with."""

__version__ = "0.2.0"
