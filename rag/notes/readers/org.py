"""Org files → Markdown, line for line: the lines of the text are those of the file."""

from __future__ import annotations

import re

from rag.notes.readers import text as plain
from rag.notes.readers.base import Text
from rag.notes.readers.writing import LEVELS, literal, tidy

TITLE = re.compile(r"#\+title:\s*(.+)", re.IGNORECASE)
HEADING = re.compile(
    r"(\*+)\s+(?:(?:TODO|DONE|NEXT|WAITING|STARTED|CANCELLED|CANCELED)\s+)?(?:\[#\w\]\s+)?(.*?)(?:\s+:[\w@#%:]+:)?\s*$"
)
BEGIN = re.compile(r"\s*#\+begin_(\w+)(?:\s+(\S+))?", re.IGNORECASE)
CODE = ("src", "example", "export")
DRAWER = re.compile(r"\s*:(?:PROPERTIES|LOGBOOK|CLOCK):\s*$", re.IGNORECASE)
END = re.compile(r"\s*:END:\s*$", re.IGNORECASE)
ASIDE = re.compile(r"\s*(?:#(?:\s|\+|$)|CLOCK:|-{5,}\s*$)")  # comments, settings, rules
ROW_RULE = re.compile(r"\s*\|[-+]+\|?\s*$")
LINK = re.compile(r"\[\[([^\]\[]+)\](?:\[([^\]\[]+)\])?\]")
VERBATIM = re.compile(r"(?<![\w=~])([=~])(\S|\S.*?\S)\1(?![\w=~])")


def read(data: bytes) -> Text:
    """Returns headings, code, tables, lists and text as Markdown; settings, drawers and comments are blank lines."""
    file = plain.read(data)
    lines = tidy(file.text).split("\n")
    title = next((number for number, line in enumerate(lines) if TITLE.match(line)), None)
    converter = _Lines(shift=title is not None)
    written = [converter.line(line, number == title) for number, line in enumerate(lines)]
    return Text("\n".join(line.rstrip() for line in written), damaged=file.damaged)


class _Lines:
    """Converts line after line; a block or a drawer that is open goes on until its end."""

    def __init__(self, shift: bool) -> None:
        self._shift = shift  # the headings stand below a title
        self._block = ""
        self._in_drawer = False
        self._above = ""

    def line(self, line: str, is_title: bool) -> str:
        self._above, above = line, self._above
        if self._block:
            return self._within(line)
        if self._in_drawer:
            self._in_drawer = not END.match(line)
            return ""
        if begin := BEGIN.match(line):
            return self._begin(begin)
        if is_title and (title := TITLE.match(line)):
            return f"# {title[1]}"
        if DRAWER.match(line):
            self._in_drawer = True
            return ""
        if ROW_RULE.match(line):
            return line.replace("+", "|") if "|" in above else ""
        return "" if ASIDE.match(line) else self._text(line)

    def _begin(self, begin: re.Match[str]) -> str:
        kind = begin[1].lower()
        self._block = kind
        return f"```{begin[2] or ''}" if kind in CODE else ""

    def _within(self, line: str) -> str:
        is_code = self._block in CODE
        if re.match(rf"\s*#\+end_{re.escape(self._block)}\b", line, re.IGNORECASE):
            self._block = ""
            return "```" if is_code else ""
        return line if is_code or not line.strip() else f"> {self._text(line).strip()}"

    def _text(self, line: str) -> str:
        if heading := HEADING.match(line):
            return f"{'#' * min(len(heading[1]) + self._shift, LEVELS)} {_inline(heading[2])}"
        return _inline(line if line.startswith(" ") else literal(line))


def _inline(text: str) -> str:
    return VERBATIM.sub(r"`\2`", LINK.sub(lambda link: link[2] or link[1], text))
