"""The tab of the index: each event without a browser, then the whole of it in a real one."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.feedback.log import Feedback
from rag.indexing.sync import sync
from rag.serving.service import Service, Settings
from rag.store.generations import exclusive
from rag.ui.index.tab import View, laid_out
from rag.ui.words.chinese import CHINESE
from tests.small import ENTRY, NOTES, write_notes
from tests.toy_encoder import ToyEncoder
from tests.ui.blocks import on_a_page
from tests.ui.conftest import Served, StartPage
from tests.ui.pieces import Pieces
from tests.ui.tab import WAIT

TOY = ToyEncoder()
GAP = "企鹅吃什么？"


@pytest.fixture
def service(corpus: Path, folder: Path) -> Service:
    sync(corpus, folder, TOY)
    settings = Settings(corpus, folder, folder.with_name("feedback"), writable=True)
    return Service(settings, TOY, Assistant.open(folder, TOY))


def opened(service: Service) -> View:
    """Returns the tab of a page of its own."""
    view = View(service, CHINESE, on_a_page(lambda: laid_out(service, CHINESE)))
    service.rebuilds.disk.forget()  # it was looked at a moment ago, and is not again for a while
    return view


@pytest.fixture
def view(service: Service) -> View:
    return opened(service)


def told(question: str) -> str:
    return json.dumps({"question": question, "sent": 1})


def text(html: str) -> str:
    return Pieces(html).text


def progress(*_: object, **__: object) -> None:
    """Stands where Gradio hands in its progress bar."""


def edit(corpus: Path) -> None:
    write_notes(corpus, {"tuning.md": NOTES["tuning.md"].replace("旧任务", "旧的任务")})


# ----------------------------------------------------------------------------------------------------- without browser


def test_a_rebuild_shows_its_state_its_report_and_the_pins(view: View, service: Service, corpus: Path) -> None:
    service.feedback.pin("什么是灾难性遗忘？", service.ask("什么是灾难性遗忘？")[0].hits[0].passage)
    edit(corpus)
    assert "1 个文件的改动还没进索引" in text(view.content.glance())
    shown, parts = view.rebuild(progress), view.parts
    assert set(shown) == {parts.glance, parts.report, parts.pins}
    assert "索引第 2 代刚刚建立索引与笔记一致" in text(shown[parts.glance])
    assert "3 篇笔记，5 个段落（+0 ~1 −0）" in text(shown[parts.report])
    assert (
        "1 个固定问题的第一段变了什么是灾难性遗忘？现在什么是灾难性遗忘？tuning.md 第 7–9 行同一处，文字变了"
        in text(shown[parts.report])
    )
    assert "tuning.md 第 7–9 行" in text(shown[parts.pins])


def test_what_keeps_a_rebuild_from_succeeding_is_one_sentence(view: View, service: Service, corpus: Path) -> None:
    parts = view.parts
    edit(corpus)
    with exclusive(service.settings.index):
        assert text(view.rebuild(progress)[parts.report]) == CHINESE.rebuild_failed + CHINESE.index_not_writable
    corpus.rename(corpus.with_name("moved"))
    shown = view.rebuild(progress)
    assert set(shown) == {parts.glance, parts.report}
    assert text(shown[parts.report]) == CHINESE.rebuild_failed + CHINESE.corpus_unusable
    assert view.refresh()[parts.report] == shown[parts.report]  # it stays until one succeeds
    assert text(shown[parts.glance]).endswith(CHINESE.corpus_gone)
    assert service.ask(ENTRY)[0].found


def test_a_rebuild_in_another_tab(view: View, service: Service, corpus: Path) -> None:
    edit(corpus)
    said: list[str] = []
    reported: list[bool] = []

    def meanwhile(done: int, total: int) -> None:
        said.append(text(view.rebuild(progress)[view.parts.report]))
        reported.append(view.parts.report in view.refresh())  # a progress bar stands there

    service.rebuilds.rebuild(meanwhile)
    assert said == [CHINESE.rebuild_running]
    assert reported == [False]
    assert set(view.refresh()) == set(view.parts.shown)


def test_a_gap_is_settled(view: View, service: Service) -> None:
    service.feedback.miss(GAP, "")
    assert GAP in text(view.content.gaps())
    gaps, said = view.parts.gaps, view.parts.fill.said
    assert {part: text(value) for part, value in view.settle(told(GAP)).items()} == {
        gaps: CHINESE.gaps_title + CHINESE.gaps_empty,
        said: "",
    }
    assert view.settle("no JSON")[said] == ""


def test_a_question_is_unpinned(view: View, service: Service) -> None:
    service.feedback.pin(GAP, None)
    assert text(view.unpin(told(GAP))[view.parts.pins]) == CHINESE.pins_title + CHINESE.pins_empty


def test_a_log_that_cannot_be_written(view: View, service: Service) -> None:
    service.settings.feedback.write_text("")
    for event in (view.settle, view.unpin):
        ((part, said),) = event(told(GAP)).items()
        assert (part, text(said)) == (view.parts.fill.said, CHINESE.feedback_not_writable)


def test_a_question_is_added_to_a_note(view: View, service: Service, corpus: Path) -> None:
    service.feedback.miss(GAP, "")
    fill, shown = view.parts.fill, view.fill(told(GAP))
    assert (shown[fill.form]["visible"], text(shown[fill.title])) == (True, f"补进笔记：{GAP}")
    assert (shown[fill.said], shown[fill.question]) == ("", GAP)
    assert shown[fill.note]["choices"] == ["llm/attention.md", "tuning.md", "分词.txt"]
    assert shown[fill.note]["value"] in NOTES
    assert shown[fill.confirm]["interactive"]
    shown = view.preview("tuning.md", GAP)
    assert set(shown) == {fill.preview, fill.confirm}
    assert text(shown[fill.preview]) == "将从第 10 行起加上这 3 行，其余不动：10空行11## 企鹅吃什么？12空行"
    assert (corpus / "tuning.md").read_text(encoding="utf-8") == NOTES["tuning.md"]
    shown = view.write("tuning.md", GAP)
    assert (corpus / "tuning.md").read_text(encoding="utf-8") == NOTES["tuning.md"] + "\n## 企鹅吃什么？\n\n"
    assert (shown[fill.form]["visible"], shown[fill.preview]) == (False, "")
    assert text(shown[view.parts.gaps]) == CHINESE.gaps_title + CHINESE.gaps_empty
    assert text(shown[fill.said]).startswith("已写入 tuning.md 第 11 行。")
    assert "1 个文件的改动还没进索引~改动tuning.md" in text(view.content.glance())


def test_notes_that_cannot_be_added_to(view: View, corpus: Path) -> None:
    (corpus / "分词.txt").write_bytes("分词器把文本切成词元。".encode("gb18030"))
    fill = view.parts.fill
    assert text(view.preview(None, GAP)[fill.preview]) == CHINESE.fill_choose
    shown = view.preview("分词.txt", GAP)
    assert text(shown[fill.preview]) == "没法写进这篇笔记：不是 UTF-8 编码。笔记保持原样。"
    assert not shown[fill.confirm]["interactive"]
    for source, question, said in (
        ("分词.txt", GAP, "不是 UTF-8 编码"),
        ("../tuning.md", GAP, "在笔记文件夹之外"),
        ("tuning.md", "什么是灾难性遗忘?", "这篇笔记里已经有这个问题"),
    ):
        refused = {part: text(value) for part, value in view.write(source, question).items()}
        assert refused == {fill.preview: f"没法写进这篇笔记：{said}。笔记保持原样。"}


def test_a_question_that_is_written_but_stays_in_the_log(view: View, service: Service, corpus: Path) -> None:
    service.settings.feedback.write_text("a file, not a folder")
    fill, shown = view.parts.fill, view.write("tuning.md", GAP)
    assert set(shown) == {fill.form, fill.preview, fill.said}
    assert text(shown[fill.said]).startswith("已写入 tuning.md 第 11 行。")
    assert text(shown[fill.said]).endswith(CHINESE.feedback_not_writable)


def test_nothing_is_written_unless_the_page_was_started_to(service: Service, corpus: Path) -> None:
    settings = Settings(corpus, service.settings.index, service.settings.feedback)
    view = opened(Service(settings, TOY, Assistant.open(settings.index, TOY)))
    for shown in (view.fill(told(GAP)), view.write("tuning.md", GAP)):
        assert text(shown[view.parts.fill.said]) == CHINESE.writing_off
        assert shown[view.parts.fill.form]["visible"] is False
    assert (corpus / "tuning.md").read_text(encoding="utf-8") == NOTES["tuning.md"]


def test_watching_is_switched_for_all(view: View, service: Service) -> None:
    other = opened(service)
    assert view.watch(True)[view.parts.watch]["value"] is True
    assert other.refresh()[other.parts.watch]["value"] is True
    assert other.watch(False)[other.parts.watch]["value"] is False
    assert not service.rebuilds.is_watching
    for thread in threading.enumerate():  # one that still builds would write into a folder that is being removed
        if thread.name == "kuaida-watch":
            thread.join(30)


# ---------------------------------------------------------------------------------------------------------- in Chromium


@pytest.fixture
def running(start_page: StartPage, tmp_path: Path) -> Served:
    write_notes(tmp_path / "corpus")
    Feedback(tmp_path / "feedback").miss(GAP, "什么是灾难性遗忘？")
    return start_page(tmp_path / "corpus", tmp_path / "index", "--allow-writing")


@pytest.fixture
def tab(running: Served, browser: Any) -> Iterator[Any]:
    """The tab in a page of its own, on which no error may be logged."""
    page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="zh-CN")
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(WAIT)
    page.goto(f"{running.url}/#index")
    page.wait_for_selector(".kd-glance")
    yield page
    page.close()
    assert problems == []


def wait_for_text(page: Any, selector: str, expected: str) -> None:
    page.wait_for_selector(f"{selector} >> text={expected}")


def test_rebuilding_shows_what_changed_and_opens_it(running: Served, tab: Any) -> None:
    edit(running.corpus)
    wait_for_text(tab, "#kd-index-state", "1 个文件的改动还没进索引")  # by itself, with the next look at the state
    tab.click("#kd-rebuild")
    wait_for_text(tab, "#kd-report", "+0 ~1 −0")
    wait_for_text(tab, "#kd-index-state", "索引与笔记一致")
    tab.click("#kd-report button[name=open]")
    tab.wait_for_function("() => location.hash === '#notes=tuning.md:7-9'")


def test_a_gap_becomes_a_heading_in_a_note(running: Served, tab: Any) -> None:
    note = running.corpus / "llm" / "attention.md"
    before = note.read_bytes()
    tab.click("button[name=gap-fill]")
    tab.wait_for_selector("#kd-fill h3:focus")
    tab.click("#kd-fill-note input")
    tab.keyboard.type("attention")
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelector('#kd-fill-note input').value === 'llm/attention.md'")
    wait_for_text(tab, "#kd-fill-preview", f"## {GAP}")
    assert note.read_bytes() == before
    tab.click("#kd-fill-confirm")
    wait_for_text(tab, "#kd-fill-said", "已写入 llm/attention.md 第 11 行")
    assert note.read_bytes() == before + f"\n## {GAP}\n\n".encode()
    tab.wait_for_selector("#kd-fill", state="detached")
    tab.wait_for_selector("button[name=gap-fill]", state="detached")
    assert re.fullmatch(r"vscode://file/.*attention\.md:11", tab.get_attribute("#kd-fill-said a", "href"))


def test_watching_reaches_every_open_page(running: Served, tab: Any, browser: Any) -> None:
    other = browser.new_page(locale="en-US")
    other.set_default_timeout(WAIT)
    other.goto(f"{running.url}/en/#index")
    other.wait_for_selector(".kd-glance")
    tab.click("#kd-watch input")
    other.wait_for_selector("#kd-watch input:checked")
    write_notes(running.corpus, {"new.md": "# 新\n\n## 猫吃什么？\n\n鱼。\n"})
    wait_for_text(other, "#kd-report", "猫吃什么？")
    wait_for_text(tab, "#kd-report", "猫吃什么？")
    wait_for_text(other, "#kd-index-state", "The index is up to date with the notes")
    other.click("#kd-watch input")
    tab.wait_for_selector("#kd-watch input:not(:checked)")
    other.close()


def test_it_fits_a_phone(tab: Any) -> None:
    tab.set_viewport_size({"width": 360, "height": 740})
    tab.wait_for_function("() => innerWidth === 360")
    assert tab.evaluate("() => document.documentElement.scrollWidth") == 360
