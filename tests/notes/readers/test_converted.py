"""Files that are turned into notes, all kinds in one folder: nothing fails, and the page shows what was read."""

from __future__ import annotations

import dataclasses
import json
import random
import sys
import urllib.parse
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.errors import NoteUnreadable
from rag.indexing.sync import sync
from rag.notes import corpus as reading
from rag.notes.corpus import read_corpus
from rag.notes.readers import registry
from rag.notes.readers.remembered import Remembered
from rag.notes.walking import walk
from rag.notes.watching import footprint
from rag.serving.service import Service, Settings
from rag.serving.turns import Turn
from rag.types import Cause, Reason, Skipped
from rag.ui.ask.cards import panel
from rag.ui.notes.tab import View, laid_out
from rag.ui.words.chinese import CHINESE
from tests.formats import ENTRIES, Line, pdf
from tests.toy_encoder import ToyEncoder
from tests.ui.blocks import on_a_page
from tests.ui.pieces import Pieces

for library in ("defusedxml", "pypdf", "selectolax"):
    pytest.importorskip(library)

TOY = ToyEncoder()
CONVERTED = [suffix for suffix in registry.READERS if registry.is_converted(f"a{suffix}")]
HOUSE = pdf([[Line(question, 700, 16), Line(answer, 670)] for question, answer in ENTRIES])
LIBRARIES = {
    ".pdf": "pypdf",
    ".html": "selectolax",
    ".docx": "defusedxml",
    ".pptx": "defusedxml",
    ".epub": "defusedxml",
}


def test_bytes_of_any_kind_are_left_out_for_some_reason(tmp_path: Path) -> None:
    chance = random.Random(5)
    contents = [b"", b"\0" * 100, b"PK\x03\x04" + chance.randbytes(500), b"%PDF-1.4 " + chance.randbytes(500)]
    for suffix in CONVERTED:
        for number, data in enumerate([*contents, *(chance.randbytes(200) for _ in range(5))]):
            (tmp_path / f"{number}{suffix}").write_bytes(data)
    notes, skipped = read_corpus(tmp_path)
    assert len(notes) + len(skipped) == 9 * len(CONVERTED)
    assert {Path(note.source).suffix for note in notes} <= {".org", ".rst"}  # where an empty file is an empty text
    causes = {file.reason.cause for file in skipped}
    assert causes <= {Cause.BINARY, Cause.DAMAGED, Cause.UNKNOWN_ENCODING, Cause.NO_TEXT, Cause.SCANNED}


@pytest.mark.parametrize("suffix", LIBRARIES)
def test_without_its_library_a_file_is_left_out_and_others_are_read(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_REMEMBERED", Remembered())
    for name in [name for name in sys.modules if name.split(".")[0] == LIBRARIES[suffix]]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, LIBRARIES[suffix], None)
    (tmp_path / f"a{suffix}").write_bytes({".html": b"<p>x", ".pdf": HOUSE}.get(suffix, b"PK\x05\x06" + bytes(18)))
    (tmp_path / "b.md").write_text("text", encoding="utf-8")
    notes, skipped = read_corpus(tmp_path)
    assert [note.source for note in notes] == ["b.md"]
    assert skipped == (Skipped(f"a{suffix}", Reason(Cause.NO_LIBRARY)),)
    assert str(skipped[0].reason) == 'its reader is not installed: pip install ".[formats]"'


def test_only_what_holds_pictures_may_be_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MAX_BYTES", 10)
    monkeypatch.setattr(registry, "PACKED_BYTES", 1_000_000)
    (tmp_path / "a.pdf").write_bytes(HOUSE)
    (tmp_path / "b.html").write_bytes(b"<p>" + bytes(20))
    notes, skipped = read_corpus(tmp_path)
    assert [note.source for note in notes] == ["a.pdf"]
    assert [file.reason.cause for file in skipped] == [Cause.TOO_BIG]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.org", "* 企鹅吃什么？\n鱼和磷虾，也吃乌贼�。\n"),
        ("a.rst", "企鹅吃什么？\n============\n\n鱼和磷虾，也吃乌贼�。\n"),
        ("a.html", "<meta charset=utf-8><h1>企鹅吃什么？</h1><p>鱼和磷虾，也吃乌贼�。</p>"),
        ("a.jsonl", '{"question": "企鹅吃什么？", "answer": "鱼和磷虾，也吃乌贼�。"}\n'),
        ("a.ipynb", '{"cells": [{"cell_type": "markdown", "source": "# 企鹅吃什么？\\n鱼和磷虾，也吃乌贼�。"}]}'),
    ],
)
def test_damaged_places_are_counted(name: str, data: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data.encode().replace("�".encode(), b"\xff"))
    notes, skipped = read_corpus(tmp_path)
    assert skipped == ()
    assert [(note.text.count("�"), note.flaws) for note in notes] == [(1, (Reason(Cause.DAMAGED_PLACES, "1"),))]


