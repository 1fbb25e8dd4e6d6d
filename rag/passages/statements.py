"""Which lines of a passage say something: not the headings, front matter, tables of contents and references around it.

A reader who asks wants a statement; what only names, orders or points elsewhere is never one.
"""

from __future__ import annotations

from rag.passages.forms import CLOSERS
from rag.passages.sentences import sentences
from rag.passages.standing import TABLE_RULE, Line, Standing, lines
from rag.text.markdown import Enclosed, enclosed, visible
from rag.types import Passage, Span

ANNOUNCING = ("：", ":")  # what ends so says nothing without what follows


def states(passage: Passage) -> bool:
    """Says whether anything in the passage is a statement: a title, a table of contents or references alone is not.

    What stands below a question is its answer, also a link or a word in bold; but no heading, picture or "TODO".
    """
    return any(line.standing is Standing.STATING for line in lines(passage)) or bool(_stating(passage))


def statements(passage: Passage, values: dict[Span, float]) -> dict[Span, float]:
    """Returns those of some sentences of a passage, with a value each, that say something; all if none does.

    What a reader of the note does not see at the end of a sentence, as a comment, is left out of its span.
    """
    stating = _stating(passage)
    kept: dict[Span, float] = {}
    for (start, end), value in values.items():
        line = next((line for line in stating if line.start < end and start < line.end), None)
        if line is not None:
            kept[max(start, line.start), min(end, line.end)] = value
    return kept or values


def opening(passage: Passage) -> int:
    """Returns where in a passage its text begins, behind front matter and headings; 0 where nothing else follows.

    The head of a table belongs to its rows, the mark of a fence to its code. The answer to a question keeps the
    headings of its parts.
    """
    quotable = _quotable(passage, Standing.HIDDEN)
    begin, _ = passage.answer_span
    first = quotable[0].start if quotable else begin
    if block := _block(passage, first):
        return max(block.start, begin)
    return table_start(passage.text, first) if passage.question is None else first


def closing(passage: Passage) -> int:
    """Returns where in a passage its text ends, before comments, the end of what is folded, and headings.

    Prose also ends before links, pictures, and what announces something that does not follow.
    """
    _, last = passage.answer_span
    quotable = _quotable(passage, Standing.HEADING)
    for line in reversed(quotable):
        if block := _block(passage, line.start):
            return min(block.end, last)
        if passage.question is not None or not announces(passage.text[line.start : line.end]):
            return line.end
        *before, _ = sentences(passage.text[line.start : line.end])
        if before:
            return line.start + before[-1][1]
    return quotable[-1].end if quotable else last


def announces(text: str) -> bool:
    """Says whether a text leads to something that is to follow."""
    return text.rstrip(CLOSERS).endswith(ANNOUNCING)


def table_start(text: str, row: int) -> int:
    """Returns where the table begins whose row begins at an offset; where its head is not in the text, the row."""
    above = text[:row].split("\n")[:-1]
    first, has_head = row, False
    while above and "|" in above[-1]:
        has_head |= TABLE_RULE.fullmatch(above[-1]) is not None
        first -= len(above.pop()) + 1
    return first if has_head else row


def _block(passage: Passage, offset: int) -> Enclosed | None:
    return next((block for block in enclosed(visible(passage.text)) if block.start <= offset < block.end), None)


def _quotable(passage: Passage, above: Standing) -> list[Line]:
    """Returns the lines that an answer may begin or end with: of an answer to a question, those `above` a standing."""
    if passage.question is None:
        return _stating(passage)
    return [line for line in lines(passage) if line.standing > above]


def _stating(passage: Passage) -> list[Line]:
    """Returns the lines that say something: a list of links does not, one link with a word or two may."""
    found = list(lines(passage))
    stating = [line for line in found if line.standing >= Standing.LABELLED]
    if len(stating) == 1 or any(line.standing is Standing.STATING for line in stating):
        return stating
    if passage.question is None:
        return []
    return [line for line in found if line.standing >= Standing.POINTING]
