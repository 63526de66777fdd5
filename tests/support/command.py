"""The command line, called in this process."""

import sys
from pathlib import Path

from click.testing import CliRunner, Result

from semcomm.cli import main

COMMAND = Path(sys.executable).parent / "semcomm"
"""The installed command, for tests that need a process of its own."""


def cli(*arguments: object, source: bytes | None = None) -> Result:
    """What `semcomm` does with these arguments, and with `source` on standard input.

    Raises what a person would see as a traceback.
    """
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=source)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    return result


def cli_ok(*arguments: object, source: bytes | None = None) -> Result:
    """The same, of a command that succeeds."""
    result = cli(*arguments, source=source)
    assert result.exit_code == 0, result.output
    return result
