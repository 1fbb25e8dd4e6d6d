"""Blocks of any format → Markdown, with the place of each line: what readers write what they found with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rag.errors import NoteUnreadable
from rag.notes.readers.base import Text
from rag.text.markdown import FENCE, next_fence
from rag.types import Cause, Reason, Unit

MAX_CHARACTERS = 5_000_000  # of one note: three thousand pages of print
MAX_COLUMNS = 100  # of a table; a wider one is data
LEVELS = 6  # of headings

NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff\ufeff\ufff9-\ufffb]")
LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
SPECIAL = re.compile(r"#|`{3,}|~{3,}|(?:=+|-{2,}|(?:[-*_]\s*){3,})$")  # would be a heading, a fence or a rule
TICKS = re.compile("`{3,}")


def tidy(text: str) -> str:
    """Returns a text with "\\n" line ends, without control characters and lone surrogates."""
    return NO_TEXT.sub("", LINE_ENDS.sub("\n", text))


def inline(text: str) -> str:
    """Returns a text in one line, with one blank where there were any."""
    return " ".join(tidy(text).split())


def literal(line: str) -> str:
    """Returns a line such that Markdown takes it for text: what begins it is no heading, fence or rule."""
    return f"\\{line}" if SPECIAL.match(line) else line


def contained(text: str) -> Iterator[str]:
    """Yields the lines of a piece of Markdown that stays within its heading: no headings of its own, no open fence."""
    fence = ""
    for line in tidy(text).split("\n"):
        if match := FENCE.match(line):
            fence = next_fence(fence, match[1])
        yield f"\\{line}" if line.startswith("#") and not fence else line
    if fence:
        yield fence


class Writer:
    """Writes a note block by block; `place` is where in the file the next block stands, from 1.

    Once MAX_CHARACTERS are written, nothing more is.
    """

    def __init__(self, unit: Unit | None = None) -> None:
        self.place = 1
        self.cut: Reason | None = None
        self.damaged = 0  # places of the file, for the reader to count
        self._unit = unit
        self._lines: list[str] = []
        self._places: list[int] = []
        self._characters = 0
        self._in_list = False

    @property
    def length(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def heading(self, level: int, text: str) -> None:
        if said := inline(text):
            self.block([f"{'#' * min(max(level, 1), LEVELS)} {said}"])

    def paragraph(self, text: str, prefix: str = "", goes_on: bool = False) -> None:
        """Writes a text, line by line as it is broken; `prefix` stands before each line.

        One that `goes_on` is the rest of the block before, at another place.
        """
        lines = filter(None, map(inline, tidy(text).split("\n")))
        self._write([prefix + literal(line) for line in lines], joined=goes_on)
        self._in_list = False

    def item(self, text: str, marker: str = "-", indent: int = 0) -> None:
        """Writes an item of a list, `indent` blanks from the left."""
        if said := inline(text):
            self._write([f"{' ' * indent}{marker} {said}"], joined=self._in_list)
            self._in_list = True

    def end_list(self) -> None:
        """The next item begins another list."""
        self._in_list = False

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Writes a table, whose first row is its head; one of a single column is lines of text."""
        cells = [[_cell(cell) for cell in row[:MAX_COLUMNS]] for row in rows]
        cells = [row for row in cells if any(row)]
        width = max(map(len, cells), default=0)
        if width < 2:
            for (cell,) in cells:
                self.paragraph(cell.replace("\\|", "|"))
            return
        lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in cells]
        self.block([lines[0], "|" + " --- |" * width, *lines[1:]])

    def code(self, text: str, language: str = "") -> None:
        lines = tidy(text).rstrip().split("\n")
        while lines and not lines[0].strip():
            del lines[0]
        if lines:
            longest = max(map(len, TICKS.findall(text)), default=2)
            fence = "`" * (longest + 1)
            self.block([fence + inline(language), *lines, fence])

    def block(self, lines: Sequence[str]) -> None:
        """Writes lines of Markdown as they are, apart from what stands before."""
        self._write(lines, joined=False)
        self._in_list = False

    def finish(self, empty: Cause = Cause.NO_TEXT) -> Text:
        """Returns what was written; raises NoteUnreadable when that is nothing."""
        if not self._lines:
            raise NoteUnreadable(Reason(empty))
        places = (*self._places, self._places[-1]) if self._unit else None  # the text ends in a line end
        return Text("\n".join(self._lines) + "\n", self._unit or "line", places, self.cut, self.damaged)

    def _write(self, lines: Sequence[str], joined: bool) -> None:
        lines = [line.rstrip() for line in lines]
        if not any(lines) or self.cut:
            return
        self._characters += sum(map(len, lines)) + len(lines)
        if self._characters > MAX_CHARACTERS:
            self.cut = Reason(Cause.CUT_CHARACTERS, str(MAX_CHARACTERS))
            return
        if self._lines and not joined:
            lines = ["", *lines]
        self._lines += lines
        self._places += [self.place] * len(lines)


def _cell(text: str) -> str:
    return inline(text).replace("|", "\\|")
