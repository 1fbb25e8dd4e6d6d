"""A second kind of note, as a PDF will be: read by a row of the table, and by nothing else that knows of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from rag.answering.record import record
from rag.assistant import Assistant
from rag.errors import NoteNotWritable, NoteUnreadable
from rag.feedback.append import append_question
from rag.indexing.freshness import Disk
from rag.indexing.sync import is_current, sync
from rag.notes.corpus import Held, read_corpus, read_note, read_sha256, read_text
from rag.notes.readers import registry, text
from rag.notes.readers.base import Text, guarded
from rag.notes.readers.registry import has_lines, is_converted, reader_of
from rag.notes.readers.remembered import REFUSED_CHARACTERS, Remembered
from rag.notes.walking import may_be_note
from rag.notes.watching import Moved
from rag.passages.restored import restored
from rag.passages.split import split
from rag.query import render
from rag.store.local import Index
from rag.types import Cause, Note, Place, Reason, Remark, Skipped
from rag.ui.elements import copied, where, where_short
from rag.ui.words.chinese import CHINESE
from rag.ui.words.english import ENGLISH
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


@pytest.mark.parametrize(
    ("name", "converted", "lines"),
    [
        ("a.md", False, True),
        ("a.csv", False, True),
        ("a.TSV", False, True),
        ("a.org", True, True),
        ("a.rst", True, True),
        ("a.jsonl", True, False),
        ("a.HTML", True, False),
        ("a.pdf", True, False),
    ],
)
def test_what_is_converted_and_what_keeps_its_lines(name: str, converted: bool, lines: bool) -> None:
    assert (is_converted(name), has_lines(name), may_be_note(name)) == (converted, lines, True)


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
    assert hit.passage.place == Place("page", 4, 4)


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


# --------------------------------------------------------------------------------------------- where people find it


def test_the_page_stands_in_json_on_the_terminal_and_on_the_cards(paged: Path, folder: Path) -> None:
    sync(paged, folder, TOY)
    assistant = Assistant.open(folder, TOY)
    answer = assistant.ask("章鱼有几颗心脏？")
    first, *others = record(answer, 0.0)["hits"]  # type: ignore[misc]
    assert (first["start_line"], first["place"]) == (12, {"kind": "page", "first": 4, "last": 4})
    assert all("place" not in hit for hit in others if hit["source"].endswith((".md", ".txt")))
    assert "*[1] animals.Paged 第 4 页  " in render(answer, colours=False)
    passage = answer.hits[0].passage
    assert (where(CHINESE, passage), where_short(ENGLISH, passage)) == ("第 4 页", " p&#46; 4")
    assert copied(ENGLISH, passage) == "animals.Paged p. 4"


def test_only_passages_with_a_place_are_stored_with_one(paged: Path, folder: Path) -> None:
    sync(paged, folder, TOY)
    lines = (folder / Index.open(folder).generation / "passages.jsonl").read_text(encoding="utf-8").splitlines()
    assert {('"place"' in line, "animals.Paged" in line) for line in lines} == {(True, True), (False, False)}


def test_a_passage_over_a_border_names_both_pages() -> None:
    note = Note("a.paged", "", "一\n二\n三\n", "", "page", (1, 2, 2, 2))
    (passage,) = split(note)
    assert (passage.place, passage.end_line) == (Place("page", 1, 2), 3)
    assert (where(CHINESE, passage), where(ENGLISH, passage)) == ("第 1–2 页", "pp. 1–2")


# ------------------------------------------------------------------------------------------- read once, not each time


class Counting:
    """A reader of pages that counts how often it reads."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, data: bytes) -> Text:
        self.times += 1
        return read_paged(data)


