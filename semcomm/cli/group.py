"""The group of all commands, and what becomes of errors."""

import io
import sys
import traceback
from typing import Any

import click

from semcomm.errors import ScenarioError, SemcommError
from semcomm.terminal import terminal_safe


class Commands(click.Group):
    """Tells errors that a person can mend without a traceback, and exits with 2; with 130 after
    Ctrl-C.
    """

    RESUMED = "run", "train"
    """Commands that keep what is done, and go on from there."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # names of files need not be of its encoding
                stream.reconfigure(errors="backslashreplace")
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # as `| head` makes it; click ends quietly
            raise
        except (SemcommError, OSError) as error:
            if ctx.params.get("debug"):
                traceback.print_exception(error)
            text = str(error) if isinstance(error, ScenarioError) else f"error: {_words(error)}"
        except KeyboardInterrupt:
            resumed = ctx.invoked_subcommand in self.RESUMED
            click.echo("interrupted" + "; the same command goes on" * resumed, err=True)
            return ctx.exit(130)
        click.echo("\n".join(map(terminal_safe, text.split("\n"))), err=True)
        return ctx.exit(2)


def _words(error: Exception) -> str:
    """What an error says; of the operating system's, which file it is about."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)
