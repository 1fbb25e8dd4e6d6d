"""What a reader makes of a file: its text, and where in the file each line of that text stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Unit = Literal["line", "page"]  # what a person is sent to in a file of this kind


@dataclass(frozen=True, slots=True)
class Text:
    """What a file says, with "\\n" line ends.

    `places[i]` is the `unit` of the file, from 1, on which line i of `text`, from 0, stands: pages of a PDF, or lines
    of a file that holds more than its text, as HTML does. Without `places` the lines of `text` are those of the file.
    `damaged` counts the places of the file that could not be read, each U+FFFD in `text`.
    """

    text: str
    unit: Unit = "line"
    places: tuple[int, ...] | None = None
    damaged: int = 0

    def place(self, line: int) -> int:
        """Returns where in the file a line of `text` stands, both from 1."""
        return line if self.places is None else self.places[line - 1]


Reader = Callable[[bytes], Text]  # raises NoteUnreadable
