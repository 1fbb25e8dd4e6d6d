"""`.kuaidaignore`: what git would ignore for the same lines is no note, and a change of the file is a change."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rag.indexing.freshness import Disk
from rag.indexing.sync import is_current, sync
from rag.notes.ignoring import Ignoring, Patterns
from rag.notes.walking import is_ignored, walk
from rag.notes.watching import Moved, Watcher
from rag.store.local import Index
from rag.types import Reason, Skipped
from tests.small import NOTES, write_notes
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
IGNORED, NO_PATTERN = "in .kuaidaignore", "not a pattern of gitignore"


def left_out(source: str, reason: str = IGNORED) -> Skipped:
    return Skipped(source, Reason.from_text(reason))


def walked(corpus: Path) -> tuple[set[str], set[Skipped]]:
    found = list(walk(corpus))
    return {each for each in found if isinstance(each, str)}, {each for each in found if isinstance(each, Skipped)}


@pytest.mark.parametrize(
    ("patterns", "ignored", "kept"),
    [
        ("a.md", ["a.md", "x/a.md", "a.md/"], ["a.mdx", "x/ba.md"]),
        ("/a.md", ["a.md"], ["x/a.md"]),
        ("x/a.md", ["x/a.md"], ["a.md", "y/x/a.md"]),
        ("草稿/", ["草稿/", "x/草稿/"], ["草稿", "草稿.md"]),
        ("*.txt", ["a.txt", "x/a.txt", ".txt"], ["a.txt.md"]),
        ("?.md", ["a.md", "笔.md"], ["ab.md"]),
        ("[a-c].md", ["b.md"], ["d.md"]),
        ("x/*", ["x/a.md", "x/y/"], ["x/", "a.md"]),
        ("x/**", ["x/a.md", "x/y/", "x/y/a.md"], ["x/", "a.md"]),
        ("**/y/a.md", ["y/a.md", "x/z/y/a.md"], ["a.md"]),
        ("x/**/a.md", ["x/a.md", "x/y/z/a.md"], ["a.md", "y/a.md"]),
        ("*", ["a.md", "x/"], []),
        ("**", ["a.md", "x/", "x/a.md"], []),
        ("*/", ["x/", "x/y/"], ["a.md"]),
        ("*\n!*/\n!a.md", ["b.md"], ["x/", "a.md"]),
        ("*.md\n!a.md", ["b.md"], ["a.md", "x/a.md"]),
        ("!a.md\n*.md", ["a.md"], []),
        ("# a.md\n\n  \n\\#b.md\n\\!c.md", ["#b.md", "!c.md"], ["a.md", "# a.md"]),
        ("a.md  \r\nb c.md\r\n", ["a.md", "b c.md"], ["b"]),
        ("A.md", ["A.md"], ["a.md"]),
    ],
)
def test_patterns_are_those_of_gitignore(patterns: str, ignored: list[str], kept: list[str]) -> None:
    verdict = Ignoring().below("", Patterns(patterns)).ignores
    assert [path for path in (*ignored, *kept) if verdict(path)] == ignored


def test_a_deeper_file_decides_before_one_above_it() -> None:
    kept_out = Ignoring().below("", Patterns("*.md")).below("x/", Patterns("!a.md\n/b.txt"))
    answers = {path: kept_out.ignores(path) for path in ("x/a.md", "x/b.md", "x/b.txt", "x/y/b.txt")}
    assert answers == {"x/a.md": False, "x/b.md": True, "x/b.txt": True, "x/y/b.txt": False}


def test_what_is_ignored_is_named_once(corpus: Path) -> None:
    write_notes(corpus, {".kuaidaignore": "*.txt\n/llm/\n图.png\n", "x/llm/b.md": "留。\n", "图.png": "x"})
    notes, skipped = walked(corpus)
    assert notes == {"tuning.md", "x/llm/b.md"}
    assert skipped == {left_out("llm/"), left_out("分词.txt"), left_out("图.png")}
    assert [is_ignored(corpus, source) for source in (*NOTES, "x/llm/b.md", ".kuaidaignore")] == [
        True, False, True, False, False,
    ]  # fmt: skip


def test_a_file_in_a_subfolder(corpus: Path) -> None:
    write_notes(corpus, {"llm/.kuaidaignore": "/a.md\n!keep.txt\n", ".kuaidaignore": "*.txt\n"})
    write_notes(corpus, dict.fromkeys(("a.md", "llm/a.md", "llm/x/a.md", "llm/keep.txt", "llm/b.txt"), "新。\n"))
    notes, skipped = walked(corpus)
    assert notes == {"a.md", "llm/x/a.md", "llm/keep.txt", "llm/attention.md", "tuning.md"}
    assert skipped == {left_out("llm/a.md"), left_out("llm/b.txt"), left_out("分词.txt")}
    assert {source for source in notes | {each.source for each in skipped} if not is_ignored(corpus, source)} == notes


def test_nothing_below_an_ignored_folder_is_taken_back(corpus: Path) -> None:
    write_notes(corpus, {".kuaidaignore": "llm/\n!llm/attention.md\n", "llm/.kuaidaignore": "!*\n"})
    assert walked(corpus) == ({"tuning.md", "分词.txt"}, {left_out("llm/")})
    assert is_ignored(corpus, "llm/attention.md")


def test_a_line_that_is_no_pattern_is_named_and_the_others_hold(corpus: Path) -> None:
    write_notes(corpus, {".kuaidaignore": "# 草稿\n!\n*.txt\n[z-a]\n\\\n"})
    notes, skipped = walked(corpus)
    assert notes == {"llm/attention.md", "tuning.md"}
    bad = {left_out(f".kuaidaignore:{number}", NO_PATTERN) for number in (2, 4, 5)}
    assert skipped == {left_out("分词.txt"), *bad}


def test_the_file_may_be_in_any_encoding(corpus: Path) -> None:
    (corpus / ".kuaidaignore").write_bytes("# 这些不要\r\n分词.txt\r\n".encode("gb18030"))
    assert walked(corpus) == ({"llm/attention.md", "tuning.md"}, {left_out("分词.txt")})


@pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX")
def test_a_file_that_cannot_be_read_ignores_nothing(corpus: Path, tmp_path: Path) -> None:
    (corpus / ".kuaidaignore").write_bytes(b"*.txt\0")
    assert walked(corpus) == (set(NOTES), {left_out(".kuaidaignore", "binary")})
    (corpus / ".kuaidaignore").unlink()
    (tmp_path / "outside").write_text("*.txt\n")
    (corpus / ".kuaidaignore").symlink_to(tmp_path / "outside")
    assert walked(corpus) == (set(NOTES), {left_out(".kuaidaignore", "a link out of the corpus")})


def test_a_folder_of_that_name_is_hidden_as_any_other(corpus: Path) -> None:
    write_notes(corpus, {".kuaidaignore/a.md": "藏。\n"})
    assert walked(corpus) == (set(NOTES), {left_out(".kuaidaignore/", "hidden")})


def test_a_change_of_the_file_is_seen_and_makes_the_index_stale(
    corpus: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.indexing.freshness.LOOK_SECONDS", 0.0)
    sync(corpus, folder, TOY)
    watcher, disk = Watcher(corpus), Disk(corpus)
    write_notes(corpus, {".kuaidaignore": "*.txt\n"})
    seen = watcher.look()
    assert seen is not None and set(seen) == {"llm/attention.md", "tuning.md", ".kuaidaignore"}
    assert disk.moved(Index.open(folder)) == Moved(removed=("分词.txt",))
    assert not is_current(corpus, folder, TOY)
    report = sync(corpus, folder, TOY)
    assert (report.notes, report.removed, report.skipped) == (2, 1, (left_out("分词.txt"),))
    assert is_current(corpus, folder, TOY)
    assert disk.moved(Index.open(folder)) == Moved()
    watcher.settle(seen)
    (corpus / ".kuaidaignore").unlink()
    assert watcher.look() is not None
    assert not is_current(corpus, folder, TOY)
    assert disk.moved(Index.open(folder)) == Moved(added=("分词.txt",))
