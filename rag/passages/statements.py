"""Which lines of a passage say something: not the headings, front matter, tables of contents and references around it.

A reader who asks wants a statement; what only names, orders or points elsewhere is never one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.text.markdown import FENCE, front_matter, next_fence
from rag.types import Passage, Span

ITEM = r"(?:[-*+]|\d{1,3}[.)])\s+"
TABLE_RULE = re.compile(r"\s*(?:\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?|\|[\s|:-]*)\s*")
UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})\s*")
TITLE = re.compile(r"\s*(?![-*+>])[^。.!！；;]{1,40}")
SILENT = re.compile(
    r"\s*(?:>\s*)*(?:"
    r"#{1,6}(?:\s.*)?"
    rf"|(?:{ITEM})?\[[^\]]*\]\(#[^)]*\)"  # a line of a table of contents
    rf"|(?:{ITEM})?\[\^?\d{{1,3}}\]:?\s.*(?:\b(?:19|20)\d\d\b|https?://|arXiv|doi).*"  # a reference
    r"|(?P<mark>\*\*|__)[^*_\d]{1,30}(?P=mark)[:：]?"  # a line in bold alone is a heading of those who write none
    r"|\[\[?toc\]?\]"
    r")\s*",
    re.IGNORECASE,
)


def states(passage: Passage) -> bool:
    """Says whether anything in the passage is a statement: a title, a table of contents or references alone is not.

    What stands below a question is its answer, whatever it looks like.
    """
    return passage.question is not None or next(_stating(passage), None) is not None


def statements(passage: Passage, sentences: dict[Span, float]) -> dict[Span, float]:
    """Returns those of some sentences of a passage that say something; all if none does."""
    lines = tuple(_stating(passage))
    kept = {
        (start, end): value
        for (start, end), value in sentences.items()
        if any(first < end and start < last for first, last in lines)
    }
    return kept or sentences


def opening(passage: Passage) -> int:
    """Returns where in a passage its text begins, behind front matter and headings; 0 where nothing else follows.

    The head of a table belongs to its rows.
    """
    first, _ = next(_stating(passage), (0, 0))
    rows = passage.text[:first].split("\n")[:-1]
    while rows and "|" in rows[-1]:
        first -= len(rows.pop()) + 1
    return first


def _stating(passage: Passage) -> Iterator[Span]:
    """Yields the spans of the lines that say something; of code, all lines do."""
    lines = passage.text.split("\n")
    front = front_matter(lines) if passage.start == 0 else 0
    start, fence = 0, ""
    for number, line in enumerate(lines):
        mark = FENCE.match(line)
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if number >= front and line.strip() and not mark and (fence or not _is_silent(line, below)):
            yield start, start + len(line)
        if mark:
            fence = next_fence(fence, mark[1])
        start += len(line) + 1


def _is_silent(line: str, below: str) -> bool:
    return not any(map(str.isalnum, line)) or SILENT.fullmatch(line) is not None or _is_over_a_rule(line, below)


def _is_over_a_rule(line: str, below: str) -> bool:
    """Says whether a line is the head of a table, or a heading by what underlines it: many draw a rule below prose."""
    if "|" in line:
        return "|" in below and "-" in below and TABLE_RULE.fullmatch(below) is not None
    return TITLE.fullmatch(line) is not None and UNDERLINE.fullmatch(below) is not None
