"""What stands behind the page: one assistant that all tabs share, and one rebuild at a time."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.assistant import Assistant, record
from rag.encoder import Encoder
from rag.errors import IndexNotWritable
from rag.index import Index, sync
from rag.types import Answer, BuildReport
from rag.ui.render import State

PAGE_LIMIT = 5  # cards of an answer
API_LIMIT = 50
EXAMPLE_CHARACTERS = 40  # longer ones fill the page before anything is asked
EXAMPLE_PASSAGES = 20  # of a note that are looked at for a question


class RebuildRunning(IndexNotWritable):
    """Another tab is rebuilding."""


class Service:
    """Asks and rebuilds; safe to call from many threads."""

    def __init__(self, corpus: Path, index: Path, encoder: Encoder, assistant: Assistant) -> None:
        self._corpus = corpus
        self._index = index
        self._encoder = encoder
        self._assistant = assistant
        self._rebuilding = threading.Lock()

    @property
    def state(self) -> State:
        index = self._assistant.index
        return State(
            notes=len(index.manifest.notes),
            passages=index.size,
            encoder=index.manifest.encoder,
            generation=index.generation,
            warning=index.warning,
        )

    def ask(self, question: str, limit: int = PAGE_LIMIT) -> tuple[Answer, float]:
        """Returns the answer and how long it took, in milliseconds; raises KuaidaError."""
        started = time.perf_counter()
        self._assistant.refresh()  # another process may have rebuilt
        answer = self._assistant.ask(question, limit)
        return answer, 1000 * (time.perf_counter() - started)

    def record(self, question: str, limit: int) -> dict[str, object]:
        """Returns the answer as the JSON object that the command line prints; raises KuaidaError."""
        answer, elapsed_ms = self.ask(question, max(1, min(limit, API_LIMIT)))
        return record(answer, elapsed_ms)

    def rebuild(self, progress: Callable[[int, int], None]) -> BuildReport:
        """Brings the index up to date and swaps to it; others ask on the old generation until then.

        Raises RebuildRunning at once when a rebuild is under way, and KuaidaError.
        """
        if not self._rebuilding.acquire(blocking=False):
            raise RebuildRunning("a rebuild is under way: wait for it to finish")
        try:
            report = sync(self._corpus, self._index, self._encoder, progress=progress)
        finally:
            self._rebuilding.release()
        self._assistant.refresh()
        return report

    def examples(self, count: int) -> tuple[str, ...]:
        """Returns questions that the notes themselves ask, from notes spread over the corpus."""
        return tuple(itertools.islice(_questions(self._assistant.index, count), count))


def _questions(index: Index, count: int) -> Iterator[str]:
    """Yields a short question of each of some notes, evenly spaced; looks at few passages, however many there are."""
    notes = index.manifest.notes
    firsts = itertools.accumulate((note.passages for note in notes), initial=0)
    numbered = list(zip(notes, firsts, strict=False))
    for note, first in numbered[:: max(1, len(notes) // count)]:
        passages = map(index.passage, range(first, first + min(note.passages, EXAMPLE_PASSAGES)))
        questions = (passage.question for passage in passages if passage.question)
        yield from itertools.islice((text for text in questions if len(text) <= EXAMPLE_CHARACTERS), 1)
