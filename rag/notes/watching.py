"""Seeing that files changed, cheap enough to look every second: sizes and modification times, nothing is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.errors import CorpusError
from rag.notes.walking import watched

WATCH_SECONDS = 1.0  # between two looks

Footprint = dict[str, tuple[int, int]]  # source → nanoseconds, bytes


@dataclass(frozen=True, slots=True)
class Moved:
    """The files that differ between two looks at a folder, each in alphabetical order."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)


def footprint(folder: Path) -> Footprint:
    """Returns modification time and size of every file below `folder` on which its index depends, by source.

    It is empty when there is no such folder.
    """
    try:
        return {source: (status.st_mtime_ns, status.st_size) for source, status in watched(folder)}
    except CorpusError:
        return {}


def moved(before: Mapping[str, object], now: Mapping[str, object]) -> Moved:
    """Returns what differs between two looks at a folder: its footprints, or whatever else tells its files."""
    return Moved(
        added=tuple(sorted(now.keys() - before.keys())),
        changed=tuple(sorted(name for name in now.keys() & before.keys() if now[name] != before[name])),
        removed=tuple(sorted(before.keys() - now.keys())),
    )


class Watcher:
    """Remembers how a folder looked when it was last dealt with; it has no thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settled = footprint(folder)
        self._pending = False

    def look(self) -> Footprint | None:
        """Returns how the folder looks now, None when that was dealt with.

        Whatever was seen stays to be dealt with, also when the folder looks as before again.
        """
        now = footprint(self._folder)
        self._pending |= now != self._settled
        return now if self._pending else None

    def settle(self, seen: Footprint) -> None:
        """Says that what `look` returned was dealt with; what was changed since then is still to be seen."""
        self._settled = seen
        self._pending = False
