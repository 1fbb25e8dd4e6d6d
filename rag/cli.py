"""`kuaida`: the page over a folder of notes, and the commands under one roof."""

from __future__ import annotations

import argparse
import importlib
import sys

import rag
from rag import console, serve

HELP = """\
commands:
  ask [QUESTION]  ask from the terminal, from scripts, or a file of questions
  build           bring the index up to date with the notes
  evaluate        report how well golden questions are answered

`{typed} COMMAND --help` tells more. A folder that is called as a command is named with a path: `{typed} ./ask`.
"""


def main(arguments: list[str] | None = None, program: str = "kuaida") -> int:
    """Returns the exit code of the command that is named, of the page without one."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in console.COMMANDS:
        command = importlib.import_module(console.COMMANDS[given[0]])
        return int(command.main(given[1:], f"{program} {given[0]}"))
    if set(given) & {"-h", "--help", "--version"}:
        make_parser(program).parse_args(given)  # which exits
    return serve.main(given, program)


def make_parser(program: str) -> argparse.ArgumentParser:
    """Returns the parser of the page with the commands in its help."""
    parser = serve.make_parser(program)
    parser.usage = f"%(prog)s [FOLDER] [OPTIONS]\n       %(prog)s {{{','.join(console.COMMANDS)}}} …"
    parser.description = "Ask your notes in the browser: FOLDER holds them, by default the one opened last."
    parser.epilog = HELP.format(typed=console.typed(program))
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--version", action="version", version=f"kuaida {rag.__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
