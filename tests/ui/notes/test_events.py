"""The notes tab without a browser: what each event hands to the page, also when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.errors import IndexCorrupt
from rag.indexing.sync import sync
from rag.serving.service import Service, Settings
from rag.ui.notes import tab as notes
from rag.ui.notes.tab import View, laid_out
from rag.ui.words.chinese import CHINESE
from tests.toy_encoder import ToyEncoder
from tests.ui.blocks import on_a_page
from tests.ui.pieces import Pieces

TOY = ToyEncoder()


@pytest.fixture
def view(corpus: Path, folder: Path) -> View:
    sync(corpus, folder, TOY)
    settings = Settings(corpus, folder, folder.with_name("feedback"))
    service = Service(settings, TOY, Assistant.open(folder, TOY))
    return View(service, CHINESE, on_a_page(lambda: laid_out(service, CHINESE)))


def fails(*_: object) -> Any:
    raise IndexCorrupt("a file of the index is damaged")


def test_a_name_finds_notes_and_what_is_about_it(view: View) -> None:
    shown = view.listed("  TUN\n")
    assert set(shown) == {view.parts.tree, view.parts.found}
    assert Pieces(shown[view.parts.tree]).text.startswith("笔记目录 1tuning.md")


def test_a_note_is_opened_at_its_lines(view: View) -> None:
    shown = view.note(json.dumps({"source": "tuning.md", "first": 7, "last": 9}), "")
    assert set(shown) == {view.parts.note}
    assert Pieces(shown[view.parts.note]).marked == {7, 9}
    assert Pieces(view.note("{}", "")[view.parts.note]).text == CHINESE.notes_choose
    unknown = view.note(json.dumps({"source": "../a.md"}), "")[view.parts.note]
    assert Pieces(unknown).text == "没有这篇笔记：../a.md"


def test_whatever_goes_wrong_is_one_sentence_in_its_place(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rank", "opened", "twins"):
        monkeypatch.setattr(notes, name, fails)
    parts = view.parts
    found = view.listed("灾难性遗忘")
    assert Pieces(found[parts.found]).text == CHINESE.index_unusable
    assert found[parts.tree] == view.tree("")  # the whole list
    for part, shown in ((parts.note, view.note('{"source": "tuning.md"}', "")), (parts.twins, view.twins())):
        assert {key: Pieces(value).text for key, value in shown.items()} == {part: CHINESE.index_unusable}
