"""Tables as text: the cells of their rows, and which two columns hold questions and their answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from rag.types import Span

ROW = re.compile(r"`[^`\n]*`|\\.|(?P<bar>\|)")  # a bar in code or behind a backslash is none
MARKS = " \t\u3000*_`\"'：:"
ASKS = frozenset("问题 题目 问 提问 疑问 常见问题 题干 正面 question questions q prompt front".split())
ANSWERS = frozenset(
    "答案 回答 解答 答 答复 回复 参考答案 参考回答 反面 背面 answer answers a response reply back".split()
)
MOSTLY = 2 / 3  # of the cells of a column read as questions: then it is one of questions without saying so
FEWEST = 2  # rows from which that can be told

Record = tuple[Span, ...]  # the cells of one row, in the text


def cells(row: str) -> Record:
    """Returns the cells of a row of a Markdown table as offsets, without the blanks around them."""
    bars = [match.start() for match in ROW.finditer(row) if match["bar"]]
    edges = [-1, *bars, len(row)]
    spans = [_stripped(row, first + 1, last) for first, last in pairwise(edges)]
    if spans and spans[0][0] == spans[0][1]:
        spans = spans[1:]
    return tuple(spans[:-1] if spans and spans[-1][0] == spans[-1][1] and bars else spans)


def records(text: str, separator: str) -> Iterator[Record]:
    """Yields the rows of a table of separated values (RFC 4180) as offsets of their cells.

    A quoted cell may have lines; a quotation mark that is never closed is one of the text. Blank lines and comments
    (`#separator:tab`) are no rows.
    """
    cell = re.compile(rf'"(?P<quoted>(?:[^"]|"")*)"[ ]*(?=[{separator}\n]|\Z)|(?P<bare>[^{separator}\n]*)')
    place = 0
    row: list[Span] = []
    while place <= len(text):
        if not row and text.startswith("#", place):
            place = _line_end(text, place) + 1
            continue
        match = cell.match(text, place)
        assert match, "a cell may be empty"
        row.append(match.span("quoted") if match["quoted"] is not None else _stripped(text, *match.span("bare")))
        place = match.end()
        if text[place : place + 1] != separator:
            if any(start < end for start, end in row):
                yield tuple(row)
            row = []
        place += 1


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def named_pair(head: Sequence[str]) -> tuple[int, int] | None:
    """Returns which columns hold questions and answers by their heads."""
    names = [name.strip(MARKS).casefold() for name in head]
    asks = next((column for column, name in enumerate(names) if name in ASKS), None)
    answers = next((column for column, name in enumerate(names) if name in ANSWERS), None)
    return None if asks is None or answers is None else (asks, answers)


def plain_pair(rows: Sequence[Sequence[str]], reads_as_question: Callable[[str], bool]) -> tuple[int, int] | None:
    """Returns which columns hold questions and answers because most cells of the first one are questions."""
    for column in range(max(map(len, rows), default=1) - 1):
        asked = sum(1 for row in rows if column + 1 < len(row) and row[column + 1] and reads_as_question(row[column]))
        if asked >= FEWEST and asked >= MOSTLY * len(rows):
            return column, column + 1
    return None
