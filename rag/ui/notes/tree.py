"""The notes as a tree of folders, and the passages that a search finds in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.types import Passage
from rag.ui.elements import button, empty, hidden, place, where_short
from rag.ui.markup import encode
from rag.ui.words.base import Words

OPEN_FOLDERS = 12  # so many are shown open at first; of more, only their names


@dataclass(frozen=True, slots=True)
class Leaf:
    """A note in the tree: its source and how many passages it has."""

    source: str
    passages: int


def tree(notes: Sequence[Leaf], query: str, words: Words) -> str:
    """Returns the notes whose source holds `query`, in their folders; all for an empty one."""
    wanted = query.strip().casefold()
    kept = [note for note in notes if wanted in note.source.casefold()]
    label = f'<h2 class="kd-panel-title">{encode(words.notes_list)} <span class="kd-count">{len(kept)}</span></h2>'
    if not kept:
        return f'<div class="kd-tree">{label}{empty(words.notes_none.format(query=query.strip()))}</div>'
    folders = {note.source.rsplit("/", 1)[0] for note in kept if "/" in note.source}
    is_open = bool(wanted) or len(folders) <= OPEN_FOLDERS
    more = button("twins", "", words.twins, css="kd-twins-open")
    return f'<div class="kd-tree">{label}{_folder(kept, 0, is_open, words)}{more}</div>'


def _folder(notes: Sequence[Leaf], depth: int, is_open: bool, words: Words) -> str:
    """Returns the notes of one folder, its own folders first; `depth` is that of its name in their sources."""
    html = ""
    inner: dict[str, list[Leaf]] = {}
    own: list[Leaf] = []
    for note in notes:
        parts = note.source.split("/", depth + 1)
        if len(parts) > depth + 1:
            inner.setdefault(parts[depth], []).append(note)
        else:
            own.append(note)
    for name, below in inner.items():
        count = sum(note.passages for note in below)
        html += (
            f"<li><details{' open' * is_open}><summary><bdi>{encode(name)}</bdi>{_count(count, words)}</summary>"
            f"{_folder(below, depth + 1, is_open, words)}</details></li>"
        )
    html += "".join(f"<li>{_note(note, depth, words)}</li>" for note in own)
    return f"<ul>{html}</ul>"


def _note(note: Leaf, depth: int, words: Words) -> str:
    name = note.source.split("/", depth)[-1]
    return (
        f'<button type="button" class="kd-do kd-leaf" name="open" value="{encode(place(note.source))}">'
        f"<bdi>{encode(name)}</bdi>{_count(note.passages, words)}</button>"
    )


def _count(count: int, words: Words) -> str:
    said = words.passage_count.format(count=count)
    return f' <span class="kd-count" title="{encode(said)}">{count}</span>{hidden(said)}'


def found(passages: Sequence[Passage], words: Words) -> str:
    """Returns the passages that a search found, each a button that opens its note there; empty for none."""
    if not passages:
        return ""
    items = "".join(f"<li>{entry(passage, words)}</li>" for passage in passages)
    return f'<div class="kd-found"><h2 class="kd-panel-title">{encode(words.notes_found)}</h2><ul>{items}</ul></div>'


def entry(passage: Passage, words: Words) -> str:
    """Returns the title and the place of a passage as the button that opens it."""
    first, last = passage.start_line, passage.end_line
    opens = encode(place(passage.source, first, last))
    return (
        f'<button type="button" class="kd-do kd-leaf" name="open" value="{opens}">'
        f'<span class="kd-entry" dir="auto">{encode(passage.title)}</span>'
        f'<span class="kd-entry-place"><bdi>{encode(passage.source)}</bdi>{where_short(words, passage)}</span>'
        "</button>"
    )
