"""What the map shows: every passage with its place, laid out once for a generation."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.encoders.base import Encoder
from rag.insights.projection import NEAREST, Places, Point, keys, lay_out, load, place, save
from rag.question.check import check_question
from rag.store.local import Index
from rag.text.normal import clean
from rag.types import Passage

TITLE_CHARACTERS = 60  # of a passage without a heading: its beginning says what it is about


@dataclass(frozen=True, slots=True)
class Chart:
    """The map of one generation: `places` by passage number, `record` is what the script gets."""

    identity: str
    places: Places
    record: dict[str, Any]


class Charts:
    """The map of the generation that was asked for last; safe to share between threads.

    `folder` is that of the index: places are kept there, so that a passage stays where people remember it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawing = threading.Lock()
        self._known: dict[str, Point] = {}  # where the folder cannot be written
        self._last: Chart | None = None

    def of(self, index: Index) -> Chart:
        """Returns the map of a generation; the first takes seconds, one after an edit a moment."""
        with self._drawing:
            if self._last is None or self._last.identity != index.identity:
                self._last = self._draw(index)
            return self._last

    def question(self, index: Index, encoder: Encoder, question: str) -> Point:
        """Returns where a question belongs on the map of a generation; raises QuestionRejected."""
        vector = encoder.encode_questions([check_question(clean(question))])[0].whole
        numbers = [candidate.number for candidate in index.candidates(vector, {}, NEAREST)]
        return place(vector, index.passage_vectors(numbers), self.of(index).places[numbers])

    def _draw(self, index: Index) -> Chart:
        names = keys(index)
        known = load(self._folder) or self._known
        places = lay_out(index.passage_vectors(range(index.size)), known, names)
        self._known = dict(zip(names, map(tuple, places.tolist()), strict=True))
        if any(name not in known for name in names):
            save(self._folder, names, places)
        return Chart(index.identity, places, record(index, places))


def record(index: Index, places: Places) -> dict[str, Any]:
    """Returns the map as a JSON object; a point is x, y, the number of its note, its title, first and last line."""
    notes: list[dict[str, str]] = []
    points: list[list[Any]] = []
    for number, note in enumerate(index.manifest.notes):
        numbers = index.numbers(note.source)
        passages = list(map(index.passage, numbers))
        notes.append({"source": note.source, "title": _title(note.source, passages)})
        for passage, (x, y) in zip(passages, places[numbers.start : numbers.stop].tolist(), strict=True):
            points.append([round(x, 4), round(y, 4), number, _about(passage), passage.start_line, passage.end_line])
    return {"identity": index.identity, "notes": notes, "points": points}


def _title(source: str, passages: list[Passage]) -> str:
    """Returns the heading that stands over all of a note, its file name where there is none."""
    tops = {passage.headings[:1] for passage in passages}
    return tops.pop()[0] if len(tops) == 1 and () not in tops else Path(source).stem


def _about(passage: Passage) -> str:
    return passage.topic or " ".join(passage.text.split())[:TITLE_CHARACTERS]