def test_they_are_kept_out_and_watched_as_other_notes(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.docx", "~$b.docx", "drafts/c.epub", "d.org"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".kuaidaignore").write_text("drafts/\n*.org\n", encoding="utf-8")
    assert {found for found in walk(tmp_path) if isinstance(found, str)} == {"a.pdf", "b.docx"}
    assert footprint(tmp_path).keys() == {".kuaidaignore", "a.pdf", "b.docx"}


# ------------------------------------------------------------------------------------------------------------ the page


@pytest.fixture
def service(tmp_path: Path) -> Service:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    (corpus / "house.pdf").write_bytes(HOUSE)
    sync(corpus, index, TOY)
    return Service(Settings(corpus, index, tmp_path / "feedback"), TOY, Assistant.open(index, TOY))


def fails(data: bytes) -> None:
    raise AssertionError("it is read again")


def test_a_card_names_the_page_and_nothing_is_read_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_REMEMBERED", Remembered())
    monkeypatch.setattr(registry, "READERS", {**registry.READERS, ".pdf": fails})
    answer, _ = service.ask(ENTRIES[2][0])
    (evidence,) = service.evidence([Turn(1, answer, 0.0)])
    shown = evidence[0]
    assert (shown.hit.passage.question, shown.stale, shown.verbatim, shown.gone) == (ENTRIES[2][0], False, True, False)
    html = panel([Turn(1, answer, 0.0)], [evidence], CHINESE)
    assert "<bdi>house&#46;pdf</bdi>" in html and '<span class="kd-lines" title="第 3 页"> 第 3 页</span>' in html
    assert 'name="copy" value="house&#46;pdf 第 3 页"' in html


def test_the_note_is_shown_as_it_was_read_with_the_passage_marked(service: Service) -> None:
    view = View(service, CHINESE, on_a_page(lambda: laid_out(service, CHINESE)))
    html = view.note(json.dumps({"source": "house.pdf", "first": 9, "last": 11}), "")[view.parts.note]
    shown = Pieces(html)
    assert shown.marked == {9, 11}
    assert all(answer in shown.text for _, answer in ENTRIES)
    assert "<bdi>house&#46;pdf</bdi> 第 3 页</code>" in html


def test_a_file_that_changed_is_read_and_its_answer_looked_for(service: Service) -> None:
    answer, _ = service.ask(ENTRIES[2][0])
    pages = [
        [Line(question, 700, 16), Line(answer, 670)] for question, answer in (("新的一页", "有新的内容。"), *ENTRIES)
    ]
    (service.settings.corpus / "house.pdf").write_bytes(pdf(pages))
    shown = service.evidence([Turn(1, answer, 0.0)])[0][0]
    assert (shown.stale, shown.verbatim, shown.gone) == (True, True, False)
    (service.settings.corpus / "house.pdf").write_bytes(b"%PDF")
    with pytest.raises(NoteUnreadable):
        reading.read_note(service.settings.corpus, "house.pdf")
    shown = service.evidence([Turn(1, answer, 0.0)])[0][0]
    assert (shown.stale, shown.verbatim, shown.gone) == (True, False, True)


@pytest.mark.parametrize(
    ("editor", "link"),
    [
        ("vscode://file/{path}:{line}", "vscode://file/PATH"),
        ("idea://open?file={path}&line={line}", "idea://open?file=PATH"),
        ("txmt://open?line={line}&url=file:///{path}", "txmt://open?url=file:///PATH"),
        ("file:///{path}", "file:///PATH"),
        ("", ""),
    ],
)
def test_an_editor_is_sent_to_no_line_that_the_file_has_not(service: Service, editor: str, link: str) -> None:
    service.settings = dataclasses.replace(service.settings, editor=editor)
    path = urllib.parse.quote((service.index.corpus / "house.pdf").as_posix().removeprefix("/"))
    assert service.editor_link("house.pdf", 9) == link.replace("PATH", path)


def test_an_editor_is_sent_to_the_line_of_the_file(tmp_path: Path) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    pairs = "".join(json.dumps({"question": asked, "answer": told}) + "\n" for asked, told in ENTRIES)
    (corpus / "pairs.jsonl").write_text(f"\n{pairs}", encoding="utf-8")
    (corpus / "a.org").write_text("* 一\n\n二\n", encoding="utf-8")
    sync(corpus, index, TOY)
    settings = Settings(corpus, index, tmp_path / "feedback", editor="{line}")
    service = Service(settings, TOY, Assistant.open(index, TOY))
    _, second, *_ = (passage for _, passage in service.index.passages("pairs.jsonl"))
    assert second.start_line == 5  # in the third line of the file
    assert (service.editor_link("pairs.jsonl", 5), service.editor_link("a.org", 3)) == ("3", "3")
