"""`.kuaidaignore`: what a person keeps out of the index, in the syntax of gitignore, at the top or in any subfolder.

As in git, patterns are relative to the folder of their file, the last one that fits decides, a deeper file before one
above it, and nothing below an ignored folder can be taken back.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from rag.errors import NoteUnreadable
from rag.notes.files import locate, read_bytes
from rag.text.encodings import decode, lines
from rag.types import Cause, Reason, Skipped

NAME = ".kuaidaignore"
# pathspec makes expressions of these that fit only the beginning of a path: written otherwise they fit the whole of it.
EVERYTHING = re.compile(r"^(!?)(?:/?\*\*(?:/\*)?|\*)(/?) *$")
EVERYTHING_INSIDE = re.compile(r"/\*\*(/?) *$")
REMEMBERED = 100_000  # verdicts on paths: the watcher asks about the same ones every second


class Patterns:
    """The patterns of one file; `bad` are the numbers, from 1, of lines that are no pattern."""

    def __init__(self, text: str) -> None:
        made = [(number, _pattern(line)) for number, line in enumerate(lines(text), 1)]
        self.bad = tuple(number for number, pattern in made if pattern is None)
        self._patterns = [pattern for _, pattern in reversed(made) if pattern and pattern.include is not None]
        self._verdict = functools.lru_cache(REMEMBERED)(self._match)

    def verdict(self, path: str) -> bool | None:
        """Says whether `path`, relative and with a "/" at the end of a folder, is ignored; None where no line fits."""
        return self._verdict(path)

    def _match(self, path: str) -> bool | None:
        """Compares the whole path: pathspec would take what fits a folder for all that is in it, also with a "!"."""
        fits = (pattern.include for pattern in self._patterns if pattern.regex and pattern.regex.fullmatch(path))
        return next(fits, None)


@dataclass(frozen=True, slots=True)
class Ignoring:
    """The ignore files from a folder up to the top, each with the path of its folder, "" or with a "/" at the end."""

    files: tuple[tuple[str, Patterns], ...] = ()

    def ignores(self, path: str) -> bool:
        """Says so of a path relative to the top, of which no folder is ignored; a folder ends in "/"."""
        for folder, patterns in self.files:
            verdict = patterns.verdict(path.removeprefix(folder))
            if verdict is not None:
                return verdict
        return False

    def below(self, folder: str, patterns: Patterns) -> Ignoring:
        """Returns what holds in `folder`, which has a file of its own."""
        return Ignoring(((folder, patterns), *self.files))


def read(corpus: Path, folder: str) -> tuple[Patterns, tuple[Skipped, ...]]:
    """Returns the patterns of the ignore file in `folder`, "" or a source that ends in "/", and what cannot be used.

    There are none when it cannot be read.
    """
    source = folder + NAME
    try:
        patterns = _parsed(decode(read_bytes(locate(corpus, source))).text)
    except NoteUnreadable as error:
        return _parsed(""), (Skipped(source, error.reason),)
    return patterns, tuple(Skipped(f"{source}:{number}", Reason(Cause.BAD_PATTERN)) for number in patterns.bad)


@functools.lru_cache(64)  # with its verdicts, for as long as the file says the same
def _parsed(text: str) -> Patterns:
    return Patterns(text)


def _pattern(line: str) -> GitIgnoreSpecPattern | None:
    """Returns the pattern in a line, one that says nothing for a comment, and None for what is no pattern."""
    try:
        return GitIgnoreSpecPattern(EVERYTHING_INSIDE.sub(r"/**/*\1", EVERYTHING.sub(r"\1?*\2", line)))
    except (ValueError, re.error):  # the second for a range like [z-a]
        return None
