"""Asking in a real browser: answers and their citations, the conversation, and the keyboard."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.ui.conftest import COFFEE, Served, StartPage, Visit, stop
from tests.ui.tab import BOX, Tab

WATER = "手冲咖啡的水温应该是多少？"
GRINDER = "磨豆机怎么清洗？"
SLOW = "慢慢冲咖啡？"

# ------------------------------------------------------------------------------------------------- asking and citing


def test_ask_and_follow_the_citation(tab: Tab) -> None:
    tab.ask(WATER)
    assert tab.text(".kd-question") == WATER
    assert tab.page.locator(".kd-answer strong").first.inner_text() == "92 到 94 度"
    assert tab.page.locator(".kd-answer td").all_inner_texts() == ["浅烘", "94"]
    tab.wait_for_count(".kd-answer .katex", 1)  # Gradio draws formulas after the text
    assert tab.page.locator("a.kd-chip").all_inner_texts() == ["1"]  # the [1] of the note itself stays text
    card = tab.page.locator("#kd-1-1")
    assert tab.text("#kd-1-1 .kd-source") == "饮料/咖啡.md:1–9"
    assert card.locator(".kd-trail bdi").all_inner_texts() == ["咖啡", WATER]
    assert tab.text("#kd-1-1 .kd-text") == "\n".join(COFFEE.split("\n")[:9])
    assert tab.text("#kd-1-1 .kd-verbatim") == "✓ 原文一致"
    assert "水温" in tab.texts("#kd-1-1 .kd-text mark.kd-term")
    assert card.locator(".kd-stale").count() == 0

    tab.ask(GRINDER)
    assert "brush --dry  # 不用水" in tab.text(".kd-answer pre")
    card.wait_for(state="hidden")  # folded among the earlier questions
    tab.page.locator("a.kd-chip").first.click()
    card.wait_for(state="visible")
    tab.wait_for_focus("kd-1-1")


def test_an_answer_is_read_from_its_beginning(tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1280, "height": 520})
    for question in (WATER, GRINDER, WATER):
        tab.ask(question)
        tab.wait_for(
            """() => { const last = [...document.querySelectorAll('.kd-question')].at(-1);
                const area = last.closest('.bubble-wrap');
                const above = last.getBoundingClientRect().top - area.getBoundingClientRect().top;
                const isAtEnd = area.scrollTop + area.clientHeight >= area.scrollHeight - 2;
                return above >= 0 && (above < 30 || isAtEnd); }"""
        )


def test_a_chip_shows_its_passage_on_hover_and_on_focus(tab: Tab) -> None:
    tab.ask(WATER)
    chip, bubble = tab.page.locator("a.kd-chip"), tab.page.locator("#kd-bubble")
    chip.hover()
    bubble.wait_for(state="visible")
    assert tab.text("#kd-bubble .kd-source") == "饮料/咖啡.md:1–9"
    assert tab.text("#kd-bubble .kd-text") == tab.text("#kd-1-1 .kd-text")
    tab.wait_for_count("#kd-bubble button", 0)
    tab.page.mouse.move(0, 0)
    bubble.wait_for(state="hidden")
    chip.focus()
    bubble.wait_for(state="visible")
    tab.page.keyboard.press("Escape")
    bubble.wait_for(state="hidden")


def test_a_card_opens_the_note_at_its_very_lines(tab: Tab) -> None:
    tab.ask(GRINDER)
    tab.page.locator("#kd-1-1 .kd-source").click()
    tab.page.locator("#kd-note .kd-marked").first.wait_for(state="visible")
    assert tab.page.url.endswith("#notes=" + quote("饮料/咖啡.md", safe="") + ":11-15")
    tab.page.go_back()
    tab.page.locator("#kd-1-1").wait_for(state="visible")
    assert tab.text(".kd-question") == GRINDER


def test_a_question_is_understood_from_those_before_it(tab: Tab) -> None:
    tab.ask(WATER)
    tab.wait_for_count(".kd-understood", 0)
    tab.ask("为什么？")
    assert tab.text(".kd-understood") == "按上文理解为：手冲咖啡的水温应该是多少，为什么 只问这一句"
    tab.page.click(".kd-understood [name=alone]")
    tab.wait_for_count(".kd-understood", 0)
    tab.wait_for_texts(".kd-question", [WATER, "为什么？"])
    tab.wait_for_kept([WATER, "为什么？"])
    tab.begin()
    tab.ask("为什么？")
    tab.wait_for_count(".kd-understood", 0)


def test_an_example_and_what_one_may_ask_next_are_asked_by_a_click(tab: Tab) -> None:
    example = tab.page.locator(".kd-example").last
    question = example.inner_text()
    example.click()
    tab.answered(question)
    following = tab.page.locator(".kd-related").first
    question = following.inner_text()
    following.click()
    tab.answered(question)
    tab.wait_for_count(".kd-question", 2)


def test_what_cannot_be_asked_is_one_sentence_and_stays_in_the_box(tab: Tab) -> None:
    tab.page.click("#kd-send")
    tab.wait_for_text(".kd-notice", "请输入问题")
    tab.type("长" * 4001)
    tab.send()
    tab.wait_for_text(".kd-notice", "问题太长了，请缩短到 4000 字以内再问。")
    tab.wait_for_box("长" * 4001)
    tab.wait_for_count(".kd-answer", 0)
    tab.ask(WATER)  # and the chat goes on
    tab.wait_for_count(".kd-notice", 0)


@pytest.mark.parametrize(
    "question",
    ["<b onclick=alert(1)>水温</b> <script>alert(1)</script>", "☕🌡❓", "ما درجة حرارة الماء؟ \u202eabc", "a" * 3999],
)
def test_odd_questions_are_shown_as_they_are(tab: Tab, question: str) -> None:
    tab.type(question)
    tab.send()
    shown = question.replace("\u202e", "")  # turns the direction of what follows
    tab.answered(shown)
    assert tab.page.locator(".kd-question b, .kd-question script").count() == 0
    tab.wait_for_width(1280)


def test_what_is_not_in_the_notes_is_said(tab: Tab) -> None:
    tab.ask("How long is the Great Wall?")
    assert tab.text(".kd-missed strong") == "笔记里没有找到答案"
    tab.wait_for_count(".kd-nearest li", 5)
    tab.wait_for_count(".kd-near[open] .kd-card", 5)
    tab.page.click(".kd-stub-hint button")
    tab.page.wait_for_selector("[role=tab][data-tab-id=index][aria-selected=true]")


def test_what_people_think_of_an_answer_is_kept(tab: Tab, own: Served) -> None:
    tab.ask(WATER)
    tab.page.click(".kd-reply [name=good]")
    tab.wait_for_text(".kd-thanks", "记下了，谢谢")
    tab.ask(GRINDER)
    tab.wait_for_count(".kd-thanks", 0)  # that of the first
    tab.page.locator(".kd-reply [name=bad]").last.click()
    tab.page.fill(".kd-bad-form input", "应该先拆开")
    tab.page.locator(".kd-bad-form button").nth(1).click()
    tab.wait_for_text(".kd-thanks", "记下了，谢谢")
    lines = (own.corpus.parent / "feedback" / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    assert '"reason": "wrong", "comment": "应该先拆开"' in lines[-1]
    assert '"good": true' in lines[-2]


# --------------------------------------------------------------------------------------------------- the conversation


def test_a_conversation_outlives_a_reload_and_waits_among_the_earlier_ones(tab: Tab) -> None:
    tab.ask(WATER)
    tab.ask("为什么？")
    tab.page.reload()
    tab.ready()
    tab.wait_for_text(".kd-reply", "92 到 94 度")
    tab.wait_for_texts(".kd-question", [WATER, "为什么？"])
    tab.wait_for("() => document.querySelectorAll('.kd-card').length > 5")
    tab.begin()
    tab.ask(GRINDER)
    tab.wait_for_kept([GRINDER], [WATER, "为什么？"])
    tab.page.click("#kd-conversations summary")
    tab.page.locator("#kd-conversations li button").first.click()
    tab.wait_for_texts(".kd-question", [WATER, "为什么？"])
    tab.ask("手冲要多久？")  # goes on where it was, and not in a copy
    going_on = [WATER, "为什么？", "手冲要多久？"]
    tab.wait_for_kept(going_on, [GRINDER])
    tab.page.click("#kd-conversations summary")
    tab.page.click('#kd-conversations [title="删除"]')
    tab.wait_for_kept(going_on)


def test_a_question_is_answered_again_in_its_place(tab: Tab) -> None:
    tab.ask(WATER)
    kept = "Math.max(...Object.keys(localStorage).map(key => JSON.parse(localStorage[key]).changed ?? 0))"
    before = tab.page.evaluate(kept)
    tab.page.click(".kd-reply [name=retry]")
    tab.wait_for(f"before => {kept} > before", before)  # all else is as it was
    tab.answered(WATER)
    tab.wait_for_kept([WATER])


def test_an_edited_question_takes_the_place_of_the_old_one_and_nothing_is_lost(tab: Tab) -> None:
    tab.ask(WATER)
    tab.ask("为什么？")
    # by the keyboard: the note about editing comes and goes above the box, and what moves between the press and the
    # release of a mouse button is not clicked
    tab.page.locator("[name=edit]").first.press("Enter")
    tab.wait_for_box(WATER)
    tab.wait_for_texts("#kd-editing", ["正在修改第 1 个问题，按 Esc 取消"])
    tab.page.press(BOX, "Escape")
    tab.wait_for_box("")
    tab.wait_for_texts("#kd-editing", [""])
    tab.page.locator("[name=edit]").first.press("Enter")
    tab.wait_for_box(WATER)
    tab.ask(GRINDER)
    tab.wait_for_texts(".kd-question", [GRINDER])
    tab.wait_for_kept([GRINDER], [WATER, "为什么？"])


def test_an_answer_is_copied_and_a_conversation_exported_with_their_sources(tab: Tab) -> None:
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.ask(WATER)
    tab.page.click(".kd-reply [name=copy-answer]")
    tab.wait_for_text(".kd-toast", "已复制")
    copied = tab.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("水温在 **92 到 94 度**之间")
    assert copied.endswith("| 浅烘 | 94 | [1]\n\n出处:\n- [1] 饮料/咖啡.md:1–9\n")
    with tab.page.expect_download() as download:
        tab.page.click("#kd-tools [name=export]")
    exported = Path(download.value.path()).read_text(encoding="utf-8")
    assert f"## {WATER}\n\n{copied}" in exported
    tab.page.locator(".kd-asked").hover()
    tab.page.click("[name=copy-link]")
    tab.wait_for("async () => (await navigator.clipboard.readText()).includes('?q=')")
    assert tab.page.evaluate("() => navigator.clipboard.readText()").endswith(f"/?q={quote(WATER)}")


def test_two_tabs_have_conversations_of_their_own(tab: Tab) -> None:
    tab.ask(WATER)
    other = Tab(tab.page.context.new_page(), tab.url)
    other.wait_for_count(".kd-question", 0)
    other.ask(GRINDER)
    tab.ask("为什么？")
    tab.wait_for_kept([WATER, "为什么？"], [GRINDER])
    # a tab that was duplicated has the session of the first
    session = tab.page.evaluate("sessionStorage.getItem('kd-conversation')")
    other.page.evaluate("id => sessionStorage.setItem('kd-conversation', id)", session)
    for _ in range(2):  # it has it still when it is reloaded before anything is asked there
        other.page.reload()
        other.ready()
        other.wait_for_texts(".kd-question", [WATER, "为什么？"])
    other.ask(GRINDER)
    tab.wait_for_kept([WATER, "为什么？"], [GRINDER], [WATER, "为什么？", GRINDER])
    assert other.problems == []


def test_a_conversation_is_copied_only_while_another_tab_has_it(tab: Tab) -> None:
    tab.ask(WATER)
    session = tab.page.evaluate("sessionStorage.getItem('kd-conversation')")
    other = Tab(tab.page.context.new_page(), tab.url)
    other.page.evaluate("id => sessionStorage.setItem('kd-conversation', id)", session)
    other.page.reload()
    other.wait_for_texts(".kd-question", [WATER])
    tab.begin()  # lets it go
    other.ask("为什么？")
    other.wait_for_kept([WATER, "为什么？"])
    # the first tab takes it up again; what comes next there is a copy, and what it showed before stays
    tab.page.click("#kd-conversations summary")
    tab.page.click("#kd-conversations li button >> nth=0")
    tab.wait_for_texts(".kd-question", [WATER, "为什么？"])
    tab.ask(GRINDER)
    other.wait_for_kept([WATER, "为什么？"], [WATER, "为什么？", GRINDER])
    assert other.problems == []


def test_a_server_that_was_restarted_goes_on_with_the_conversation(
    tab: Tab, own: Served, start_page: StartPage
) -> None:
    tab.ask(WATER)
    stop(own)
    tab.page.wait_for_selector("#kd-away.kd-shown")
    tab.wait_for_texts("#kd-away", ["连不上快答，正在重试。对话都还在。"])
    tab.wait_for_texts(".kd-question", [WATER])
    start_page(own.corpus, own.corpus.with_name("index"), "--port", str(urlsplit(own.url).port))
    tab.wait_for_text("#kd-away", "又连上了")
    tab.ask("为什么？")
    tab.wait_for_texts(".kd-understood", ["按上文理解为：手冲咖啡的水温应该是多少，为什么 只问这一句"])
    tab.problems.clear()  # that the server was not there


# ------------------------------------------------------------------------------------------- a question that takes long


@dataclass(frozen=True, slots=True)
class Slow:
    """A page that answers `SLOW` when it is told to."""

    served: Served
    held: Path

    def answer(self) -> None:
        self.held.touch()


@pytest.fixture
def slow(start_page: StartPage, ready: Path, tmp_path: Path) -> Slow:
    folder = Path(shutil.copytree(ready, tmp_path / "slow"))
    held = tmp_path / "answer"
    options = ("--encoder", str(held))
    return Slow(start_page(folder / "corpus", folder / "index", *options, module="tests.ui.slow_page"), held)


@pytest.fixture
def slow_tab(visit: Visit, slow: Slow) -> Tab:
    return visit(slow.served.url)


@pytest.mark.parametrize("key", ["#kd-stop", "Escape"])
def test_a_question_that_takes_long_is_stopped_and_comes_back(slow_tab: Tab, key: str) -> None:
    tab = slow_tab
    tab.ask(WATER)
    tab.type(SLOW)
    tab.send()
    tab.page.wait_for_selector(".kd-searching")
    tab.wait_for_texts(".kd-question", [WATER, SLOW])
    tab.page.wait_for_selector("#kd-send", state="hidden")
    tab.page.wait_for_selector("#kd-stop")
    if key == "Escape":
        tab.page.keyboard.press("Escape")
    else:
        tab.page.click(key)
    tab.wait_for_text(".kd-notice", "已停止，问题放回了输入框。")
    tab.page.wait_for_selector("#kd-send")
    tab.wait_for_box(SLOW)
    tab.wait_for_texts(".kd-question", [WATER])
    tab.ask(GRINDER)  # while nobody has answered what was stopped
    tab.wait_for_kept([WATER, GRINDER])


def test_a_question_that_takes_long_is_answered_all_the_same(slow_tab: Tab, slow: Slow) -> None:
    tab = slow_tab
    tab.type(SLOW)
    tab.send()
    tab.page.wait_for_selector("#kd-stop")
    tab.type("磨豆")  # the next question, in the meantime
    slow.answer()
    tab.answered(SLOW)
    tab.wait_for_box("磨豆")
    tab.page.wait_for_selector("#kd-send")


def test_a_question_that_is_being_answered_outlives_the_server(
    slow_tab: Tab, slow: Slow, start_page: StartPage
) -> None:
    tab, corpus = slow_tab, slow.served.corpus
    tab.ask(WATER)
    tab.type(SLOW)
    tab.send()
    tab.page.wait_for_selector(".kd-searching")
    with tab.page.expect_event("requestfailed", lambda request: request.method == "POST"):  # else it is asked anew
        stop(slow.served)
    tab.page.wait_for_selector("#kd-away.kd-shown")
    start_page(corpus, corpus.with_name("index"), "--port", str(urlsplit(slow.served.url).port))
    tab.wait_for_box(SLOW)  # after a reload
    tab.wait_for_texts(".kd-question", [WATER])
    tab.wait_for_kept([WATER])
    tab.problems.clear()  # that the server was not there


# -------------------------------------------------------------------------------------------------------- the keyboard


def test_keys_ask_recall_and_let_go(tab: Tab) -> None:
    tab.ask(WATER)
    tab.ask(GRINDER)
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("/")
    tab.wait_for("() => document.activeElement.tagName === 'TEXTAREA'")
    tab.wait_for_box("")
    recalled = {"ArrowUp": (GRINDER, WATER, WATER), "ArrowDown": (GRINDER, "")}
    for key, questions in recalled.items():
        for question in questions:
            tab.page.keyboard.press(key)
            tab.wait_for_box(question)
    tab.page.keyboard.type("a/b")
    tab.wait_for_box("a/b")


def test_the_notes_suggest_their_own_questions(tab: Tab) -> None:
    tab.page.click(BOX)
    tab.page.keyboard.type("shuiwen")  # typed without an input method
    tab.wait_for_text("#kd-suggestions b", "水温")  # and not what is suggested for its beginning
    assert tab.texts("#kd-suggestions b")[0] == "水温"
    assert tab.texts("#kd-suggestions bdi")[0] == WATER
    assert tab.texts("#kd-suggestions .kd-from")[0] == "饮料/咖啡.md:1"
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_selector("#kd-suggestions", state="hidden")
    tab.wait_for_box("shuiwen")
    tab.type("磨豆机怎")
    tab.page.wait_for_selector("#kd-suggestions li")
    tab.page.keyboard.press("ArrowDown")
    tab.page.wait_for_selector(f"{BOX}[aria-activedescendant=kd-suggestion-0]")
    tab.page.keyboard.press("Enter")
    tab.answered(GRINDER)
    tab.page.wait_for_selector("#kd-suggestions", state="hidden")


def test_everything_is_reached_without_a_mouse(tab: Tab) -> None:
    tab.page.wait_for_selector(f"{BOX}:focus")  # from the start
    tab.page.keyboard.type(WATER)
    tab.page.keyboard.press("Enter")
    tab.answered(WATER)
    reached = set()
    tab.page.evaluate(
        "document.querySelector('h1').setAttribute('tabindex', '-1'), document.querySelector('h1').focus()"
    )
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        reached.add(tab.focused())
    assert {
        "language",
        "theme",
        "kd-tab-notes-button",
        "edit",
        "retry",
        "good",
        "bad",
        "pin",
        "ask",
        "kd-send",
        "open",
        "copy",
    } <= reached
    tab.page.focus("a.kd-chip")
    tab.page.keyboard.press("Enter")
    tab.wait_for_focus("kd-1-1")
    tab.page.keyboard.press("Tab")
    tab.wait_for_focus("open")


def test_what_is_suggested_after_escape_is_not_shown(tab: Tab) -> None:
    late: list[Any] = []
    tab.page.route("**/kuaida/suggest?*", lambda route: late.append(route))
    with tab.page.expect_request("**/kuaida/suggest?*"):
        tab.type("磨豆机怎")
    tab.page.press(BOX, "Escape")
    with tab.page.expect_event("requestfinished"):
        late[0].continue_()
    tab.settle()
    assert not tab.page.is_visible("#kd-suggestions")
