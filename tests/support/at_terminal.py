"""The command line in a process of its own, at a terminal or with streams of any encoding."""

import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

import semcomm

PROGRAM = [sys.executable, "-c", "from semcomm.cli import main; main()"]
HERE = {"PYTHONPATH": str(Path(semcomm.__file__).parents[1])}
CONTROLS = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n])")


def at_terminal(
    arguments: Sequence[object], columns: int, press: Mapping[bytes, bytes] | None = None
) -> tuple[bytes, int]:
    """What a terminal of so many columns is sent by `semcomm` with these arguments, and its status.

    press: keys to be pressed once a text has been shown.
    """
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background may ignore it
        os.execvpe(
            sys.executable,
            [*PROGRAM, *map(str, arguments)],
            {**os.environ, **HERE, "TERM": "xterm-256color"},
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    shown, left = b"", dict(press or {})
    while select.select([terminal], [], [], 300)[0]:
        try:
            shown += os.read(terminal, 1 << 16)
        except OSError:  # Linux's end of a terminal
            break
        for text in [text for text in left if text in shown]:
            os.write(terminal, left.pop(text))
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def on_screen(shown: bytes, columns: int) -> list[str]:
    """The lines that a terminal then has, long ones wrapped; as far as progress bars need it:
    carriage return, new line, cursor up, erase line.
    """
    lines, row, column = [""], 0, 0
    for match in CONTROLS.finditer(shown.decode(errors="replace")):
        parameter, command, control, character = match.groups()
        if control == "\r":
            column = 0
        elif control == "\n" or (character and column == columns):
            row, column = row + 1, 0 if character else column
            lines += [""] * (row + 1 - len(lines))
        elif command == "A":
            row = max(row - int(parameter or 1), 0)
        elif command == "K" and parameter == "2":
            lines[row] = ""
        if character:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + character + line[column + 1 :]
            column += 1
    return lines
