"""Written answers: a generator writes from the hits and cites them as `[n]`; nothing it wrote is taken on trust."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.passages.sentences import by_sentence, sentences
from rag.types import Answer, Hit, Span

NUMBER = "[0-9]{1,3}"
CITATION = re.compile(rf"([ \t]*)\[ *({NUMBER}(?: *[,，、] *{NUMBER})*) *\]")
QUOTE = re.compile(r"“[^“”]+”|「[^「」]+」|\"[^\"\n]+\"")
CODE = re.compile(r"(`{3,})[^`].*?(?:\1|\Z)|`[^`\n]+`", re.DOTALL)
BLANKS = re.compile(r"\s+")
WORD = re.compile(r"\w")


class Generator(Protocol):
    """Writes an answer from passages: a language model, or a script in the tests."""

    def answer(self, question: str, hits: Sequence[Hit]) -> Iterator[str]:
        """Yields the text piece by piece; `[n]` cites the hit of rank n, from 1. Raises KuaidaError."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A generated text in which every citation leads somewhere.

    `cited` are the ranks in order of first mention, `marks` where the citations `[n]` stand, `uncited` the sentences of
    `text` that cite nothing, `misquoted` the quotes that none of the cited passages holds, letter for letter.
    """

    text: str
    cited: tuple[int, ...]
    marks: tuple[Span, ...]
    uncited: tuple[Span, ...]
    misquoted: tuple[str, ...]


def answer_from(question: str, hits: Sequence[Hit], checked: Checked) -> Answer:
    """Returns a generated text as an answer; one that cites nothing says that the notes hold none."""
    confidence = hits[0].score if hits else 0.0
    found = bool(checked.cited)
    return Answer(question, checked.text, tuple(hits), checked.cited, found, confidence, marks=checked.marks)


def check(generated: str, hits: Sequence[Hit]) -> Checked:
    """Returns what a generator wrote without the citations of hits that there are not; `[1, 2]` becomes `[1][2]`.

    What looks like a citation is none in code, nor in a quote that a passage holds just so.
    """
    pieces = list(_pieces(generated, hits))
    text = "".join(piece for piece, _ in pieces)
    bare = "".join(" " * len(piece) if ranks else piece for piece, ranks in pieces)
    cited = tuple(dict.fromkeys(rank for _, ranks in pieces for rank in ranks))
    misquoted = _misquoted(text, [hits[rank - 1] for rank in cited])
    return Checked(text, cited, tuple(_marks(pieces)), _uncited(text, bare), misquoted)


def _marks(pieces: Iterable[tuple[str, tuple[int, ...]]]) -> Iterator[Span]:
    """Yields where the marks stand in the joined pieces, one for each rank that a piece cites."""
    place = 0
    for piece, ranks in pieces:
        at = place
        for rank in ranks:
            yield at, at + len(f"[{rank}]")
            at += len(f"[{rank}]")
        place += len(piece)


def _pieces(generated: str, hits: Sequence[Hit]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yields the text in pieces: its citations with the ranks they cite, what is between them with none."""
    place = 0
    for citation in _citations(generated, hits):
        yield generated[place : citation.start()], ()
        ranks = tuple(rank for rank in map(int, re.findall(NUMBER, citation[2])) if 1 <= rank <= len(hits))
        if ranks:
            yield citation[1], ()
            yield "".join(f"[{rank}]" for rank in ranks), ranks
        place = citation.end()
    yield generated[place:], ()


def _citations(generated: str, hits: Sequence[Hit]) -> Iterator[re.Match[str]]:
    opaque = [match.span() for match in CODE.finditer(generated)]
    opaque += [match.span() for match in QUOTE.finditer(generated) if _is_held(_quoted(match), hits)]
    for citation in CITATION.finditer(generated):
        if not any(start <= citation.start() < end for start, end in opaque):
            yield citation


def _uncited(text: str, bare: str) -> tuple[Span, ...]:
    """Returns the sentences that have no citation within or behind them; `bare` is `text` with blanks for citations."""
    spans = [span for span in _whole_sentences(bare) if WORD.search(bare[slice(*span)])]
    uncited = []
    begin = 0
    for place, (start, end) in enumerate(spans):
        line_end = bare.find("\n", end) if "\n" in bare[end:] else len(bare)
        until = min(line_end, spans[place + 1][0] if place + 1 < len(spans) else line_end)
        if text[begin:until] == bare[begin:until]:
            uncited.append((start, end))
        begin = until
    return tuple(uncited)


def _whole_sentences(text: str) -> list[Span]:
    """Returns the sentences, also those that `sentences` cuts since they are long."""
    return [(pieces[0][0], pieces[-1][1]) for pieces in by_sentence(text, sentences(text))]


def _misquoted(text: str, cited: Sequence[Hit]) -> tuple[str, ...]:
    quotes = (_quoted(match) for match in QUOTE.finditer(text))
    return tuple(quote for quote in quotes if not (_is_held(quote, cited) or _is_held(CITATION.sub("", quote), cited)))


def _is_held(quote: str, hits: Sequence[Hit]) -> bool:
    """Says whether one of the passages holds a quote, letter for letter; lines may be broken and spaced otherwise."""
    return any(BLANKS.sub("", quote) in BLANKS.sub("", hit.passage.text) for hit in hits)


def _quoted(match: re.Match[str]) -> str:
    return match[0][1:-1]
