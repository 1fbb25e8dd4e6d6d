"""What each line of a note is: heading, fence, formula, or text."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.passages.forms import ATX, HEADING_CHARACTERS, MARKER, SECTION_CHARACTERS, TIGHT_ATX
from rag.text.markdown import FENCE, front_matter, next_fence
from rag.types import Note, Span

Ranges = dict[int, tuple[int, int]]

SEPARATORS = {".csv": ",", ".tsv": "\t"}
MAX_INDENT = 3  # columns; what is indented further is code to Markdown
MAX_NESTING = 100  # of lists and quotes; what is nested deeper would be taken for one block with all that follows


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a note. `groups` maps each line of a fence, a formula or code to the (first, end) of its block."""

    text: str
    lines: list[str]
    starts: list[int]
    headings: Ranges  # first line → level, end
    groups: Ranges
    tables: list[Span]  # first line, end
    front: int  # lines of front matter
    following: list[int]  # for each line the next one that is not blank, or the number of lines
    deepest: int  # columns by which a line may be indented and still be none of code
    separator: str | None = None  # of the cells, where the note is a table and nothing else

    def line_of(self, offset: int) -> int:
        return bisect.bisect_right(self.starts, offset) - 1

    def end_of(self, line: int) -> int:
        """Returns the offset after what line `line` says."""
        return self.starts[line] + len(self.lines[line].rstrip())


def read_layout(note: Note) -> Layout:
    lines = note.text.split("\n")
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    suffix = PurePosixPath(note.source).suffix.lower()
    if separator := SEPARATORS.get(suffix):
        return Layout(note.text, lines, starts, {}, {}, [(0, len(lines))], 0, [], 0, separator)
    front = front_matter(lines)
    body = [""] * front + lines[front:]
    plain = suffix == ".txt"
    headings, groups, tables = _plain_text(body) if plain else _markdown(body)
    _add_formulas(body, headings, groups)
    if front:
        groups |= dict.fromkeys(range(front), (0, front))
    following = [len(lines)] * len(lines)
    for i in range(len(lines) - 2, -1, -1):
        following[i] = i + 1 if lines[i + 1].strip() else following[i + 1]
    return Layout(
        note.text, lines, starts, headings, groups, tables, front, following, len(note.text) if plain else MAX_INDENT
    )


def _markdown(lines: list[str]) -> tuple[Ranges, Ranges, list[Span]]:
    """Returns headings, undivided blocks and tables as markdown-it sees them; inline marks are not parsed: it is fast.

    A heading may be an item of a list, as all of them are in an outliner, but not stand in a quote.
    """
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    headings: Ranges = {}
    groups: Ranges = {}
    tables: list[Span] = []
    quotes = 0
    for token in parser.parse("\n".join(lines)):
        quotes += token.nesting if token.type in ("blockquote_open", "blockquote_close") else 0
        if token.map is None:
            continue
        first, end = token.map
        if token.type == "heading_open" and not quotes and _is_heading(lines, first, end, token):
            headings[first] = int(token.tag[1]), end
        elif token.type in ("fence", "code_block"):
            groups |= dict.fromkeys(range(first, end), (first, end))
        elif token.type == "table_open" and not quotes:
            tables.append((first, end))
    for i, line in enumerate(lines):
        tight = TIGHT_ATX.match(line)
        if tight and i not in groups and len(line) <= HEADING_CHARACTERS:
            headings[i] = len(tight[1]), i + 1
    return headings, groups, tables


def _is_heading(lines: list[str], first: int, end: int, token: Token) -> bool:
    """Tells headings from a paragraph over a rule, which CommonMark makes a heading of any length."""
    if token.markup.startswith("#"):
        return len(lines[first]) <= HEADING_CHARACTERS
    if token.level:
        return False
    return end == first + 2 and len(lines[first]) <= SECTION_CHARACTERS and not MARKER.match(lines[first])


def _plain_text(lines: list[str]) -> tuple[Ranges, Ranges, list[Span]]:
    """Returns headings and fences of a .txt: `#` counts after a blank line only, else it is a comment in commands."""
    headings: Ranges = {}
    groups: Ranges = {}
    fence, first = "", 0
    for i, line in enumerate(lines):
        if match := FENCE.match(line):
            opened, fence = fence, next_fence(fence, match[1])
            if fence and not opened:
                first = i
            elif opened and not fence:
                groups |= dict.fromkeys(range(first, i + 1), (first, i + 1))
        elif not fence and (match := ATX.match(line)) and len(line) <= HEADING_CHARACTERS:
            stands_free = i == 0 or not lines[i - 1].strip() or i - 1 in headings
            headings |= {i: (len(match[1]), i + 1)} if stands_free else {}
    return headings, groups, []


def _add_formulas(lines: list[str], headings: Ranges, groups: Ranges) -> None:
    """Adds blocks between lines `$$` or `\\[` and `\\]`; one that is not closed within 100 lines is no formula."""
    i = 0
    while i < len(lines):
        line = lines[i].strip()
        close = {"$$": "$$", "\\[": "\\]"}.get(line[:2])
        if close and i not in groups and close not in line[2:]:
            for end in range(i + 1, min(i + 100, len(lines))):
                if end in groups or end in headings:
                    break
                if close in lines[end]:
                    groups |= dict.fromkeys(range(i, end + 1), (i, end + 1))
                    i = end
                    break
        i += 1
