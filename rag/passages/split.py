"""Splits a note into passages. Pure: a note comes in, offsets into it come out.

Four steps, each a module: `layout` says what each line is, `outline` finds headings and questions, `packing` cuts a
section into what stays together and joins that to passages. All of them count lines from 0.
"""

from __future__ import annotations

import bisect

from rag.passages.forms import INLINE_ANSWER, MARKER, RULE
from rag.passages.layout import Layout, read_layout
from rag.passages.outline import Outline, Section
from rag.passages.packing import blocks, pack
from rag.types import Note, Passage, Place, Span

SPLITTER_VERSION = 3  # in the index's manifest: another number means other passages from the same notes


def split(note: Note) -> tuple[Passage, ...]:
    """Returns the passages of `note` in order; every line that is not blank lies in exactly one of them.

    A heading that asks and has no text below is a passage with an `open_question` instead of a question.
    Only a single line over MAX_CHARACTERS is shared between passages, whose offsets stay disjoint even then.
    """
    layout = read_layout(note)
    return tuple(
        _passage(note, layout, section, span)
        for section in Outline(layout).sections()
        for span in pack(blocks(layout, section))
    )


def _passage(note: Note, layout: Layout, section: Section, span: Span) -> Passage:
    start, end = span
    text = note.text[start:end]
    asks = _asks(layout, section, span)
    first, last = bisect.bisect_right(layout.starts, start), bisect.bisect_right(layout.starts, end - 1)
    return Passage(
        source=note.source,
        headings=section.headings,
        question=section.question,
        start=start,
        end=end,
        start_line=first,
        end_line=last,
        text=text,
        answer=_answer(text, section.question, asks),
        asks=asks,
        open_question=section.open_question,
        place=Place(note.unit, note.places[first - 1], note.places[last - 1]) if note.places else None,
    )


def _asks(layout: Layout, section: Section, span: Span) -> Span | None:
    """Returns the offsets within a passage of the line that asks its question, None when it stands in another one."""
    if section.asks is None:
        return None
    first = layout.starts[section.asks] - span[0]
    last = min(first + len(layout.lines[section.asks]) + 1, span[1] - span[0])
    return (first, last) if 0 <= first < last else None


def _answer(text: str, question: str | None, asks: Span | None) -> int:
    """Returns where the answer, or the text where there is no question, begins; 0 when nothing follows the question."""
    start = _after_question(text, asks) if asks else 0
    if question and (marker := MARKER.match(text, start)):
        start = marker.end()
    start += len(text[start:]) - len(text[start:].lstrip())
    return start if start < len(text) else 0


def _after_question(text: str, asks: Span) -> int:
    """Returns the offset after the line that asks, and after a rule that underlines it."""
    if inline := INLINE_ANSWER.search(text[slice(*asks)].rstrip("\n")):
        return asks[0] + inline.end()
    below = text[asks[1] :].split("\n", 1)[0]
    return asks[1] + (len(below) + 1 if RULE.match(below) and not below.startswith("*") else 0)
