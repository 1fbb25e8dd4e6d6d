"""Passages → the text of the note they were split from, for a note that takes long to read again. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rag.types import Passage


def restored(passages: Iterable[Passage]) -> str:
    """Returns the text of a note from all of its passages, in order, each at its offsets and its lines.

    Between them only blanks are lost, so that it is the very text where blank lines are empty and lines end in no
    blanks, as readers of other formats than plain text write it.
    """
    pieces: list[str] = []
    length, line = 0, 1
    for passage in passages:
        breaks = passage.start_line - line
        gap = "\n" * breaks + " " * (passage.start - length - breaks)
        pieces += [gap, passage.text]
        length += len(gap) + len(passage.text)
        line = passage.end_line
    return "".join(pieces) + "\n"
