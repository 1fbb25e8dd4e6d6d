"""A question added to a note: byte for byte, and only where it may be."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

import rag.feedback.append
from rag.assistant import Assistant
from rag.encoders.onnx import OnnxEncoder
from rag.errors import NoteNotWritable
from rag.feedback.append import Addition, append_question, preview
from rag.indexing.sync import sync
from tests.small import ENTRY, ENTRY_ANSWER, write_notes

Q = "企鹅吃什么？"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A corpus without notes."""
    (tmp_path / "corpus").mkdir()
    return tmp_path / "corpus"


def after(corpus: Path, data: bytes, question: str = Q, source: str = "a.md") -> tuple[int, bytes]:
    """Returns the line of the heading and what the note holds then; what was there must still begin it."""
    path = corpus / source
    path.write_bytes(data)
    shown = preview(corpus, source, question)
    line = append_question(corpus, source, question)
    written = path.read_bytes()
    assert written.startswith(data)
    lines = written.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    assert shown == Addition(source, line, tuple(lines[-len(shown.lines) :]))
    assert lines[line - 1].lstrip("# ") == shown.lines[-2].lstrip("# ")
    return line, written.removeprefix(data)


def refused(corpus: Path, source: str, question: str = Q) -> str:
    """Returns the reason, which looking and writing give alike; nothing in the corpus changes."""
    before = {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()}
    with pytest.raises(NoteNotWritable) as looking:
        preview(corpus, source, question)
    with pytest.raises(NoteNotWritable) as writing:
        append_question(corpus, source, question)
    assert {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()} == before
    assert str(writing.value) == f"{source} stays as it is: {writing.value.reason}"
    assert looking.value.reason == writing.value.reason
    return str(writing.value.reason)


# ----------------------------------------------------------------------------------------------------- what is added


@pytest.mark.parametrize(
    ("data", "line", "added"),
    [
        ("", 1, "## 企鹅吃什么？\n\n"),
        ("\n", 2, "## 企鹅吃什么？\n\n"),
        ("# 鸟", 3, "\n\n## 企鹅吃什么？\n\n"),
        ("# 鸟\n", 3, "\n## 企鹅吃什么？\n\n"),
        ("# 鸟\n\n", 3, "## 企鹅吃什么？\n\n"),
        ("# 鸟\r\n\r\n正文。\r\n", 5, "\r\n## 企鹅吃什么？\r\n\r\n"),
        ("一行\r", 3, "\r## 企鹅吃什么？\r\r"),
        ("\ufeff# 鸟\n", 3, "\n## 企鹅吃什么？\n\n"),
        ("# 鸟\n\n### 麻雀吃什么？\n\n谷物。\n", 7, "\n### 企鹅吃什么？\n\n"),
        ("# 什么是A？\n\n甲。\n\n# 什么是B？\n\n乙。\n\n# 什么是C？\n\n丙。", 13, "\n\n# 企鹅吃什么？\n\n"),
        ("# 鸟\n\n## 麻雀吃什么？\n\n谷物。\n\n#### 细节\n\n粒。\n\n#### 更多\n\n粒。\n", 15, "\n## 企鹅吃什么？\n\n"),
        ("- 一\n  - 二\n", 4, "\n## 企鹅吃什么？\n\n"),
    ],
)
def test_what_is_added(empty: Path, data: str, line: int, added: str) -> None:
    assert after(empty, data.encode()) == (line, added.encode())


def test_plain_text_has_headings_too(empty: Path) -> None:
    assert after(empty, "正文。\n".encode(), source="a.txt") == (3, "\n## 企鹅吃什么？\n\n".encode())


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        (" 企鹅\r\n\t吃什么？\x00 ", "企鹅 吃什么？"),
        ("# ## 企鹅吃什么？", "企鹅吃什么？"),
        ("企鹅 羽毛", "企鹅 羽毛？"),  # else nobody would know it for a question
        ("penguin feathers", "penguin feathers?"),
        ("C# 是什么", "C# 是什么"),
        ("🐧", "🐧?"),
        ("<script>alert(1)</script>？", "<script>alert(1)</script>？"),
    ],
)
def test_the_heading_is_one_line_that_asks(empty: Path, question: str, heading: str) -> None:
    assert after(empty, b"", question) == (1, f"## {heading}\n\n".encode())


