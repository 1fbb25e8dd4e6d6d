"""What the map shows: every passage with its place, laid out once for a generation."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.encoders.base import Encoder
from rag.insights.projection import NEAREST, Point, keys, lay_out, load, place, save
from rag.question.check import check_question
from rag.store.base import Store
from rag.text.normal import clean
from rag.types import Passage

TITLE_CHARACTERS = 60  # of a passage without a heading: its beginning says what it is about


@dataclass(frozen=True, slots=True)
class Chart:
    """The map of one generation: `places` by the id of a passage, `record` is what the script gets."""

    identity: str
    places: Mapping[int, Point]
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

    def of(self, store: Store) -> Chart:
        """Returns the map of a generation; the first takes seconds, one after an edit a moment."""
        with self._drawing:
            if self._last is None or self._last.identity != store.identity:
                self._last = self._draw(store)
            return self._last

    def question(self, store: Store, encoder: Encoder, question: str) -> Point:
        """Returns where a question belongs on the map of a generation; raises QuestionRejected."""
        (encoded,) = encoder.encode_questions([check_question(clean(question))])
        ids = [candidate.id for candidate in store.candidates(encoded, {}, NEAREST)]
        near = np.array([self.of(store).places[id] for id in ids], np.float32).reshape(-1, 2)
        return place(encoded.whole, store.vectors(ids), near)

    def _draw(self, store: Store) -> Chart:
        names = keys(store)
        ids = [id for id, _ in store.passages()]
        known = load(self._folder) or self._known
        places = lay_out(store.vectors(ids), known, names)
        self._known = dict(zip(names, map(tuple, places.tolist()), strict=True))
        if any(name not in known for name in names):
            save(self._folder, names, places)
        placed = {id: (x, y) for id, (x, y) in zip(ids, places.tolist(), strict=True)}
        return Chart(store.identity, placed, record(store, placed))


def record(store: Store, places: Mapping[int, Point]) -> dict[str, Any]:
    """Returns the map as a JSON object; a point is x, y, the number of its note, its title, first and last line."""
    notes: list[dict[str, str]] = []
    points: list[list[Any]] = []
    for number, note in enumerate(store.notes):
        placed = list(store.passages(note.source))
        notes.append({"source": note.source, "title": _title(note.source, [passage for _, passage in placed])})
        for id, passage in placed:
            x, y = places[id]
            points.append([round(x, 4), round(y, 4), number, _about(passage), passage.start_line, passage.end_line])
    return {"identity": store.identity, "notes": notes, "points": points}


def _title(source: str, passages: list[Passage]) -> str:
    """Returns the heading that stands over all of a note, its file name where there is none."""
    tops = {passage.headings[:1] for passage in passages}
    return tops.pop()[0] if len(tops) == 1 and () not in tops else Path(source).stem


def _about(passage: Passage) -> str:
    return passage.topic or " ".join(passage.text.split())[:TITLE_CHARACTERS]
