"""Reading the corpus: every file of a hostile folder comes out as a note or is named with its reason."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from rag.errors import CorpusError, NoteUnreadable
from rag.notes.corpus import read_corpus, read_glossary, read_note
from rag.notes.files import MAX_BYTES
from rag.types import Note, Reason, Skipped

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, FIFOs and byte names are POSIX")


def write(corpus: Path, source: str, data: bytes | str = "正文。") -> None:
    path = corpus / source
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def left_out(source: str, reason: str) -> Skipped:
    return Skipped(source, Reason.from_text(reason))


def reason(corpus: Path, source: str) -> str:
    with pytest.raises(NoteUnreadable) as caught:
        read_note(corpus, source)
    return str(caught.value.reason)


def test_a_note_holds_source_title_text_and_hash(tmp_path: Path) -> None:
    write(tmp_path, "llm/a.md", "# 注意力\r\n正文\r第三行\n")
    text = "# 注意力\n正文\n第三行\n"
    assert read_note(tmp_path, "llm/a.md") == Note(
        "llm/a.md", "注意力", text, hashlib.sha256(text.encode()).hexdigest()
    )


def test_notes_and_skipped_come_in_natural_order(tmp_path: Path) -> None:
    for source in ("10.md", "2.md", "b/1.TXT", "a.markdown", "B10/x.md", "B9/x.md", "图.png", "LICENSE"):
        write(tmp_path, source)
    notes, skipped = read_corpus(tmp_path)
    assert [note.source for note in notes] == ["2.md", "10.md", "a.markdown", "b/1.TXT", "B9/x.md", "B10/x.md"]
    assert skipped == (left_out("LICENSE", "not a note (no suffix)"), left_out("图.png", "not a note (.png)"))


def test_hidden_files_and_folders_are_named_once(tmp_path: Path) -> None:
    for source in (".git/config.md", ".git/x/y.md", ".draft.md", "sub/.obsidian/a.md"):
        write(tmp_path, source)
    hidden = (".draft.md", ".git/", "sub/.obsidian/")
    assert read_corpus(tmp_path) == ((), tuple(left_out(source, "hidden") for source in hidden))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    write(tmp_path, "binary.md", b"text\0more")
    write(tmp_path, "long.md", b"a" * (MAX_BYTES + 1))
    expected = (left_out("binary.md", "binary"), left_out("long.md", "over 20 MB"))
    assert read_corpus(tmp_path) == ((), expected)


def test_a_file_at_the_size_limit_is_read(tmp_path: Path) -> None:
    write(tmp_path, "a.md", b"a" * MAX_BYTES)
    assert len(read_note(tmp_path, "a.md").text) == 20_000_000


@posix_only
def test_links(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    write(corpus, "real/a.md")
    write(tmp_path, "secret.md", "密码")
    (corpus / "in.md").symlink_to("real/a.md")
    (corpus / "out.md").symlink_to("../secret.md")
    (corpus / "loop.md").symlink_to("loop.md")
    (corpus / "gone.md").symlink_to("nowhere.md")
    (corpus / "folder.md").symlink_to("real")
    (corpus / "up").symlink_to("..")
    notes, skipped = read_corpus(corpus)
    assert [note.source for note in notes] == ["in.md", "real/a.md"]
    assert skipped == (
        left_out("folder.md", "a link to a folder"),
        left_out("gone.md", "not there any more"),
        left_out("loop.md", "the link leads in a circle"),
        left_out("out.md", "a link out of the corpus"),
        left_out("up", "a link to a folder"),
    )


@posix_only
def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert read_corpus(tmp_path) == ((), (left_out("pipe.md", "not a regular file"),))


@posix_only
def test_names_that_do_not_print_are_escaped_and_found_again(tmp_path: Path) -> None:
    for name in (b"\xff.md", b"a\nb.md", b"back\\x41.md", "微调 1.md".encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(repr(name))
    notes, _ = read_corpus(tmp_path)
    names = {note.source: note.text for note in notes}
    assert names == {
        "\\xff.md": r"b'\xff.md'",
        "a\\x0ab.md": r"b'a\nb.md'",
        "back\\x5cx41.md": r"b'back\\x41.md'",
        "微调 1.md": repr("微调 1.md".encode()),
    }


@posix_only
def test_folders_1500_deep(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("a.md", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    try:
        notes, skipped = read_corpus(tmp_path)
    finally:  # pytest's own clean-up recurses, and would fail in a later run
        (tmp_path / ("d/" * 1_500 + "a.md")).unlink()
        for depth in range(1_500, 0, -1):
            (tmp_path / ("d/" * depth)).rmdir()
    assert [note.source for note in notes] == ["d/" * 1_500 + "a.md"]
    assert skipped == ()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user")
def test_no_permission(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    write(tmp_path, "shut/b.md")
    (tmp_path / "a.md").chmod(0)
    (tmp_path / "shut").chmod(0)
    try:
        assert read_corpus(tmp_path)[1] == (left_out("a.md", "no permission"), left_out("shut/", "no permission"))
    finally:
        (tmp_path / "shut").chmod(0o700)


@pytest.mark.parametrize("source", ["../a.md", "/etc/hosts", "x/../../a.md", "", "a//b.md", "./a.md"])
def test_a_source_never_leads_out_of_the_corpus(tmp_path: Path, source: str) -> None:
    write(tmp_path, "a.md")
    (tmp_path / "corpus").mkdir()
    assert reason(tmp_path / "corpus", source) == "outside the corpus"


def test_sources_that_name_no_file(tmp_path: Path) -> None:
    assert reason(tmp_path, "gone.md") == "not there any more"
    assert reason(tmp_path, "a\0.md") == "not a file name"
    assert reason(tmp_path, "a" * 5_000) == "the path is too long"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: '微调笔记'\ndate: 2025\n---\n# 别的\n", "微调笔记"),
        ("开头\n\n# **注意力** [机制](a.md) #\n", "注意力 机制"),
        ("```\n# 注释\n```\n# 标题\n", "标题"),
        ("大标题\n===\n正文", "大标题"),
        ("大模型基础知识快问快答\nreferences:x", "大模型基础知识快问快答"),
        ("这是一句话。\n正文", "笔记"),
        ("1. 什么是微调？\n", "笔记"),
        ("- 列表\n", "笔记"),
        ("## 二级\n", "笔记"),
        ("\n \n", "笔记"),
    ],
)
def test_titles(tmp_path: Path, text: str, title: str) -> None:
    write(tmp_path, "笔记.md", text)
    assert read_note(tmp_path, "笔记.md").title == title


def test_an_empty_corpus_is_no_error_here(tmp_path: Path) -> None:
    assert read_corpus(tmp_path) == ((), ())


def test_a_corpus_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    gone = tmp_path / "notes"
    with pytest.raises(CorpusError) as caught:
        read_corpus(gone)
    assert str(caught.value) == f"no folder {gone}/: create it and put notes in it, or name yours with --corpus"
    gone.write_text("x")
    with pytest.raises(CorpusError) as caught:
        read_corpus(gone)
    assert str(caught.value) == f"{gone} is not a folder: name the folder that holds your notes with --corpus"


# ------------------------------------------------------------------------------------------------------- the glossary


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_glossary_is_read_from_the_top_and_is_no_note(tmp_path: Path, encoding: str) -> None:
    write(tmp_path, "glossary.tsv", "# 术语\r\n显存\tVRAM\r\n大模型\r\n".encode(encoding))
    write(tmp_path, "sub/glossary.tsv", "微调\tSFT\n")
    write(tmp_path, "a.md")
    notes, skipped = read_corpus(tmp_path)
    assert [note.source for note in notes] == ["a.md"]
    assert skipped == (left_out("sub/glossary.tsv", "not a note (.tsv)"),)
    glossary, unusable = read_glossary(tmp_path)
    assert glossary.entries == (("显存", "vram"),)
    assert [entry.source for entry in unusable] == ["glossary.tsv:3"]


def test_no_glossary(tmp_path: Path) -> None:
    glossary, unusable = read_glossary(tmp_path)
    assert (glossary.entries, unusable) == ((), ())
    write(tmp_path, "glossary.tsv/a.md")
    glossary, unusable = read_glossary(tmp_path)
    assert (glossary.entries, unusable) == ((), ())
    assert [note.source for note in read_corpus(tmp_path)[0]] == ["glossary.tsv/a.md"]


@posix_only
def test_a_glossary_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    write(corpus, "glossary.tsv", b"a\0\tb")
    assert read_glossary(corpus)[1] == (left_out("glossary.tsv", "binary"),)
    write(tmp_path, "secret.tsv", "a\tb\n")
    (corpus / "glossary.tsv").unlink()
    (corpus / "glossary.tsv").symlink_to(tmp_path / "secret.tsv")
    assert read_glossary(corpus)[1] == (left_out("glossary.tsv", "a link out of the corpus"),)
    (tmp_path / "secret.tsv").unlink()
    assert read_glossary(corpus)[1] == (left_out("glossary.tsv", "not there any more"),)
    assert read_corpus(corpus) == ((), ())
