"""The command line, as `python -m semcomm`."""

from semcomm.cli import main

main(prog_name="semcomm")
