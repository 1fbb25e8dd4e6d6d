"""Ranked passages → an answer in the notes' own words, each with its citation."""

from __future__ import annotations

from rag.answering.excerpt import EXCERPT_CHARACTERS, excerpt
from rag.question.frames import content_tokens
from rag.retrieval.calibration import THRESHOLD
from rag.retrieval.search import Match
from rag.store.base import Store
from rag.text.normal import is_chinese
from rag.text.tokens import tokens
from rag.types import Answer, Hit, Span

SHARED_WORDS = 0.3  # what all the words of the question are worth in a sentence, beside a cosine
MOST_QUOTED = 3  # passages of prose in one answer
NEARLY_AS_SURE = 0.9  # times as sure as the first: such a passage is quoted too
NOT_FOUND = {  # with what is nearest, and without
    True: ("笔记里没有找到答案。最接近的是：", "笔记里没有找到答案。"),
    False: ("Not in your notes. The nearest are:", "Not in your notes."),
}


def hit_of(store: Store, match: Match, stale: bool) -> Hit:
    """Returns a match with what an answer quotes of it and its best sentence, which is never the one that asks."""
    passage, best, answer = match.passage, match.best, match.passage.answer_span
    similar = _similar(store, match, answer)
    if similar:  # never the question line: it is nearest to a question, but says nothing
        best = max(similar, key=lambda span: similar[span])
    quoted = None
    if passage.question is None and answer[1] - answer[0] > EXCERPT_CHARACTERS:
        quoted = excerpt(passage.text, list(similar), list(similar.values()))
    return Hit(passage, match.score, best, stale, quoted or answer)


def _similar(store: Store, match: Match, within: Span) -> dict[Span, float]:
    """Returns how well the sentences of a passage answer, by meaning and by the words they share with the question."""
    asked = set(content_tokens(match.wording.text))
    text = match.passage.text
    return {
        (start, end): similarity + SHARED_WORDS * len(asked.intersection(tokens(text[start:end]))) / max(1, len(asked))
        for (start, end), similarity in store.sentences(match.id, match.wording.encoded.whole).items()
        if within[0] <= start < end <= within[1]
    }


def compose(question: str, hits: tuple[Hit, ...], wanted: tuple[int, ...] = (1,)) -> Answer:
    """Returns the answer the hits allow: the notes' own words with their citation, or that they hold none.

    `wanted` are the ranks of the hits that answer, one for each part of the question. Every quoted span is an exact
    substring of its passage.
    """
    confidence = hits[0].score if hits else 0.0
    if confidence >= THRESHOLD:
        ranks = [rank for best in wanted for rank in _pieces(hits, best)]
        cited = tuple(dict.fromkeys(ranks if len(wanted) > 1 else [*ranks, *_further(hits, wanted[0])]))
        text, marks = quoted(hits, cited)
        return Answer(question, text, hits, cited, True, confidence, marks=marks)
    chinese = is_chinese(question)
    opening, none = NOT_FOUND[chinese]
    nearest = "".join(f"\n- {hit.passage.title}{_percent(hit.score, chinese)}" for hit in hits[:3])
    return Answer(question, opening + nearest if nearest else none, hits, (), False, confidence)


def quoted(hits: tuple[Hit, ...], cited: tuple[int, ...]) -> tuple[str, tuple[Span, ...]]:
    """Returns what an answer quotes of the hits of these ranks, a mark `[n]` behind each, and where the marks stand."""
    text, marks = "", []
    for rank in cited:
        hit, mark = hits[rank - 1], f"[{rank}]"
        text += "\n\n" if text else ""
        text += f"{hit.passage.text[slice(*hit.excerpt)]} "
        marks.append((len(text), len(text) + len(mark)))
        text += mark
    return text, tuple(marks)


def _pieces(hits: tuple[Hit, ...], wanted: int) -> list[int]:
    """Returns the ranks of a hit and of other pieces of the same long answer, in the order of the note."""
    best = hits[wanted - 1].passage
    if best.question is None:
        return [wanted]
    same = [rank for rank, hit in enumerate(hits, 1) if hit.passage.entry == best.entry]
    return sorted(same, key=lambda rank: hits[rank - 1].passage.start)


def _further(hits: tuple[Hit, ...], wanted: int) -> list[int]:
    """Returns the ranks of further prose that is nearly as sure as the prose at `wanted`; an entry needs no more."""
    best = hits[wanted - 1]
    if best.passage.question is not None:
        return []
    floor = max(THRESHOLD, NEARLY_AS_SURE * best.score)
    return [
        rank
        for rank, hit in enumerate(hits[:MOST_QUOTED], 1)
        if rank > wanted and hit.passage.question is None and hit.score >= floor
    ]


def _percent(score: float, chinese: bool) -> str:
    return f"（把握 {score:.0%}）" if chinese else f" ({score:.0%} sure)"
