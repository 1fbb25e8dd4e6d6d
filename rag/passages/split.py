"""Splits a note into passages. Pure: a note comes in, offsets into it come out.

Four steps, each a module: `layout` says what each line is, `outline` finds headings and questions, `packing` cuts a
section into what stays together and joins that to passages. All of them count lines from 0.
"""

from __future__ import annotations

import bisect

from rag.passages.forms import (
    ATX,
    HEADING_CHARACTERS,
    INLINE_ANSWER,
    MARKER,
    RULE,
    SECTION_CHARACTERS,
    TIGHT_ATX,
    parse_ask,
    reads_as_question,
    says_nothing,
    unnumbered,
)
from rag.passages.layout import read_layout
from rag.passages.outline import Outline
from rag.passages.packing import blocks, pack
from rag.text.markdown import plain, unbold
from rag.types import Note, Passage, Span

SPLITTER_VERSION = 2  # in the index's manifest: another number means other passages from the same notes


def split(note: Note) -> tuple[Passage, ...]:
    """Returns the passages of `note` in order; every line that is not blank lies in exactly one of them.

    A heading that asks and has no text below is a passage without question: see `is_unanswered`.
    Only a single line over MAX_CHARACTERS is shared between passages, whose offsets stay disjoint even then.
    """
    layout = read_layout(note)
    passages: list[Passage] = []
    for section in Outline(layout).sections():
        for start, end in pack(blocks(layout, section)):
            first = bisect.bisect_right(layout.starts, start)
            last = bisect.bisect_right(layout.starts, end - 1)
            text = note.text[start:end]
            passages.append(Passage(note.source, section.headings, section.question, start, end, first, last, text))
    return tuple(passages)


def answer_span(passage: Passage) -> Span:
    """Returns the offsets of the answer in `passage.text`: what follows the question and a marker such as "答：".

    It is the whole text when there is no question, or nothing after it.
    """
    text = passage.text
    start = _after_question(passage) if passage.question else 0
    if passage.question and (marker := MARKER.match(text, start)):
        start = marker.end()
    start += len(text[start:]) - len(text[start:].lstrip())
    return (start, len(text)) if start < len(text) else (0, len(text))


def question_line(passage: Passage) -> Span | None:
    """Returns the offsets of the line of `passage.text` that asks its question, with its end; None without one.

    A later piece of a long answer has none.
    """
    start = 0
    for line in passage.text.split("\n") if passage.question else ():
        end = start + len(line) + 1
        if len(line) <= 2 * HEADING_CHARACTERS and passage.question in _questions(line):
            return start, min(end, len(passage.text))
        start = end
    return None


def is_unanswered(passage: Passage) -> bool:
    """True for headings that ask, with nothing below them: whoever finds them has found no answer."""
    return _open_question(passage) is not None


def _open_question(passage: Passage) -> str | None:
    """Returns the last question of headings that ask and have nothing below them, None for any other passage."""
    if passage.question is not None:
        return None
    asked = None
    lines = [line for line in passage.text.split("\n") if line.strip()]
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if ATX.match(line) or TIGHT_ATX.match(line) or (RULE.match(below) and not RULE.match(line)):
            text = unnumbered(plain(line.strip().strip("#").strip()))
            asked = text if reads_as_question(text) else asked
        elif not says_nothing(line):
            return None
    return asked


def title(passage: Passage) -> str:
    """Returns what a passage is called in a list: its question, its last heading or how its text begins."""
    heading = passage.headings[-1] if passage.headings else passage.text.split("\n", 1)[0][:SECTION_CHARACTERS]
    return passage.question or _open_question(passage) or heading


def _after_question(passage: Passage) -> int:
    """Returns the offset after the line of `passage.text` that asks its question, 0 in a later piece."""
    span = question_line(passage)
    if span is None:
        return 0
    line, below = passage.text[slice(*span)].rstrip("\n"), passage.text[span[1] :].split("\n", 1)[0]
    if inline := INLINE_ANSWER.search(line):
        return span[0] + inline.end()
    return span[1] + (len(below) + 1 if RULE.match(below) and not below.startswith("*") else 0)


def _questions(line: str) -> set[str]:
    """Returns the ways in which `_Outline` may have read the question of a line."""
    raw = plain(line.strip().strip("#").strip())
    asks = (parse_ask(line), parse_ask(raw))
    return {ask.text for ask in asks if ask} | {unnumbered(raw), unnumbered(plain(unbold(line)))}


def trail(passage: Passage) -> tuple[str, ...]:
    """Returns the headings over a passage, and its question unless that is the last of them."""
    headings, question = passage.headings, passage.question
    return headings if question is None or question in headings[-1:] else (*headings, question)


def topic(passage: Passage) -> str:
    """Returns what a passage is about: its question or else its heading, empty for neither."""
    return passage.question or (passage.headings[-1] if passage.headings else "")
