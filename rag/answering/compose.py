"""Ranked passages → an answer in the notes' own words, each with its citation."""

from __future__ import annotations

from rag.answering.excerpt import EXCERPT_CHARACTERS, excerpt, indented
from rag.passages.statements import closing, opening, statements
from rag.question.facts import kind_asked_for
from rag.question.frames import content_tokens
from rag.retrieval.calibration import MAYBE, THRESHOLD
from rag.retrieval.fusion import inverse_document_frequency
from rag.retrieval.search import Match
from rag.store.base import Store
from rag.text.markdown import extent
from rag.text.normal import is_chinese
from rag.text.tokens import tokens
from rag.types import Answer, Hit, Span

FACT = 0.1  # what a number is worth in a sentence where one is asked for, likewise
SHARED_WORDS = 0.3  # what all the words of the question are worth in a sentence, beside a cosine
MOST_QUOTED = 3  # passages of prose in one answer
NEARLY_AS_SURE = 0.9  # times as sure as the first: such a passage is quoted too
NOT_FOUND = {  # with what is nearest, and without
    True: ("笔记里没有找到答案。最接近的是：", "笔记里没有找到答案。"),
    False: ("Not in your notes. The nearest are:", "Not in your notes."),
}

MAY_BE = {
    True: "笔记里没有确切的答案，可能是这段：\n\n",
    False: "Nothing in your notes surely answers; this may be it:\n\n",
}


def hit_of(store: Store, match: Match, stale: bool) -> Hit:
    """Returns a match with what an answer quotes of it and its best sentence, which is never the one that asks."""
    passage, best = match.passage, match.best
    answer = indented(passage.text, (opening(passage), closing(passage)))
    similar = _similar(store, match, answer)
    if similar:  # never the question line: it is nearest to a question, but says nothing
        best = max(similar, key=lambda span: similar[span])
    quoted = None
    if passage.question is None and extent(passage.text[slice(*answer)]) > EXCERPT_CHARACTERS:
        quoted = excerpt(passage.text, list(similar), list(similar.values()))
    return Hit(passage, match.score, best, stale, quoted or answer)


def _similar(store: Store, match: Match, within: Span) -> dict[Span, float]:
    """Returns how well the sentences of a passage answer that state something, as far as they lie `within` a span.

    By meaning, by the words they share with the question, and by holding a fact of the kind that is asked for.
    """
    asked = {
        token: inverse_document_frequency(store.document_frequency(token), store.size)
        for token in content_tokens(match.wording.text)
    }
    all_asked = sum(asked.values()) or 1.0
    kind = kind_asked_for(match.wording.text)
    text = match.passage.text

    def value(sentence: str, similarity: float) -> float:
        shared = sum(asked[token] for token in asked.keys() & set(tokens(sentence))) / all_asked
        return similarity + SHARED_WORDS * shared + FACT * (kind is not None and kind.is_held_by(sentence))

    similar = store.sentences(match.id, match.wording.encoded.whole)
    inside = {
        (max(start, within[0]), min(end, within[1])): similarity
        for (start, end), similarity in similar.items()
        if start < within[1] and within[0] < end
    }
    return {
        span: value(text[slice(*span)], similarity) for span, similarity in statements(match.passage, inside).items()
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
    if confidence >= MAYBE:
        opening = MAY_BE[chinese]
        text, marks = quoted(hits, (1,))
        moved = tuple((start + len(opening), end + len(opening)) for start, end in marks)
        return Answer(question, opening + text, hits, (1,), False, confidence, marks=moved, maybe=True)
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
        if rank > wanted and hit.passage.question is None and hit.score >= floor and not _same_table(hit, best)
    ]


def _same_table(hit: Hit, best: Hit) -> bool:
    """Says whether two hits are of one table that was cut: who asks for a row of it has that row already."""
    return (hit.passage.columns or best.passage.columns) != "" and hit.passage.entry == best.passage.entry


def _percent(score: float, chinese: bool) -> str:
    return f"（把握 {score:.0%}）" if chinese else f" ({score:.0%} sure)"
