"""A second kind of note, as a PDF will be: read by a row of the table, and by nothing else that knows of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.errors import NoteNotWritable, NoteUnreadable
from rag.feedback.append import append_question
from rag.indexing.sync import sync
from rag.notes.corpus import read_corpus, read_note, read_text
from rag.notes.readers import registry, text
from rag.notes.readers.base import Text
from rag.notes.readers.registry import reader_of
from rag.notes.walking import may_be_note
from rag.types import Cause, Reason, Skipped
from tests.toy_encoder import ToyEncoder

TOY = ToyEncoder()
MAGIC = b"%PAGES\n"
PAGES = (
    "# 鸟\n\n## 企鹅吃什么？\n\n鱼和磷虾。\n",
    "## 企鹅住在哪里？\n\n南极的海边。\n",
    "",
    "## 章鱼有几颗心脏？\n\n三颗。\n",
)


def read_paged(data: bytes) -> Text:
    """A reader of pages that form feeds separate."""
    if not data.startswith(MAGIC):
        raise NoteUnreadable(Reason(Cause.SYSTEM, "no pages"))
    pages = data.removeprefix(MAGIC).decode().split("\f")
    lines = [(line, number) for number, page in enumerate(pages, 1) for line in page.split("\n")]
    return Text("\n".join(line for line, _ in lines), "page", tuple(number for _, number in lines))


@pytest.fixture
def paged(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small corpus with a note of four pages, a damaged one, and their reader."""
    monkeypatch.setattr(registry, "READERS", {**registry.READERS, ".paged": read_paged})
    (corpus / "animals.Paged").write_bytes(MAGIC + "\f".join(PAGES).encode())
    (corpus / "damaged.paged").write_bytes(b"PAGES")
    return corpus


@pytest.mark.parametrize("name", ["a.md", "a.MD", "b/c.markdown", "b.d/图.txt"])
def test_what_plain_text_is(name: str) -> None:
    assert reader_of(name) is text.read
    assert may_be_note(name)


@pytest.mark.parametrize("name", ["a.paged", "a.md.bak", "md", "b.md/c", "LICENSE", ""])
def test_what_is_no_note(name: str) -> None:
    assert reader_of(name) is None
    assert not may_be_note(name)


def test_without_its_reader_it_is_no_note(tmp_path: Path) -> None:
    (tmp_path / "a.paged").write_bytes(MAGIC)
    assert read_corpus(tmp_path) == ((), (Skipped("a.paged", Reason(Cause.NOT_A_NOTE, ".paged")),))
    with pytest.raises(NoteUnreadable, match=r"^not a note \(\.paged\)$"):
        read_note(tmp_path, "a.paged")


def test_a_note_is_what_its_reader_says(paged: Path) -> None:
    notes, skipped = read_corpus(paged)
    (note,) = [note for note in notes if note.source == "animals.Paged"]
    assert (note.title, note.text) == ("鸟", "\n".join(PAGES))
    assert skipped == (Skipped("damaged.paged", Reason(Cause.SYSTEM, "no pages")),)
    assert may_be_note(note.source)


def test_a_passage_is_found_and_its_line_is_on_a_page(paged: Path, folder: Path) -> None:
    assert sync(paged, folder, TOY).notes == 4
    hit = Assistant.open(folder, TOY).ask("章鱼有几颗心脏？").hits[0]
    assert (hit.passage.source, hit.passage.question) == ("animals.Paged", "章鱼有几颗心脏？")
    assert (hit.passage.start_line, hit.passage.end_line, hit.stale) == (12, 14, False)
    read = read_text(paged, hit.passage.source)
    assert read.text[hit.passage.start : hit.passage.end] == hit.passage.text == "## 章鱼有几颗心脏？\n\n三颗。"
    assert (read.unit, read.place(hit.passage.start_line)) == ("page", 4)


def test_the_file_is_seen_to_change(paged: Path, folder: Path) -> None:
    sync(paged, folder, TOY)
    assistant = Assistant.open(folder, TOY)
    (paged / "animals.Paged").write_bytes(MAGIC + PAGES[0].encode())
    hit = assistant.ask("章鱼有几颗心脏？").hits[0]
    assert (hit.passage.source, hit.stale) == ("animals.Paged", True)
    assert sync(paged, folder, TOY).removed == 2


def test_no_question_is_added_to_what_is_not_just_lines(paged: Path) -> None:
    before = (paged / "animals.Paged").read_bytes()
    with pytest.raises(NoteNotWritable):
        append_question(paged, "animals.Paged", "企鹅会飞吗？")
    assert (paged / "animals.Paged").read_bytes() == before
