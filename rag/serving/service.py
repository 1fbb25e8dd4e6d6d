"""What stands behind the page: one assistant that all tabs share, and one rebuild at a time."""

from __future__ import annotations

import itertools
import logging
import re
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.answering.citations import Evidence
from rag.answering.record import record
from rag.assistant import Assistant
from rag.encoders.base import Encoder
from rag.errors import FeedbackNotWritable, NoteUnreadable
from rag.feedback.log import Complaint, Feedback
from rag.insights.completion import Suggestion, Suggestions
from rag.insights.related import related
from rag.notes.corpus import note_of, read_note, read_sha256
from rag.notes.readers.base import Text
from rag.notes.readers.registry import has_lines, is_converted
from rag.passages.restored import restored
from rag.retrieval.highlight import Matcher
from rag.serving.rebuilds import Rebuilds
from rag.serving.turns import Turn, understood
from rag.store.base import Store
from rag.store.local import Index
from rag.types import Answer, Earlier, Hit, Note, Span

PAGE_LIMIT = 5  # cards of an answer
API_LIMIT = 50
EXAMPLE_CHARACTERS = 40  # longer ones fill the page before anything is asked
EXAMPLE_PASSAGES = 20  # of a note that are looked at for a question
REMEMBERED = 2_000  # passages of conversations with why they matched
EDITOR = "vscode://file/{path}:{line}"
EDITOR_LINE = re.compile(r"[:#+]\{line\}|&[\w.-]+=\{line\}|(?<=\?)[\w.-]+=\{line\}&?")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the page was told when it was started.

    `feedback` is where ratings, gaps and pins are kept; `writable` allows adding to notes; `editor` is a link with
    {path} and {line}, empty for none.
    """

    corpus: Path
    index: Path
    feedback: Path
    writable: bool = False
    editor: str = EDITOR


class Service:
    """Asks and rebuilds; safe to call from many threads."""

    def __init__(self, settings: Settings, encoder: Encoder, assistant: Assistant) -> None:
        self.settings = settings
        self.encoder = encoder
        self.feedback = Feedback(settings.feedback)
        self._assistant = assistant
        self.rebuilds = Rebuilds(settings.corpus, settings.index, encoder, self)
        self._suggestions = "", Suggestions(())  # of the generation with that identity
        self._remembering = threading.Lock()
        self._matched: dict[tuple[str, str, str], tuple[tuple[str, ...], tuple[Span, ...]]] = {}

    @property
    def index(self) -> Index:
        """The generation that answers now; take it once for what belongs together."""
        return self._assistant.index

    @property
    def state(self) -> State:
        index = self.index
        return State(
            notes=len(index.manifest.notes),
            passages=index.size,
            encoder=index.manifest.encoder,
            generation=index.generation,
            warning=index.warning,
        )

    def refresh(self) -> bool:
        """Swaps to a newer generation, since another process may have rebuilt; returns whether it did."""
        return self._assistant.refresh()

    def ask(self, question: str, limit: int = PAGE_LIMIT, history: Sequence[Earlier] = ()) -> tuple[Answer, float]:
        """Returns the answer and how long it took, in milliseconds; `history` are the questions before it.

        Raises KuaidaError.
        """
        started = time.perf_counter()
        self.refresh()
        answer = self._assistant.ask(question, limit, history)
        return answer, 1000 * (time.perf_counter() - started)

    def record(self, question: str, limit: int) -> dict[str, object]:
        """Returns the answer as the JSON object that the command line prints; raises KuaidaError."""
        answer, elapsed_ms = self.ask(question, max(1, min(limit, API_LIMIT)))
        return record(answer, elapsed_ms)

    # --------------------------------------------------------------------------------------- what people think of it

    def rate(self, turn: Turn, good: bool, reason: Complaint, comment: str) -> None:
        """Keeps what a person thinks of an answer; raises FeedbackNotWritable."""
        answer = turn.answer
        hit = answer.hits[answer.cited[0] - 1] if answer.cited else None
        self.feedback.rate(answer.question, good, hit, reason, comment)

    def pin(self, turn: Turn, is_pinned: bool) -> None:
        """Pins the question of a turn with its first passage, or lets it go; raises FeedbackNotWritable."""
        answer = turn.answer
        if is_pinned:
            self.feedback.pin(understood(answer), answer.hits[0].passage if answer.hits else None)
        else:
            self.feedback.unpin(understood(answer))

    def pinned(self) -> frozenset[str]:
        """Returns the questions that are pinned."""
        return frozenset(pin.question for pin in self.feedback.pins())

    def miss(self, question: str, nearest: str) -> None:
        """Keeps a question that the notes do not answer; an answer does not fail for that."""
        try:
            self.feedback.miss(question, nearest)
        except FeedbackNotWritable as error:
            log.warning("%s", error)

    # --------------------------------------------------------------------------------------------------- the notes

    def note(self, source: str) -> Note | None:
        """Returns the note as it is on disk now, None when it cannot be read.

        One that takes long to read, and that the index holds as it is, comes from the index.
        """
        index = self.index
        known = index.note(source)
        try:
            if known and is_converted(source) and read_sha256(index.corpus, source) == known.sha256:
                text = restored(passage for _, passage in index.passages(source))
                return note_of(source, Text(text), known.sha256)
            return read_note(index.corpus, source)
        except NoteUnreadable:
            return None

    def editor_link(self, source: str, line: int) -> str:
        """Returns a link that opens the note in the person's editor, empty when none is set.

        `line` is one of its text; where the file has no such line, as a PDF, the link carries none.
        """
        index, editor = self.index, self.settings.editor
        path = urllib.parse.quote((index.corpus / source).as_posix().removeprefix("/"))
        at = line if has_lines(source) else _line_of_file(index, source, line)
        return editor.format(path=path, line=at) if at else EDITOR_LINE.sub("", editor).format(path=path, line=1)

    def evidence(self, turns: Sequence[Turn]) -> list[tuple[Evidence, ...]]:
        """Returns for each turn what its cards say: whether the notes still say so, and why they matched."""
        index = self.index
        sources = {hit.passage.source for turn in turns for hit in turn.answer.hits}
        notes = {source: self.note(source) for source in sources}
        return [
            tuple(
                self._evidence(index, understood(turn.answer), hit, notes[hit.passage.source])
                for hit in turn.answer.hits
            )
            for turn in turns
        ]

    def _evidence(self, index: Index, question: str, hit: Hit, note: Note | None) -> Evidence:
        passage, indexed = hit.passage, index.note(hit.passage.source)
        text = note.text if note else ""
        is_there = text[passage.start : passage.end] == passage.text
        terms, spans = self._why(index, question, passage.text)
        return Evidence(
            hit=hit,
            stale=note is None or indexed is None or note.sha256 != indexed.sha256 or not is_there,
            verbatim=bool(text) and passage.text[slice(*hit.excerpt)] in text,
            gone=passage.text not in text,
            terms=terms,
            spans=spans,
            editor=self.editor_link(passage.source, passage.start_line),
        )

    def _why(self, index: Index, question: str, text: str) -> tuple[tuple[str, ...], tuple[Span, ...]]:
        """Returns the words that matched and where; remembered, since a whole conversation is shown each time."""
        key = (index.identity, question, text)
        found = self._matched.get(key)
        if found is None:
            matcher = Matcher(question, index)
            found = tuple(term.text for term in matcher.terms(text)), matcher.spans(text)
            with self._remembering:
                self._matched[key] = found
                while len(self._matched) > REMEMBERED:
                    del self._matched[next(iter(self._matched))]
        return found

    # ------------------------------------------------------------------------------------------------- suggestions

    def warm_up(self) -> None:
        """Loads what the first suggestion would otherwise wait for, in the background."""
        threading.Thread(target=self.complete, args=("zy",), daemon=True).start()

    def complete(self, typed: str) -> tuple[Suggestion, ...]:
        """Returns questions and headings of the notes that go on from what is typed."""
        return self._suggestions_of(self.index).complete(typed)

    def _suggestions_of(self, index: Index) -> Suggestions:
        """Returns what completes from a generation, made when it is first asked for."""
        identity, suggestions = self._suggestions
        if identity != index.identity:
            suggestions = Suggestions.of(index)
            self._suggestions = index.identity, suggestions
        return suggestions

    def related(self, answer: Answer) -> tuple[str, ...]:
        """Returns questions of the notes that one may ask next."""
        return tuple(suggestion.text for suggestion in related(self.index, answer))

    def examples(self, count: int) -> tuple[str, ...]:
        """Returns questions that the notes themselves ask, from notes spread over the corpus."""
        return tuple(itertools.islice(_questions(self.index, count), count))


def _line_of_file(store: Store, source: str, line: int) -> int | None:
    """Returns the line of a file from which a line of its text was made, None where the file has no lines."""
    held = (passage for _, passage in store.passages(source) if passage.start_line <= line <= passage.end_line)
    return next((at.first for passage in held if (at := passage.place) and at.kind == "line"), None)


def _questions(store: Store, count: int) -> Iterator[str]:
    """Yields a short question of each of some notes, evenly spaced; looks at few passages, however many there are."""
    notes = store.notes
    for note in notes[:: max(1, len(notes) // count)]:
        passages = itertools.islice(store.passages(note.source), EXAMPLE_PASSAGES)
        questions = (passage.question for _, passage in passages if passage.question)
        yield from itertools.islice((text for text in questions if len(text) <= EXAMPLE_CHARACTERS), 1)


@dataclass(frozen=True, slots=True)
class State:
    """What the page says about the index everywhere."""

    notes: int
    passages: int
    encoder: str
    generation: str
    warning: str | None

    @property
    def number(self) -> str:
        """The generation as people count it."""
        return self.generation.removeprefix("gen-").lstrip("0") or self.generation