def test_one_after_the_other(empty: Path) -> None:
    (empty / "a.md").write_text("# 鸟\n", encoding="utf-8")
    assert [append_question(empty, "a.md", question) for question in ("甲？", "乙？")] == [3, 5]
    assert (empty / "a.md").read_text(encoding="utf-8") == "# 鸟\n\n## 甲？\n\n## 乙？\n\n"


# ------------------------------------------------------------------------------------------------------- what is kept


def test_permissions_stay_and_a_link_too(empty: Path) -> None:
    (empty / "sub").mkdir()
    (empty / "sub" / "real.md").write_bytes(b"text\n")
    (empty / "sub" / "real.md").chmod(0o640)
    (empty / "link.md").symlink_to("sub/real.md")
    assert append_question(empty, "link.md", Q) == 3
    assert os.readlink(empty / "link.md") == "sub/real.md"
    assert (empty / "sub" / "real.md").read_bytes() == f"text\n\n## {Q}\n\n".encode()
    assert stat.S_IMODE((empty / "sub" / "real.md").stat().st_mode) == 0o640
    assert sorted(path.name for path in empty.rglob("*")) == ["link.md", "real.md", "sub"]


@pytest.mark.parametrize("call", ["fsync", "chmod", "replace"])
def test_a_fault_leaves_the_note_and_nothing_else(empty: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    (empty / "a.md").write_bytes(b"text\n")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rag.feedback.append.os, call, fail)
    with pytest.raises(NoteNotWritable, match="stays as it is: No space left on device"):
        append_question(empty, "a.md", Q)
    assert {path.name: path.read_bytes() for path in empty.iterdir()} == {"a.md": b"text\n"}


def test_an_edit_at_the_same_moment_wins(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty / "a.md").write_bytes(b"text\n")
    chmod = os.chmod

    def edit(path: str, mode: int) -> None:
        (empty / "a.md").write_bytes(b"another text\n")
        chmod(path, mode)

    monkeypatch.setattr(rag.feedback.append.os, "chmod", edit)
    with pytest.raises(NoteNotWritable, match="it was changed at the same moment"):
        append_question(empty, "a.md", Q)
    assert {path.name: path.read_bytes() for path in empty.iterdir()} == {"a.md": b"another text\n"}