@pytest.fixture
def counting(paged: Path, monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Counts, in a process that remembers nothing; the damaged note is gone."""
    reader = Counting()
    monkeypatch.setattr(registry, "READERS", {**registry.READERS, ".paged": reader})
    monkeypatch.setattr("rag.notes.corpus._REMEMBERED", Remembered(0))
    (paged / "damaged.paged").unlink()
    return reader


def test_what_the_index_holds_is_read_by_the_first_build_only(counting: Counting, paged: Path, folder: Path) -> None:
    sync(paged, folder, TOY)
    assert counting.times == 1
    assert is_current(paged, folder, TOY)
    (paged / "new.md").write_text("# 新的笔记", encoding="utf-8")
    assert sync(paged, folder, TOY).added == 1
    assistant = Assistant.open(folder, TOY)
    assert [assistant.ask("章鱼有几颗心脏？").hits[0].stale for _ in range(3)] == [False] * 3
    assert Disk(paged).moved(assistant.index) == Moved()
    assert counting.times == 1
    sync(paged, folder, TOY, full=True)
    assert counting.times == 2


def test_a_changed_file_is_seen_and_what_cannot_be_read_is_no_news(
    counting: Counting, paged: Path, folder: Path
) -> None:
    sync(paged, folder, TOY)
    (paged / "animals.Paged").write_bytes(MAGIC + "\f".join(("", *PAGES)).encode())  # the same words, a page later
    (paged / "damaged.paged").write_bytes(b"PAGES")
    index = Index.open(folder)
    assert Disk(paged).moved(index) == Moved(changed=("animals.Paged",))
    assert sync(paged, folder, TOY).generation != index.generation
    assert Assistant.open(folder, TOY).ask("章鱼有几颗心脏？").hits[0].passage.place == Place("page", 5, 5)


def test_what_is_wrong_with_a_file_is_said_by_every_build_though_it_is_read_once(
    paged: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = Reason(Cause.CUT_PLACES, "4")
    times = []

    def flawed(data: bytes) -> Text:
        times.append(1)
        return dataclasses.replace(read_paged(data), cut=cut, damaged=2)

    monkeypatch.setattr(registry, "READERS", {**registry.READERS, ".paged": flawed})
    monkeypatch.setattr("rag.notes.corpus._REMEMBERED", Remembered(0))
    (paged / "damaged.paged").unlink()
    expected = tuple(Remark("animals.Paged", flaw) for flaw in (cut, Reason(Cause.DAMAGED_PLACES, "2")))
    assert sync(paged, folder, TOY).remarks == expected
    assert sync(paged, folder, TOY).remarks == expected
    (paged / "new.md").write_text("# 新的笔记", encoding="utf-8")
    report = sync(paged, folder, TOY)
    assert (report.added, report.skipped, report.remarks) == (1, (), expected)
    assert times == [1]


def test_the_names_of_a_note_that_is_not_read_again_stay(counting: Counting, paged: Path, folder: Path) -> None:
    sync(paged, folder, TOY)
    (paged / "new.md").write_text("# 新的笔记", encoding="utf-8")
    sync(paged, folder, TOY)
    assert {passage.names for _, passage in Index.open(folder).passages("animals.Paged")} == {("animals",)}
    assert read_note(paged, "animals.Paged").names == ("animals",)


def test_a_note_that_is_held_comes_without_its_text_and_with_what_was_cut(paged: Path) -> None:
    cut = Reason(Cause.CUT_PLACES, "2000")
    sha256 = read_sha256(paged, "animals.Paged")
    notes, skipped = read_corpus(paged, {"animals.Paged": Held(sha256, (cut,)), "tuning.md": Held("of another text")})
    found = {note.source: note for note in notes}
    assert (found["animals.Paged"].text, found["animals.Paged"].sha256) == ("", sha256)
    assert found["tuning.md"].text.startswith("# 微调")
    assert found["animals.Paged"].flaws == (cut,)
    assert [file.source for file in skipped] == ["damaged.paged"]


def test_the_text_comes_back_from_the_passages() -> None:
    long_line = "A sentence that goes on and on. " * 100
    text = "\n".join(PAGES) + long_line.rstrip() + "\n\n- item\n    more\n"
    assert restored(split(Note("a.pdf", "", text, ""))) == text


def test_what_was_read_is_remembered_within_bounds() -> None:
    reader = Counting()
    pages = [MAGIC + str(number).encode() * 40 for number in range(3)]
    remembered = Remembered(100)
    for key, data in (("0", pages[0]), ("1", pages[1]), ("0", pages[0])):
        assert remembered.read(key, reader, data).text == key * 40
    assert reader.times == 2
    remembered.read("2", reader, pages[2])  # and the one that was asked for longest ago is forgotten
    remembered.read("0", reader, pages[0])
    assert reader.times == 3
    remembered.read("1", reader, pages[1])
    assert reader.times == 4


def test_that_a_file_cannot_be_read_is_remembered_too() -> None:
    reader = Counting()
    remembered = Remembered(REFUSED_CHARACTERS)
    for _ in range(2):
        with pytest.raises(NoteUnreadable, match="no pages"):
            remembered.read("0", reader, b"")
    assert reader.times == 1


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ImportError("pypdf"), Cause.NO_LIBRARY),
        (RecursionError(), Cause.DAMAGED),
        (MemoryError(), Cause.DAMAGED),
        (ValueError(), Cause.DAMAGED),
        (NoteUnreadable(Reason(Cause.SCANNED)), Cause.SCANNED),
    ],
    ids=str,
)
def test_whatever_goes_wrong_in_a_reader_is_a_reason(error: Exception, cause: Cause) -> None:
    def read(data: bytes) -> Text:
        raise error

    with pytest.raises(NoteUnreadable) as caught:
        guarded(read)(b"")
    assert caught.value.reason == Reason(cause)
