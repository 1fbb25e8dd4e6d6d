"""The tab in which notes are read: the tree of all notes, a search in them, and one note at its lines.

Which note is shown stands in the address, and how it is shown in the browser: assets/notes/notes.js sends both.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.errors import QuestionRejected
from rag.insights.duplicates import Twin, twins
from rag.insights.keywords import telling
from rag.notes.walking import is_ignored, may_be_note
from rag.question.check import check_question
from rag.retrieval.search import rank
from rag.serving.service import Service
from rag.store.base import Store
from rag.text.normal import clean
from rag.types import Passage
from rag.ui.components import QUIET, Update, command, html, received
from rag.ui.elements import empty, notice
from rag.ui.notes import duplicates as pairs
from rag.ui.notes import page as reader
from rag.ui.notes import tree
from rag.ui.notes.opened import Lines, Opened, opened
from rag.ui.notes.page import View as Shown
from rag.ui.notes.reader import Border, lines_of, shown
from rag.ui.notes.tree import Leaf
from rag.ui.problems import told
from rag.ui.words.base import Words

ABOUT = 0.05  # as sure at least that a passage is about what is looked for; less is about nothing of it
FOUND = 12  # passages below the tree
MIN_CHARACTERS = 2  # of what is looked for in the text; one finds everything and nothing
QUERY_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that events change, and the box that is searched by."""

    query: gr.Textbox
    tree: gr.Markdown
    found: gr.Markdown
    note: gr.Markdown
    twins: gr.Markdown


def build(service: Service, words: Words) -> None:
    """Adds the components of the tab, and what they do."""
    opening, showing = command("kd-command-open"), command("kd-command-note")
    listing, comparing = command("kd-command-notes"), command("kd-command-twins")
    parts = laid_out(service, words)
    view = View(service, words, parts)
    gr.on([parts.query.change, listing.change], view.listed, [parts.query], [parts.tree, parts.found], **QUIET)
    gr.on([opening.change, showing.change], view.note, [opening, showing], [parts.note], **QUIET)
    comparing.change(view.twins, None, [parts.twins], **QUIET)


def laid_out(service: Service, words: Words) -> Parts:
    """Returns the components, at their places in the page."""
    with gr.Row(elem_id="kd-notes"):
        with gr.Column(scale=1, min_width=0, elem_id="kd-notes-list"):
            query = gr.Textbox(
                label=words.notes_search,
                show_label=False,
                placeholder=words.notes_search,
                max_length=QUERY_CHARACTERS,
                max_lines=1,
                container=False,
                elem_id="kd-notes-query",
            )
            listed = html(_tree(service, "", words), "kd-notes-tree")
            found = html("", "kd-notes-found")
        with gr.Column(scale=3, min_width=0, elem_id="kd-notes-read"):
            note = html(f"<div>{empty(words.notes_choose)}</div>", "kd-note", formulas=True)
            loading = f"<div>{empty(words.twins_loading)}</div>"
            twin = html(loading, "kd-notes-twins", formulas=True)
    return Parts(query, listed, found, note, twin)


def _listing(view: View, said: str) -> Update:
    return {view.parts.tree: view.tree(""), view.parts.found: said}


def _reading(view: View, said: str) -> Update:
    return {view.parts.note: said}


def _comparing(view: View, said: str) -> Update:
    return {view.parts.twins: said}


class View:
    """What each event does; every problem becomes one sentence."""

    def __init__(self, service: Service, words: Words, parts: Parts) -> None:
        self._service = service
        self.words = words
        self.parts = parts
        self._comparing = threading.Lock()
        self._twins: tuple[str, tuple[Twin, ...]] | None = None

    def tree(self, query: str) -> str:
        """Returns the notes of the index whose names hold `query`."""
        return _tree(self._service, query, self.words)

    @told(_listing)
    def listed(self, query: str) -> Update:
        """Returns the notes with such a name, and the passages about it."""
        query = clean(query)[:QUERY_CHARACTERS].strip()
        return {self.parts.tree: self.tree(query), self.parts.found: tree.found(self._found(query), self.words)}

    @told(_reading)
    def note(self, opening: str, showing: str) -> Update:
        """Returns the note that is meant, at its lines; `opening` and `showing` are what notes.js sends."""
        values = received(opening)
        source = str(values.get("source", ""))
        if not source:
            return {self.parts.note: f"<div>{empty(self.words.notes_choose)}</div>"}
        return {self.parts.note: self._note(source, _lines(values), _shown(received(showing), values))}

    @told(_comparing)
    def twins(self) -> Update:
        """Returns the questions that are answered twice; found once for each generation of the index."""
        return {self.parts.twins: pairs.twins(self._compared(), self.words)}

    def _found(self, query: str) -> list[Passage]:
        if len(query) < MIN_CHARACTERS:
            return []
        try:
            question = check_question(query)
        except QuestionRejected:
            return []
        (ranking,) = rank(self._service.index, self._service.encoder, [question])
        return [match.passage for match in ranking.matches[:FOUND] if match.score >= ABOUT]

    def _note(self, source: str, asked: Lines | None, view: Shown) -> str:
        index = self._service.index
        known, indexed = index.note(source), dict(index.passages(source))
        is_open = known or (may_be_note(source) and not is_ignored(index.corpus, source))
        on_disk = self._service.note(source) if is_open else None
        note = opened(source, on_disk, known.sha256 if known else None, list(indexed.values()), asked)
        if note is None:
            return notice(self.words.note_unknown.format(source=source))
        borders = _borders(index, note, indexed, view) if view.borders else []
        editor = self._service.editor_link(source, note.marked[0] if note.marked else 1)
        return reader.page(note, borders, view, editor, self.words)

    def _compared(self) -> tuple[Twin, ...]:
        index = self._service.index
        with self._comparing:
            if self._twins is None or self._twins[0] != index.identity:
                self._twins = (index.identity, twins(index, self._service.encoder))
            return self._twins[1]


def _tree(service: Service, query: str, words: Words) -> str:
    notes = [Leaf(note.source, note.passages) for note in service.index.manifest.notes]
    return tree.tree(notes, query, words)


def _lines(values: dict[str, Any]) -> Lines | None:
    first, last = (_number(values.get(name)) for name in ("first", "last"))
    return (first, max(first, last)) if first else None


def _shown(values: dict[str, Any], opening: dict[str, Any]) -> Shown:
    """Returns how the note is shown; a part of it that was asked for counts until another place is opened."""
    is_newer = _number(values.get("sent")) > _number(opening.get("sent"))
    around = _number(values.get("around")) if is_newer else 0
    return Shown(bool(values.get("raw")), bool(values.get("borders")), around)


def _number(value: object) -> int:
    """Returns a number of a command that counts from 1, 0 for anything else."""
    return value if isinstance(value, int) and 0 < value < 10**9 else 0


def _borders(store: Store, note: Opened, indexed: Mapping[int, Passage], view: Shown) -> list[Border]:
    """Returns the borders in the part that is shown, with the words of the passages that the index has."""
    part = shown(lines_of(note.text), view.around or (note.marked[0] if note.marked else 1))
    known = {passage.text: id for id, passage in indexed.items()}
    return [
        Border(place, passage, telling(store, known[passage.text]) if passage.text in known else ())
        for place, passage in enumerate(note.passages, 1)
        if part.first <= passage.start_line <= part.last
    ]