def test_threads_add_all_their_questions(empty: Path) -> None:
    (empty / "a.md").write_bytes(b"")
    threads = [threading.Thread(target=append_question, args=(empty, "a.md", f"问题{i}？")) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (empty / "a.md").read_text(encoding="utf-8").split("\n")
    assert sorted(lines) == sorted([*(f"## 问题{i}？" for i in range(20)), *[""] * 21])


# ---------------------------------------------------------------------------------------------------- what is refused


def test_only_notes_of_the_corpus(empty: Path) -> None:
    outside = empty.with_name("outside.md")
    outside.write_bytes(b"text\n")
    (empty / "a.md").write_bytes(b"text\n")
    (empty / "link.md").symlink_to(outside)
    (empty / ".hidden.md").write_bytes(b"text\n")
    (empty / ".git").mkdir()
    (empty / ".git" / "a.md").write_bytes(b"text\n")
    (empty / "glossary.tsv").write_bytes(b"a\tb\n")
    (empty / "dir.md").mkdir()
    (empty / "loop.md").symlink_to("loop.md")
    os.mkfifo(empty / "pipe.md")
    assert {
        source: refused(empty, source)
        for source in (
            "../outside.md", str(outside), "./a.md", "", "a.md/", "link.md", ".hidden.md", ".git/a.md",
            "glossary.tsv", "none.md", "dir.md", "loop.md", "pipe.md", "a\0.md", "a.md/b.md",
        )
    } == {
        "../outside.md": "outside the corpus",
        str(outside): "outside the corpus",
        "./a.md": "outside the corpus",
        "": "outside the corpus",
        "a.md/": "outside the corpus",
        "link.md": "a link out of the corpus",
        ".hidden.md": "hidden",
        ".git/a.md": "hidden",
        "glossary.tsv": "not a note (.tsv)",
        "none.md": "not there any more",
        "dir.md": "not a regular file",
        "loop.md": "the link leads in a circle",
        "pipe.md": "not a regular file",
        "a\0.md": "not a file name",
        "a.md/b.md": "not there any more",
    }  # fmt: skip
    assert outside.read_bytes() == b"text\n"


def test_only_utf8_that_can_be_written(empty: Path) -> None:
    (empty / "gbk.md").write_bytes("企鹅".encode("gb18030"))
    (empty / "utf16.md").write_bytes("企鹅".encode("utf-16"))
    (empty / "binary.md").write_bytes(b"a\0b")
    (empty / "locked.md").write_bytes(b"text\n")
    (empty / "locked.md").chmod(0o444)
    reasons = [refused(empty, f"{name}.md") for name in ("gbk", "utf16", "binary", "locked")]
    assert reasons == ["not UTF-8", "not UTF-8", "binary", "read-only"]


@pytest.mark.parametrize(
    "text",
    [
        "## 企鹅吃什么？\n\n鱼。\n",
        "### 3. **企鹅**吃什么?\n",
        "企鵝吃什麼？\n===\n",
        "1. 企鹅吃什么？\n答：鱼。\n",
    ],
)
def test_a_question_that_stands_there_already(empty: Path, text: str) -> None:
    (empty / "a.md").write_text(text, encoding="utf-8")
    assert refused(empty, "a.md") == "it has this question already"


@pytest.mark.parametrize("text", ["```\ncode\n", "正文\n\n<!-- 注释\n"])
def test_an_end_at_which_nothing_is_a_heading(empty: Path, text: str) -> None:
    (empty / "a.md").write_text(text, encoding="utf-8")
    assert refused(empty, "a.md") == "it ends inside a code block"


def test_questions_that_are_none(empty: Path) -> None:
    (empty / "a.md").write_bytes(b"text\n")
    assert [refused(empty, "a.md", question) for question in ("", " \n\x00 ", "## #", "问" * 300)] == [
        "the question is empty",
        "the question is empty",
        "the question is empty",
        "the question is too long",
    ]


# ---------------------------------------------------------------------------------------------------- from end to end


@pytest.mark.parametrize("question", ["企鹅为什么不会飞？", "企鹅的羽毛"])
def test_a_question_without_an_answer_is_not_found(bundled: OnnxEncoder, tmp_path: Path, question: str) -> None:
    corpus, index = write_notes(tmp_path / "corpus"), tmp_path / "index"
    append_question(corpus, "llm/attention.md", question)
    append_question(corpus, "tuning.md", question)
    append_question(corpus, "tuning.md", "章鱼有几颗心脏？")  # so that one stands in the middle, too
    sync(corpus, index, bundled)
    assistant = Assistant.open(index, bundled)
    answer = assistant.ask(question)
    assert (answer.found, [hit for hit in answer.hits if question in hit.passage.text]) == (False, [])
    assert assistant.ask(ENTRY).text == ENTRY_ANSWER


def test_it_is_found_once_it_has_one(bundled: OnnxEncoder, tmp_path: Path) -> None:
    corpus, index = write_notes(tmp_path / "corpus"), tmp_path / "index"
    append_question(corpus, "tuning.md", "企鹅的羽毛")
    with open(corpus / "tuning.md", "a", encoding="utf-8") as note:
        note.write("企鹅的羽毛又短又密，能防水。\n")
    sync(corpus, index, bundled)
    answer = Assistant.open(index, bundled).ask("企鹅的羽毛")
    assert (answer.found, answer.text) == (True, "企鹅的羽毛又短又密，能防水。 [1]")
    assert answer.hits[0].passage.question == "企鹅的羽毛？"
