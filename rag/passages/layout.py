"""What each line of a note is: heading, fence, formula, or text."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt

from rag.passages.forms import ATX, HEADING_CHARACTERS, MARKER, SECTION_CHARACTERS, TIGHT_ATX
from rag.text.markdown import FENCE, front_matter, next_fence
from rag.types import Note

Ranges = dict[int, tuple[int, int]]

MAX_NESTING = 100  # of lists and quotes; what is nested deeper would be taken for one block with all that follows


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a note. `groups` maps each line of a fence, a formula or code to the (first, end) of its block."""

    lines: list[str]
    starts: list[int]
    headings: Ranges  # first line → level, end
    groups: Ranges
    front: int  # lines of front matter
    following: list[int]  # for each line the next one that is not blank, or the number of lines


def read_layout(note: Note) -> Layout:
    lines = note.text.split("\n")
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    front = front_matter(lines)
    body = [""] * front + lines[front:]
    headings, groups = _plain_text(body) if note.source.lower().endswith(".txt") else _markdown(body)
    _add_formulas(body, headings, groups)
    if front:
        groups |= dict.fromkeys(range(front), (0, front))
    following = [len(lines)] * len(lines)
    for i in range(len(lines) - 2, -1, -1):
        following[i] = i + 1 if lines[i + 1].strip() else following[i + 1]
    return Layout(lines, starts, headings, groups, front, following)


def _markdown(lines: list[str]) -> tuple[Ranges, Ranges]:
    """Returns headings and undivided blocks as markdown-it sees them; inline marks are not parsed, to stay fast."""
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    headings: Ranges = {}
    groups: Ranges = {}
    for token in parser.parse("\n".join(lines)):
        if token.map is None:
            continue
        first, end = token.map
        if token.type == "heading_open" and token.level == 0 and _is_heading(lines, first, end, token.markup):
            headings[first] = int(token.tag[1]), end
        elif token.type in ("fence", "code_block"):
            groups |= dict.fromkeys(range(first, end), (first, end))
    for i, line in enumerate(lines):
        tight = TIGHT_ATX.match(line)
        if tight and i not in groups and len(line) <= HEADING_CHARACTERS:
            headings[i] = len(tight[1]), i + 1
    return headings, groups


def _is_heading(lines: list[str], first: int, end: int, markup: str) -> bool:
    """Tells headings from a paragraph over a rule, which CommonMark makes a heading of any length."""
    if markup.startswith("#"):
        return len(lines[first]) <= HEADING_CHARACTERS
    return end == first + 2 and len(lines[first]) <= SECTION_CHARACTERS and not MARKER.match(lines[first])


def _plain_text(lines: list[str]) -> tuple[Ranges, Ranges]:
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
    return headings, groups


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
