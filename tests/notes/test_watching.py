"""Changes on disk are seen by size and modification time, each once."""

from __future__ import annotations

import os
from pathlib import Path

from rag.notes.watching import Moved, Watcher, footprint, moved


def write(path: Path, text: str, nanoseconds: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(nanoseconds, nanoseconds))


def test_a_footprint_names_every_file_below(tmp_path: Path) -> None:
    write(tmp_path / "b.md", "二", 7_000)
    write(tmp_path / "子" / "a.txt", "a", 9_000)
    assert footprint(tmp_path) == {"b.md": (7_000, 3), "子/a.txt": (9_000, 1)}
    assert footprint(tmp_path / "nowhere") == {}


def test_a_link_counts_itself_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert {name: size for name, (_, size) in footprint(tmp_path).items()} == {"a.md": 7}


def test_what_moved() -> None:
    before = {"kept": (1, 1), "longer": (1, 1), "touched": (1, 1), "gone": (1, 1)}
    now = {"kept": (1, 1), "longer": (1, 2), "touched": (2, 1), "b": (1, 1), "a": (1, 1)}
    assert moved(before, now) == Moved(("a", "b"), ("longer", "touched"), ("gone",))
    assert (len(moved(before, now)), len(moved(before, before))) == (5, 0)


def test_a_change_is_seen_until_it_is_settled(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "a", 1_000)
    watcher = Watcher(tmp_path)
    assert watcher.look() is None
    write(tmp_path / "a.md", "b", 2_000)
    seen = {"a.md": (2_000, 1)}
    assert watcher.look() == seen
    write(tmp_path / "b.md", "b", 3_000)  # while the first change is dealt with
    watcher.settle(seen)
    assert watcher.look() == {"a.md": (2_000, 1), "b.md": (3_000, 1)}


def test_what_comes_back_is_still_to_be_settled(tmp_path: Path) -> None:
    write(tmp_path / "notes" / "a.md", "a", 1_000)
    watcher = Watcher(tmp_path / "notes")
    (tmp_path / "notes").rename(tmp_path / "moved")
    assert watcher.look() == {}
    (tmp_path / "moved").rename(tmp_path / "notes")
    assert watcher.look() == {"a.md": (1_000, 1)}
    watcher.settle({"a.md": (1_000, 1)})
    assert watcher.look() is None
