"""A note as the tab shows it: what it is, where it stands, what can be done with it, and its text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rag.types import Place
from rag.ui.elements import button, hidden, icon_button, icon_link, line_numbers, lines_in, place_in
from rag.ui.markup import encode
from rag.ui.notes.opened import Opened, Standing
from rag.ui.notes.reader import Border, document, lines_of, source
from rag.ui.words.base import Words


@dataclass(frozen=True, slots=True)
class View:
    """How a note is shown: as its source, with the borders of passages, around the line `around` (0: the marked)."""

    raw: bool = False
    borders: bool = False
    around: int = 0


def page(note: Opened, borders: Iterable[Border], view: View, editor: str, words: Words) -> str:
    """Returns a note with its title, its place, what can be done with it, and what the index says otherwise."""
    show = source if view.raw else document
    body = show(note.text, note.marked, borders if view.borders else (), words, view.around or None)
    return (
        f'<div class="kd-opened"><div class="kd-note-head">{button("note-list", "", words.note_back, css="kd-back")}'
        f'<h2 class="kd-note-title" dir="auto" tabindex="-1">{encode(note.title)}</h2>{_place(note, words)}'
        f"{_tools(note, view, editor, words)}{_standing(note, words)}</div>{body}</div>"
    )


def _place(note: Opened, words: Words) -> str:
    lines, questions = len(lines_of(note.text)), sum(passage.question is not None for passage in note.passages)
    counts = words.note_counts.format(lines=lines, passages=len(note.passages), questions=questions)
    at = _marked(note, words)
    return (
        f'<p class="kd-note-place"><code><bdi>{encode(note.source)}</bdi>{at}</code> <span>{encode(counts)}</span></p>'
    )


def _marked(note: Opened, words: Words) -> str:
    """Returns where the marked lines stand: their numbers, or the pages of the passages that hold them."""
    if note.marked is None:
        return ""
    first, last = note.marked
    held = [passage for passage in note.passages if passage.start_line <= last and first <= passage.end_line]
    places = [passage.place for passage in held if passage.place]
    if not places:
        return f"&#58;{line_numbers(first, last)}"
    return f" {encode(place_in(words, Place(places[0].kind, places[0].first, places[-1].last)))}"


def _tools(note: Opened, view: View, editor: str, words: Words) -> str:
    line = note.marked[0] if note.marked else 1
    at = f"{note.source}:{line}"
    is_there = note.standing is not Standing.GONE
    return (
        f'<div class="kd-note-tools"><span class="kd-switches" role="group">{hidden(words.note_view)}'
        f"{_switch('note-view', 'rendered', words.note_rendered, not view.raw)}"
        f"{_switch('note-view', 'raw', words.note_source, view.raw)}</span>"
        f"{_switch('note-borders', '' if view.borders else 'on', words.note_borders, view.borders)}"
        '<span class="kd-actions">'
        + (icon_link(editor, "editor", words.open_editor) if editor and is_there else "")
        + f"{icon_button('copy', at, 'copy', f'{words.copy_place} {at}')}</span></div>"
    )


def _switch(action: str, argument: str, label: str, is_on: bool) -> str:
    return button(action, argument, label, css="kd-toggle kd-on" if is_on else "kd-toggle")


def _standing(note: Opened, words: Words) -> str:
    """Returns in what the note differs from the one that was indexed; empty when it does not."""
    match note.standing:
        case Standing.GONE:
            return f'<p class="kd-standing">{encode(words.note_gone)}</p>'
        case Standing.NEW:
            return f'<p class="kd-standing">{encode(words.note_new)}</p>'
        case Standing.CHANGED:
            badge = f'<b class="kd-badge">{encode(words.note_changed)}</b> {encode(words.note_changed_hint)}'
            return f'<p class="kd-standing">{badge}</p>{_moved(note, words)}'
    return ""


def _moved(note: Opened, words: Words) -> str:
    if note.asked is None:
        return ""
    before = lines_in(words, *note.asked)
    if note.marked == note.asked:
        return f'<p class="kd-standing">{encode(words.note_stayed)}</p>'
    if note.marked:
        said = words.note_moved.format(before=before, after=lines_in(words, *note.marked))
        return f'<p class="kd-standing">{encode(said)}</p>'
    if not note.lost:
        return ""
    old = f'<pre class="kd-lost" tabindex="0"><code>{encode(note.lost)}</code></pre>'
    return f'<p class="kd-standing">{encode(words.note_lost.format(before=before))}</p>{old}'
