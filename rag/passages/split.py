"""Splits a note into passages. Pure: a note comes in, offsets into it come out.

Four steps, each a module: `layout` says what each line is, `outline` finds headings and questions, `packing` cuts a
section into what stays together and joins that to passages. All of them count lines from 0.
"""

from __future__ import annotations

from rag.passages.forms import (
    ANSWER_LINE,
    BULLET,
    CHOSEN,
    FOLD,
    FOLDS,
    ITEM_MARK,
    MARKER,
    RULE,
    SOLUTION,
    UNFOLD,
    has_options,
)
from rag.passages.layout import Layout, read_layout
from rag.passages.outline import Outline, Section
from rag.passages.packing import blocks, pack
from rag.passages.pairs import find_pairs
from rag.text.markdown import plain
from rag.text.tables import cells
from rag.types import Note, Passage, Place, Span

SPLITTER_VERSION = 5  # in the index's manifest: another number means other passages from the same notes


def split(note: Note) -> tuple[Passage, ...]:
    """Returns the passages of `note` in order; every line that is not blank lies in exactly one of them.

    A heading that asks and has no text below is a passage with an `open_question` instead of a question.
    Only a single line over MAX_CHARACTERS is shared between passages, whose offsets stay disjoint even then.
    """
    layout = read_layout(note)
    return tuple(
        _passage(note, layout, section, span)
        for section in Outline(layout, find_pairs(layout)).sections()
        for span in pack(blocks(layout, section))
    )


def _passage(note: Note, layout: Layout, section: Section, span: Span) -> Passage:
    start, end = span
    text = note.text[start:end]
    asks = _within(section.asks, span)
    first, last = layout.line_of(start), layout.line_of(end - 1)
    return Passage(
        source=note.source,
        headings=section.headings,
        question=section.question,
        start=start,
        end=end,
        start_line=first + 1,
        end_line=last + 1,
        text=text,
        answer=_answer(text, section, asks, span),
        asks=asks,
        open_question=section.open_question,
        columns=_columns(layout, section, first),
        names=note.names,
        place=Place(note.unit, note.places[first], note.places[last]) if note.places else None,
    )


def _columns(layout: Layout, section: Section, line: int) -> str:
    """Returns the head of the table that line `line` continues; that of a pair names nothing but its two sides."""
    first = next((first for first, end in layout.tables if first < line < end), None)
    if first is None:
        return ""
    head = layout.lines[first].strip()
    names = head.split(layout.separator) if layout.separator else cells(head)
    return "" if section.question and len(names) <= 2 else head


def _within(part: Span | None, span: Span) -> Span | None:
    """Returns a part of a note by its offsets within a passage, None when it lies in another one."""
    if part is None:
        return None
    first, last = part[0] - span[0], min(part[1], span[1]) - span[0]
    return (first, last) if 0 <= first < last else None


def _answer(text: str, section: Section, asks: Span | None, span: Span) -> Span | None:
    """Returns where the answer stands, or the text where there is no question; None for all of the passage."""
    start, end = 0, len(text)
    if section.answer:
        first, last = section.answer
        start = max(0, first - span[0])
        end = end if last is None else min(end, last - span[0])
    elif asks:
        start = _after_question(text, asks)
    if section.question:
        start, end = _bare(text, start, end)
    start = _first_line(text, start, end)
    return (start, end) if start < end and (start, end) != (0, len(text)) else None


def _bare(text: str, start: int, end: int) -> Span:
    """Returns an answer without a marker such as "答：" before it, or what only says that it can be unfolded."""
    if (fold := UNFOLD.match(text, start)) and FOLD.fullmatch(plain(fold["summary"])):
        start, end = fold.end(), _end_of_fold(text, fold.end(), end)
    marker = MARKER.match(text, start)
    if marker and not CHOSEN.match(text, marker.end()):
        start = marker.end()
    item = ITEM_MARK.match(text, start)
    return (item.end(), end) if item and "\n" not in text[start:end].strip() else (start, end)


def _end_of_fold(text: str, start: int, end: int) -> int:
    depth = 1
    for mark in FOLDS.finditer(text, start, end):
        depth += -1 if mark["close"] else 1
        if depth == 0:
            return len(text[: mark.start()].rstrip())
    return end


def _first_line(text: str, start: int, end: int) -> int:
    """Returns where an answer begins; the indent of its first line stays where it is that of a list with more lines."""
    bare = start + len(text[start:]) - len(text[start:].lstrip())
    line = text.rfind("\n", 0, bare) + 1
    is_list = line >= start and BULLET.match(text, line) and "\n" in text[bare:end]
    return line if is_list else bare


def _after_question(text: str, asks: Span) -> int:
    """Returns the offset after the line that asks and a rule that underlines it; with options, that of their answer."""
    below = text[asks[1] :].split("\n", 1)[0]
    start = asks[1] + (len(below) + 1 if RULE.match(below) and not below.startswith("*") else 0)
    if has_options(text[start:].split("\n"), 0) and (solution := SOLUTION.search(text, start)):
        return solution.start()
    if heading := ANSWER_LINE.search(text, start):
        return heading.end()
    return start
