"""ESC codecs: one pair of networks with several codebooks, each for flip probabilities of its own.

A reconstruction of ESC-MVQ (docs/decisions/0018-esc.md).
"""
