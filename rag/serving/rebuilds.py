"""What all open pages share about the index: which files moved since, the last rebuild, and rebuilding by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from rag.encoders.base import Encoder
from rag.errors import FeedbackNotWritable, IndexNotWritable, QuestionRejected
from rag.feedback.log import Feedback, Pin, digest
from rag.indexing.freshness import Disk
from rag.indexing.sync import sync
from rag.notes.watching import WATCH_SECONDS, Footprint, Moved, Watcher, footprint
from rag.store.local import Index
from rag.types import Answer, BuildReport, Earlier, Passage

Progress = Callable[[int, int], None]

log = logging.getLogger(__name__)


class RebuildRunning(IndexNotWritable):
    """Another tab is rebuilding."""


class Asking(Protocol):
    """What a rebuild needs of the service around it."""

    feedback: Feedback

    @property
    def index(self) -> Index: ...

    def refresh(self) -> bool: ...

    def ask(self, question: str, limit: int = ..., history: Sequence[Earlier] = ...) -> tuple[Answer, float]: ...


@dataclass(frozen=True, slots=True)
class PinChange:
    """A pinned question for which another passage comes first than before, or the same one with another text."""

    before: Pin
    after: Passage | None

    @property
    def question(self) -> str:
        return self.before.question


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A rebuild that succeeded; `pinned` questions were asked again; `at` is ISO 8601 in UTC."""

    report: BuildReport
    pinned: int
    pins: tuple[PinChange, ...]
    at: str


class Rebuilds:
    """Rebuilds on demand or by itself, one at a time; safe to share between threads.

    `last` is the last rebuild that changed something or was asked for, `failure` why one that was asked for since did
    not succeed, `problem` what keeps rebuilding by itself from succeeding; `news` is another number whenever one of the
    three, or `is_watching`, changed.
    """

    def __init__(self, corpus: Path, index: Path, encoder: Encoder, asking: Asking) -> None:
        self.disk = Disk(corpus)
        self.last: Rebuilt | None = None
        self.failure: Exception | None = None
        self.problem: Exception | None = None
        self.news = 0
        self._corpus, self._index, self._encoder, self._asking = corpus, index, encoder, asking
        self._running = threading.Lock()
        self._switching = threading.Lock()
        self._stop: threading.Event | None = None
        self._firsts: dict[tuple[str, str], Passage | None] = {}

    @property
    def is_running(self) -> bool:
        return self._running.locked()

    @property
    def is_watching(self) -> bool:
        return self._stop is not None

    @property
    def moved(self) -> Moved | None:
        """Which files differ from what the index holds; None when the folder of the notes is not there."""
        return self.disk.moved(self._asking.index)

    def rebuild(self, progress: Progress | None = None) -> Rebuilt:
        """Brings the index up to date and swaps to it; others ask on the old generation until then.

        Raises RebuildRunning at once when a rebuild is under way, and KuaidaError; then the index is as before.
        """
        try:
            rebuilt, _ = self._rebuild(progress)
        except RebuildRunning:
            raise
        except Exception as error:  # whatever it is, all pages are told
            self.failure = error
            self.news += 1
            raise
        self._tell(rebuilt)
        return rebuilt

    def watch(self, on: bool) -> None:
        """Switches on or off that the index is rebuilt whenever a file changes, for all pages."""
        with self._switching:
            if on == self.is_watching:
                return
            if self._stop:
                self._stop.set()
            self._stop = threading.Event() if on else None
            self.problem = None
            self.news += 1
            if self._stop:
                threading.Thread(target=self._watch, args=(self._stop,), name="kuaida-watch", daemon=True).start()

    def first(self, question: str) -> Passage | None:
        """Returns the passage that comes first for a question now, remembered until the index is another one."""
        key = (self._asking.index.identity, question)
        if key not in self._firsts:
            try:
                hits = self._asking.ask(question)[0].hits
            except QuestionRejected:  # it was typed into the log by hand
                hits = ()
            self._firsts = {kept: first for kept, first in self._firsts.items() if kept[0] == key[0]}
            self._firsts[key] = hits[0].passage if hits else None
        return self._firsts[key]

    def _rebuild(self, progress: Progress | None) -> tuple[Rebuilt, bool]:
        """Returns what a rebuild did, and whether there is another generation now."""
        if not self._running.acquire(blocking=False):
            raise RebuildRunning("a rebuild is under way: wait for it to finish")
        try:
            report = sync(self._corpus, self._index, self._encoder, progress=progress)
            is_other = self._asking.refresh()
            return self._rebuilt(report), is_other
        finally:
            self.disk.forget()
            self._running.release()

    def _rebuilt(self, report: BuildReport) -> Rebuilt:
        pins = self._asking.feedback.pins()
        changes = tuple(
            PinChange(pin, first) for pin in pins if digest(first := self.first(pin.question)) != pin.digest
        )
        try:
            for change in changes:
                self._asking.feedback.pin(change.question, change.after)
        except FeedbackNotWritable as error:
            log.warning("%s", error)
        return Rebuilt(report, len(pins), changes, datetime.now(UTC).isoformat(timespec="seconds"))

    def _tell(self, rebuilt: Rebuilt) -> None:
        self.last, self.failure, self.problem = rebuilt, None, None
        self.news += 1

    def _watch(self, stop: threading.Event) -> None:
        watcher = Watcher(self._corpus)
        seen: Footprint | None = footprint(self._corpus)  # what changed before it was switched on
        while not stop.is_set():
            if seen is not None and not self.is_running:
                self._follow(watcher, seen)
            stop.wait(WATCH_SECONDS)
            seen = watcher.look()

    def _follow(self, watcher: Watcher, seen: Footprint) -> None:
        """Rebuilds after a change; a problem is kept to be said once, and tried again at the next look."""
        try:
            rebuilt, is_other = self._rebuild(None)
        except RebuildRunning:
            return
        except Exception as error:  # whatever it is, watching goes on
            if self.problem is None or str(self.problem) != str(error):
                self.problem = error
                self.news += 1
            return
        watcher.settle(seen)
        if is_other:
            self._tell(rebuilt)
        elif self.problem or self.failure:
            self.failure = self.problem = None
            self.news += 1
