"""Where channels, scenarios and codecs that come with semcomm are: in the checkout, or inside the
wheel.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ZOO = PACKAGE / "zoo"


def shipped(folder: str) -> Path:
    """`channels` or `scenarios`: a wheel carries them inside the package, a checkout beside it."""
    inside = PACKAGE / folder
    return inside if inside.is_dir() else PACKAGE.parent / folder


def scenario_names(folder: str = "") -> list[str]:
    """The scenarios that ship with semcomm, or those for `training`."""
    return sorted(path.stem for path in (shipped("scenarios") / folder).glob("*.yaml"))


def expanded(path: Path | str) -> Path:
    """The path with a leading ~ or ~user replaced by that home folder, if there is one."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
