"""reStructuredText → Markdown, line for line: the lines of the text are those of the file."""

from __future__ import annotations

import itertools
import re

from rag.notes.readers import text as plain
from rag.notes.readers.base import Text
from rag.notes.readers.writing import LEVELS, literal, tidy

ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
DIRECTIVE = re.compile(r"(\s*)\.\.\s+([\w:.-]+)::(?:\s+(.*))?$")
COMMENT = re.compile(r"(\s*)\.\.(?:\s|$)")
OPTION = re.compile(r"\s+:[\w-]+:")
CODE = ("code", "code-block", "sourcecode", "parsed-literal", "prompt", "math")
TOLD = frozenset(
    """note tip hint important warning caution attention danger error admonition topic epigraph rubric seealso
    versionadded versionchanged deprecated glossary container""".split()
)
TABLE = re.compile(r"\s*(?:\+[-=+]{3,}\+|=+(?:\s+=+)+)\s*$")
ROLE = re.compile(r":[\w:.+-]+:`([^`]+)`")
LINK = re.compile(r"`([^`<]+?)\s*<[^`>]+>`__?")
REFERENCE = re.compile(r"(?<!`)`([^`]+)`__?(?!\w)")
DOUBLE = re.compile(r"``([^`]+)``")


def read(data: bytes) -> Text:
    """Returns sections, code, notes, lists and text as Markdown; other directives and comments are blank lines.

    Tables become code: they have no form in Markdown with as many lines.
    """
    file = plain.read(data)
    lines = tidy(file.text).split("\n")
    return Text("\n".join(line.rstrip() for line in _Document(lines).converted()), damaged=file.damaged)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


class _Document:
    """Walks the lines once; `_out` holds as many lines as were read."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._out: list[str] = []
        self._styles: list[str] = []  # of sections, in the order in which they came up: that is their level

    def converted(self) -> list[str]:
        while len(self._out) < len(self._lines):
            at = len(self._out)
            is_taken = self._section(at) or self._table(at) or self._directive(at) or self._literal(at)
            if not is_taken:
                self._out.append("" if ADORNMENT.match(self._line(at)) else _inline(literal(self._line(at))))
        return self._out

    def _line(self, at: int) -> str:
        return self._lines[at] if at < len(self._lines) else ""

    def _section(self, at: int) -> bool:
        """Takes a title with the line under it, and with the one over it."""
        over = ADORNMENT.match(self._line(at))
        title = self._line(at + 1) if over else self._line(at)
        under = ADORNMENT.match(self._line(at + 2) if over else self._line(at + 1))
        is_title = under and title.strip() and not ADORNMENT.match(title) and (over is not None or _indent(title) == 0)
        if not under or not is_title or (over and over[1] != under[1]):
            return False
        style = under[1] * (2 if over else 1)
        if style not in self._styles:
            self._styles.append(style)
        heading = f"{'#' * min(self._styles.index(style) + 1, LEVELS)} {_inline(title.strip())}"
        self._out += ["", heading, ""] if over else [heading, ""]
        return True

    def _table(self, at: int) -> bool:
        """Takes a grid or a simple table: its first and its last line become those of a fence."""
        if not TABLE.match(self._line(at)):
            return False
        end = at + 1
        is_grid = self._line(at).lstrip().startswith("+")
        if is_grid:
            while self._line(end).lstrip().startswith(("|", "+")):
                end += 1
        else:
            while end < len(self._lines) and not (TABLE.match(self._line(end)) and not self._line(end + 1).strip()):
                end += 1
            end += 1
        if end - at < 3 or end > len(self._lines):
            return False
        self._out += ["```", *self._lines[at + 1 : end - 1], "```"]
        return True

    def _directive(self, at: int) -> bool:
        line = self._line(at)
        directive = DIRECTIVE.match(line)
        if not directive and not COMMENT.match(line):
            return False
        end = self._block_end(at + 1, _indent(line))
        name = directive[2].split(":")[-1] if directive else ""
        said = (directive[3] or "").strip() if directive else ""
        if name in CODE:
            self._code(at, end, f"```{said}")
        elif name in TOLD:
            self._out.append(_inline(said))
            self._told(end)
        else:
            self._out += [""] * (end - at)
        return True

    def _block_end(self, at: int, indent: int) -> int:
        """Returns where what is indented more than `indent` ends, the blank lines behind it included."""
        while at < len(self._lines) and (not self._line(at).strip() or _indent(self._line(at)) > indent):
            at += 1
        return at

    def _code(self, opens: int, end: int, opening: str) -> None:
        """Writes code below the line that opens it; of the blank lines behind it the first ends it."""
        body = self._lines[opens + 1 : end]
        options = sum(1 for _ in itertools.takewhile(OPTION.match, body))
        body = [""] * options + _dedented(body[options:])
        last = max((number for number, line in enumerate(body, 1) if line.strip()), default=0)
        if last == 0:
            self._out += [""] * (end - opens)
        elif last == len(body):  # there is none: what is indented by four is code too
            self._out += ["", *(f"    {line}" for line in body)]
        else:
            self._out += [opening, *body[:last], "```", *body[last + 1 :]]

    def _told(self, end: int) -> None:
        """Writes what a directive tells people, as text of its own."""
        first = len(self._out)
        while first < end and OPTION.match(self._line(first)):
            self._out.append("")
            first += 1
        self._out += [_inline(literal(line)) for line in _dedented(self._lines[first:end])]

    def _literal(self, at: int) -> bool:
        """Takes a paragraph's last line that announces code by "::", and the code."""
        line = self._line(at)
        end = self._block_end(at + 1, _indent(line))
        if not line.rstrip().endswith("::") or self._line(at + 1).strip() or not any(self._lines[at + 1 : end]):
            return False
        said = line.rstrip().removesuffix("::")
        self._out.append(_inline(literal(said + ":")) if said.strip() else "")
        self._code(at + 1, end, "```")
        return True


def _dedented(lines: list[str]) -> list[str]:
    depth = min((_indent(line) for line in lines if line.strip()), default=0)
    return [line[depth:] for line in lines]


def _inline(text: str) -> str:
    text = DOUBLE.sub("\0\\1\0", text)  # what is code is left alone
    text = REFERENCE.sub(r"\1", LINK.sub(r"\1", ROLE.sub(r"`\1`", text)))
    return text.replace("\0", "`")
