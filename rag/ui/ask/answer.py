"""The text of an answer → HTML with a chip for each of its citations. Pure.

Only the places that the answer itself names are marks: a `[1]` that a note says stays text. Marks at the end of a
paragraph close a piece, which is rendered by itself, so that a code fence that a quotation leaves open ends there, and
a mark behind a fence or a table is a mark. Within a piece a chip stands where its mark does.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering.excerpt import standalone
from rag.serving.turns import Turn
from rag.types import Answer, Span
from rag.ui.ask.cards import anchor
from rag.ui.elements import where
from rag.ui.markup import encode, markdown
from rag.ui.words.base import Words

TOOLTIP_CHARACTERS = 160
MARK = re.compile(r"\[(\d{1,4})\]")
PARAGRAPH_END = re.compile(r"[ \t]*(?:\n[ \t]*\n|\n?\Z)")
LAST_ITEM = re.compile(r"(?:</p>|</li>|</[uo]l>)+\Z")

rendered = functools.lru_cache(500)(markdown)  # a conversation is shown whole with each answer


@dataclass(frozen=True, slots=True)
class Mark:
    """A citation in a text: its place, and the rank that it names."""

    place: Span
    rank: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer that is rendered by itself, with the marks `within` it and the ranks cited `behind` it."""

    text: str
    within: tuple[Mark, ...]
    behind: tuple[int, ...]


def written(turn: Turn, words: Words) -> list[str]:
    """Returns the answer as HTML, piece by piece."""
    return [_html(piece, turn, words) for piece in pieces(turn.answer)]


def pieces(answer: Answer) -> Iterator[Piece]:
    """Yields the pieces of an answer in their order."""
    text, begin = answer.text, 0
    within: list[Mark] = []
    for mark in marks(answer):
        within.append(mark)
        if end := PARAGRAPH_END.match(text, mark.place[1]):
            behind = _run(text, within)
            first = behind[0].place[0]
            yield _piece(text[begin:first].removesuffix(" "), begin, within[: -len(behind)], behind)
            begin, within = end.end(), []
    if text[begin:].strip():
        yield _piece(text[begin:], begin, within, [])


def marks(answer: Answer) -> Iterator[Mark]:
    """Yields the marks of an answer, without those that are none: the browser, which kept them, is not believed."""
    last = 0
    for start, end in answer.marks:
        match = MARK.fullmatch(answer.text, max(start, 0), max(end, 0))
        if match and start >= last and int(match[1]) in answer.cited:
            yield Mark((start, end), int(match[1]))
            last = end


def _run(text: str, within: Sequence[Mark]) -> list[Mark]:
    """Returns the last marks that nothing but blanks stands between."""
    run = [within[-1]]
    for mark in reversed(within[:-1]):
        if text[mark.place[1] : run[0].place[0]].strip(" \t"):
            break
        run.insert(0, mark)
    return run


def _piece(text: str, begin: int, within: Sequence[Mark], behind: Sequence[Mark]) -> Piece:
    moved = (Mark((mark.place[0] - begin, mark.place[1] - begin), mark.rank) for mark in within)
    return Piece(text, tuple(moved), tuple(mark.rank for mark in behind))


def _html(piece: Piece, turn: Turn, words: Words) -> str:
    marked = tuple((mark.place, _chip(turn, mark.rank, words)) for mark in piece.within)
    html = rendered(_standalone(piece, turn), marked)
    chips = "".join(_chip(turn, rank, words) for rank in piece.behind)
    if not chips:
        return html
    if html.endswith("</p>"):
        return f"{html.removesuffix('</p>')}{chips}</p>"
    item = LAST_ITEM.search(html) if piece.within else None  # what is cited item by item
    return f"{html[: item.start()]}{chips}{item[0]}" if item else f"{html}<p>{chips}</p>"


def _standalone(piece: Piece, turn: Turn) -> str:
    """Returns the text of a piece; what it quotes from within code, or from within a list, looks as in the note."""
    if len(piece.behind) != 1 or piece.within:
        return piece.text
    hit = turn.answer.hits[piece.behind[0] - 1]
    quoted = hit.passage.text[slice(*hit.excerpt)]
    before = piece.text.removesuffix(quoted)
    if before == piece.text or (before and not before.endswith("\n\n")):
        return piece.text
    return before + standalone(hit.passage.text, hit.excerpt, hit.passage.columns)


def _chip(turn: Turn, rank: int, words: Words) -> str:
    hit = turn.answer.hits[rank - 1]
    start, end = hit.best
    passage = hit.passage
    place = f"{passage.source} {where(words, passage)}"
    tooltip = f"{place}\n{passage.text[start:end].strip()[:TOOLTIP_CHARACTERS]}"
    return f'<a class="kd-chip kd-cite" href="#{anchor(turn, rank)}" title="{encode(tooltip)}">{rank}</a>'
