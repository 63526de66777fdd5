"""Names that may have been meant by one that is unknown."""

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 3


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """The names most like this one, whatever their case; none where none is like it.

    Example: of "AWGM" and the channels it is ["awgn"].
    """
    of_folded = {known.casefold(): known for known in names}
    close = get_close_matches(name.casefold(), of_folded, n=SHOWN)
    return [of_folded[folded] for folded in close]


def instead(name: str, names: Iterable[str], there_are: str = "there are") -> str:
    """What there is in place of an unknown name, the nearest first.

    Example: "there are a, b", or "did you mean `awgn`? There are awgn, error_free".
    """
    known = list(names)
    listed = f"{there_are} {', '.join(known)}"
    if not (close := nearest(name, known)):
        return listed
    offered = " or ".join(f"`{match}`" for match in close)
    return f"did you mean {offered}? {listed[0].upper()}{listed[1:]}"
