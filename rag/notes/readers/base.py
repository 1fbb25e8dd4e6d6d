"""What a reader makes of a file: its text, and where in the file each line of that text stands."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass

from rag.errors import NoteUnreadable
from rag.types import Cause, Reason, Unit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Text:
    """What a file says, with "\\n" line ends.

    `places[i]` is the `unit` of the file, from 1, on which line i of `text`, from 0, stands: pages of a PDF, or lines
    of a file that holds more than its text. Without `places` the lines of `text` are those of the file, or of what was
    read out of one that has no lines of its own, as HTML and Word. `cut` says what of the file is not in `text`;
    `damaged` counts the places of the file that could not be read, each U+FFFD in `text` unless that is left out.
    """

    text: str
    unit: Unit = "line"
    places: tuple[int, ...] | None = None
    cut: Reason | None = None
    damaged: int = 0

    @property
    def flaws(self) -> tuple[Reason, ...]:
        """What is wrong with the file, although it was read."""
        damaged = Reason(Cause.DAMAGED_PLACES, str(self.damaged)) if self.damaged else None
        return tuple(filter(None, (self.cut, damaged)))

    def place(self, line: int) -> int:
        """Returns where in the file a line of `text` stands, both from 1."""
        return line if self.places is None else self.places[line - 1]


Reader = Callable[[bytes], Text]  # raises NoteUnreadable


def guarded(reader: Reader) -> Reader:
    """Returns `reader` such that whatever goes wrong in it, or in its library, is a reason to leave the file out."""

    @functools.wraps(reader)
    def read(data: bytes) -> Text:
        try:
            return reader(data)
        except NoteUnreadable:
            raise
        except ImportError as error:
            raise NoteUnreadable(Reason(Cause.NO_LIBRARY)) from error
        except Exception as error:  # damaged files fail in parsers in any way, RecursionError and MemoryError too
            log.debug("%s failed", reader.__module__, exc_info=True)
            raise NoteUnreadable(Reason(Cause.DAMAGED)) from error

    return read
