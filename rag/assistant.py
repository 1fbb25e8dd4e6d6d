"""From a question to an answer: the one place where index, encoder and fusion meet."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence, Set
from pathlib import Path

from rag.encoders.base import Encoder
from rag.errors import IndexUnusable, NoteUnreadable
from rag.extract import EXCERPT_CHARACTERS, excerpt
from rag.notes.corpus import read_sha256
from rag.passages.split import answer_span, title
from rag.question.check import check_question
from rag.question.frames import content_tokens
from rag.retrieval import pipeline
from rag.retrieval.calibration import THRESHOLD
from rag.retrieval.pipeline import Found
from rag.retrieval.reranker import Reranker
from rag.retrieval.search import search
from rag.store.local import Index, current_identity
from rag.text.normal import clean, is_chinese
from rag.text.tokens import tokens
from rag.types import Answer, Hit, Passage, Span

SHARED_WORDS = 0.3  # what all the words of the question are worth in a sentence, beside a cosine
MOST_QUOTED = 3  # passages of prose in one answer
NEARLY_AS_SURE = 0.9  # times as sure as the first: such a passage is quoted too
NOT_FOUND = {  # with what is nearest, and without
    True: ("笔记里没有找到答案。最接近的是：", "笔记里没有找到答案。"),
    False: ("Not in your notes. The nearest are:", "Not in your notes."),
}


class Assistant:
    """Answers questions from one generation of the index; safe to share between threads.

    `refresh` swaps one reference, so that a question under way keeps the generation it began with.
    """

    def __init__(self, index: Index, encoder: Encoder, folder: Path, reranker: Reranker | None = None) -> None:
        self.index = index
        self._encoder = encoder
        self._folder = folder
        self._reranker = reranker
        self._swapping = threading.Lock()
        self._refused: str | None = None  # a generation that could not be opened; it will not get better

    @classmethod
    def open(cls, index: Path, encoder: Encoder, reranker: Reranker | None = None) -> Assistant:
        """Raises IndexMissing, IndexMismatch or IndexCorrupt."""
        return cls(Index.open(index, encoder), encoder, index, reranker)

    def refresh(self) -> bool:
        """Swaps to a newer generation when one was published and can be read; returns whether it did."""
        with self._swapping:
            published = current_identity(self._folder)
            if published in (None, self.index.identity, self._refused):
                return False
            try:
                newer = Index.open(self._folder, self._encoder)
            except IndexUnusable:
                self._refused = published  # what is in memory is whole: go on answering from it
                return False
            if newer.identity != published:
                self._refused = published
            swapped = newer.identity != self.index.identity
            self.index = newer
            return swapped

    def ask(self, question: str, limit: int = 5, history: Sequence[str] = ()) -> Answer:
        """Returns the answer with the best `limit` passages; raises QuestionRejected.

        `history` are the questions before this one, the oldest first, as typed or as they were understood.
        """
        question = check_question(question)
        index = self.index
        earlier = [clean(asked) for asked in history]
        asked = pipeline.ask(index, self._encoder, question, earlier, limit, self._reranker)
        stale = {source: is_stale(index, source) for source in {found.ranked.passage.source for found in asked.found}}
        hits = tuple(_hit(index, found, stale[found.ranked.passage.source]) for found in asked.found)
        answer = compose(question, hits, asked.wanted)
        return answer if asked.question == question else dataclasses.replace(answer, asked=asked.question)

    def confidence_without(self, question: str, numbers: Set[int]) -> float:
        """Returns how sure the answer would be if the notes lacked the passages with these numbers."""
        question = check_question(question)
        ranked = search(self.index, question, self._encoder.encode_questions([question])[0], without=numbers)
        return ranked[0].score if ranked else 0.0


def _hit(index: Index, found: Found, stale: bool) -> Hit:
    passage, best = found.ranked.passage, found.ranked.candidate.best
    answer = answer_span(passage)
    similar = _similar(index, found, answer)
    if similar:  # never the question line: it is nearest to a question, but says nothing
        best = max(similar, key=lambda span: similar[span])
    quoted = None
    if passage.question is None and answer[1] - answer[0] > EXCERPT_CHARACTERS:
        quoted = excerpt(passage.text, list(similar), list(similar.values()))
    return Hit(passage, found.ranked.score, best, stale, quoted or answer)


def _similar(index: Index, found: Found, within: Span) -> dict[Span, float]:
    """Returns how well the sentences of a passage answer, by meaning and by the words they share with the question."""
    asked = set(content_tokens(found.question))
    text = found.ranked.passage.text
    return {
        (start, end): similarity + SHARED_WORDS * len(asked.intersection(tokens(text[start:end]))) / max(1, len(asked))
        for (start, end), similarity in index.sentence_similarities(found.number, found.encoded.whole, within).items()
    }


def is_stale(index: Index, source: str) -> bool:
    """Says whether the file on disk is no longer the note that was indexed."""
    indexed = index.note(source)
    try:
        return indexed is None or read_sha256(index.corpus, source) != indexed.sha256
    except NoteUnreadable:
        return True


def compose(question: str, hits: tuple[Hit, ...], wanted: tuple[int, ...] = (1,)) -> Answer:
    """Returns the answer the hits allow: the notes' own words with their citation, or that they hold none.

    `wanted` are the ranks of the hits that answer, one for each part of the question. Every quoted span is an exact
    substring of its passage.
    """
    confidence = hits[0].score if hits else 0.0
    if confidence >= THRESHOLD:
        ranks = [rank for best in wanted for rank in _pieces(hits, best)]
        cited = tuple(dict.fromkeys(ranks if len(wanted) > 1 else [*ranks, *_further(hits, wanted[0])]))
        quotes = (f"{hits[rank - 1].passage.text[slice(*hits[rank - 1].excerpt)]} [{rank}]" for rank in cited)
        return Answer(question, "\n\n".join(quotes), hits, cited, True, confidence)
    chinese = is_chinese(question)
    opening, none = NOT_FOUND[chinese]
    nearest = "".join(f"\n- {title(hit.passage)}{_percent(hit.score, chinese)}" for hit in hits[:3])
    return Answer(question, opening + nearest if nearest else none, hits, (), False, confidence)


def _pieces(hits: tuple[Hit, ...], wanted: int) -> list[int]:
    """Returns the ranks of a hit and of other pieces of the same long answer, in the order of the note."""
    best = hits[wanted - 1].passage
    if best.question is None:
        return [wanted]
    same = [rank for rank, hit in enumerate(hits, 1) if _entry(hit.passage) == _entry(best)]
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


def _entry(passage: Passage) -> tuple[str, tuple[str, ...], str | None]:
    return passage.source, passage.headings, passage.question


def _percent(score: float, chinese: bool) -> str:
    return f"（把握 {score:.0%}）" if chinese else f" ({score:.0%} sure)"


def record(answer: Answer, elapsed_ms: float) -> dict[str, object]:
    """Returns the JSON object that command line, page and API share; no key is called "path" (Gradio's file marker)."""
    return {
        "question": answer.question,
        "found": answer.found,
        "confidence": round(answer.confidence, 4),
        "answer": answer.text,
        "cited": list(answer.cited),
        "hits": [
            {
                "rank": rank,
                "source": hit.passage.source,
                "headings": list(hit.passage.headings),
                "question": hit.passage.question,
                "start_line": hit.passage.start_line,
                "end_line": hit.passage.end_line,
                "text": hit.passage.text,
                "best": list(hit.best),
                "score": round(hit.score, 4),
                "stale": hit.stale,
            }
            for rank, hit in enumerate(answer.hits, 1)
        ],
        "elapsed_ms": round(elapsed_ms, 1),
    }
