"""From a question to an answer: the one place where index, encoder and fusion meet."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence, Set
from pathlib import Path

from rag.answering.citations import is_stale
from rag.answering.compose import compose, hit_of
from rag.encoders.base import Encoder
from rag.errors import IndexUnusable
from rag.question.check import check_question
from rag.question.smalltalk import small_talk
from rag.retrieval.pipeline import retrieve
from rag.retrieval.reranker import Reranker
from rag.retrieval.search import Wording, search
from rag.store.local import Index, current_identity
from rag.text.normal import clean
from rag.types import Answer, Earlier


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

    def ask(self, question: str, limit: int = 5, history: Sequence[Earlier] = ()) -> Answer:
        """Returns the answer with the best `limit` passages; raises QuestionRejected.

        `history` are the questions before this one, the oldest first.
        """
        question = check_question(question)
        if reply := small_talk(question):
            return Answer(question, reply, (), (), False, 0.0, small_talk=True)
        index = self.index
        earlier = [
            Earlier(clean(one.typed), clean(one.topic), one.source) for one in history if not small_talk(one.typed)
        ]
        ranking = retrieve(index, self._encoder, question, earlier, limit, self._reranker)
        stale = {source: is_stale(index, source) for source in {match.passage.source for match in ranking.matches}}
        hits = tuple(hit_of(index, match, stale[match.passage.source]) for match in ranking.matches)
        answer = compose(question, hits, ranking.wanted)
        if ranking.question == question:
            return answer
        return dataclasses.replace(answer, asked=ranking.question, topic=ranking.topic)

    def confidence_without(self, question: str, ids: Set[int]) -> float:
        """Returns how sure the answer would be if the notes lacked the passages with these ids."""
        question = check_question(question)
        (encoded,) = self._encoder.encode_questions([question])
        matches = search(self.index, Wording(question, encoded), without=ids)
        return matches[0].score if matches else 0.0
