"""The page in a real browser: what people do there, by mouse, by keyboard and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.ui.conftest import COFFEE, Served, hostile_question, start, stop
from tests.ui.hostile import FRAGMENTS
from tests.ui.tab import BOX, Tab

WATER = "手冲咖啡的水温应该是多少？"
GRINDER = "磨豆机怎么清洗？"
TABS = {  # and what shows that one is drawn
    "ask": "#kd-evidence .kd-card",
    "notes": "#kd-notes-tree .kd-leaf",
    "index": "#kd-index-state .kd-glance",
    "map": ".kd-map-points circle",
}


@pytest.fixture
def tab(browser: Any, served: Served) -> Iterator[Tab]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    opened = Tab(context.new_page(), served.url)
    yield opened
    context.close()
    assert opened.problems == []
    assert opened.hosts <= {urlsplit(served.url).netloc, ""}  # "" is data:


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("slow")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "咖啡.md").write_text(COFFEE, encoding="utf-8")
    running = start(folder / "corpus", folder / "index", script="tests/ui/slow_page.py")
    yield running
    stop(running)


@pytest.fixture
def slow_tab(browser: Any, slow: Served) -> Iterator[Tab]:
    page = browser.new_page(locale="zh-CN")
    yield Tab(page, slow.url)
    page.close()


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
    assert tab.focused() == "kd-1-1"


def test_an_answer_is_read_from_its_beginning(tab: Tab) -> None:
    tab.page.set_viewport_size({"width": 1280, "height": 520})
    for question in (WATER, GRINDER, WATER):
        tab.ask(question)
        tab.page.wait_for_function(
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
    assert tab.page.locator("#kd-bubble button").count() == 0
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
    assert tab.page.locator(".kd-understood").count() == 0
    tab.ask("为什么？")
    assert tab.text(".kd-understood") == "按上文理解为：手冲咖啡的水温应该是多少，为什么"
    tab.begin()
    tab.ask("为什么？")
    assert tab.page.locator(".kd-understood").count() == 0


def test_an_example_and_what_one_may_ask_next_are_asked_by_a_click(tab: Tab) -> None:
    example = tab.page.locator(".kd-example").last
    question = example.inner_text()
    example.click()
    tab.answered(question)
    following = tab.page.locator(".kd-related").first
    question = following.inner_text()
    following.click()
    tab.answered(question)
    assert tab.page.locator(".kd-question").count() == 2


def test_what_cannot_be_asked_is_one_sentence_and_stays_in_the_box(tab: Tab) -> None:
    tab.page.click("#kd-send")
    tab.wait_for_text(".kd-notice", "请输入问题")
    tab.type("长" * 4001)
    tab.send()
    tab.wait_for_text(".kd-notice", "问题太长了，请缩短到 4000 字以内再问。")
    assert len(tab.page.input_value(BOX)) == 4001
    assert tab.page.locator(".kd-answer").count() == 0
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
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 1280


def test_what_is_not_in_the_notes_is_said(tab: Tab) -> None:
    tab.ask("How long is the Great Wall?")
    assert tab.text(".kd-missed strong") == "笔记里没有找到答案"
    assert tab.page.locator(".kd-nearest li").count() == 5
    assert tab.page.locator(".kd-near[open] .kd-card").count() == 5
    tab.page.click(".kd-stub-hint button")
    tab.page.wait_for_function(
        "() => document.querySelector('[role=tab][data-tab-id=index]').getAttribute('aria-selected') === 'true'"
    )


def test_what_people_think_of_an_answer_is_kept(tab: Tab, served: Served) -> None:
    tab.ask(WATER)
    tab.page.click(".kd-reply [name=good]")
    tab.wait_for_text(".kd-thanks", "记下了，谢谢")
    tab.ask(GRINDER)
    tab.wait_for_count(".kd-thanks", 0)  # that of the first
    tab.page.locator(".kd-reply [name=bad]").last.click()
    tab.page.fill(".kd-bad-form input", "应该先拆开")
    tab.page.locator(".kd-bad-form button").nth(1).click()
    tab.wait_for_text(".kd-thanks", "记下了，谢谢")
    lines = (served.corpus.parent / "feedback" / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    assert '"reason": "wrong", "comment": "应该先拆开"' in lines[-1]
    assert '"good": true' in lines[-2]


# --------------------------------------------------------------------------------------------------- the conversation


def test_a_conversation_outlives_a_reload_and_waits_among_the_earlier_ones(tab: Tab) -> None:
    tab.ask(WATER)
    tab.ask("为什么？")
    tab.page.reload()
    tab.ready()
    tab.wait_for_text(".kd-reply", "92 到 94 度")
    assert tab.texts(".kd-question") == [WATER, "为什么？"]
    tab.page.wait_for_function("() => document.querySelectorAll('.kd-card').length > 5")
    tab.begin()
    tab.ask(GRINDER)
    assert tab.kept() == [[GRINDER], [WATER, "为什么？"]]
    tab.page.click("#kd-conversations summary")
    tab.page.locator("#kd-conversations li button").first.click()
    tab.page.wait_for_function("() => document.querySelectorAll('.kd-question').length === 2")
    tab.ask("手冲要多久？")  # goes on where it was, and not in a copy
    going_on = [WATER, "为什么？", "手冲要多久？"]
    assert tab.kept() == [going_on, [GRINDER]]
    tab.page.click("#kd-conversations summary")
    tab.page.click('#kd-conversations [title="删除"]')
    assert tab.kept() == [going_on]


def test_a_question_is_answered_again_in_its_place(tab: Tab) -> None:
    tab.ask(WATER)
    kept = "Math.max(...Object.keys(localStorage).map(key => JSON.parse(localStorage[key]).changed ?? 0))"
    before = tab.page.evaluate(kept)
    tab.page.click(".kd-reply [name=retry]")
    tab.page.wait_for_function(f"before => {kept} > before", arg=before)  # all else is as it was
    tab.answered(WATER)
    assert tab.kept() == [[WATER]]


def test_an_edited_question_takes_the_place_of_the_old_one_and_nothing_is_lost(tab: Tab) -> None:
    tab.ask(WATER)
    tab.ask("为什么？")
    tab.page.locator(".kd-asked").first.hover()
    tab.page.locator("[name=edit]").first.click()
    assert tab.page.input_value(BOX) == WATER
    assert tab.text("#kd-editing") == "正在修改第 1 个问题，按 Esc 取消"
    tab.page.press(BOX, "Escape")
    assert (tab.page.input_value(BOX), tab.text("#kd-editing")) == ("", "")
    tab.page.locator("[name=edit]").first.click()
    tab.ask(GRINDER)
    assert tab.texts(".kd-question") == [GRINDER]
    assert sorted(tab.kept()) == sorted([[GRINDER], [WATER, "为什么？"]])


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
    tab.page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('?q=')")
    assert tab.page.evaluate("() => navigator.clipboard.readText()").endswith(f"/?q={quote(WATER)}")


def test_two_tabs_have_conversations_of_their_own(tab: Tab, served: Served) -> None:
    tab.ask(WATER)
    other = Tab(tab.page.context.new_page(), served.url)
    assert other.page.locator(".kd-question").count() == 0
    other.ask(GRINDER)
    tab.ask("为什么？")
    assert sorted(tab.kept()) == sorted([[WATER, "为什么？"], [GRINDER]])
    # a tab that was duplicated has the session of the first
    session = tab.page.evaluate("sessionStorage.getItem('kd-conversation')")
    other.page.evaluate("id => sessionStorage.setItem('kd-conversation', id)", session)
    other.page.reload()
    other.ready()
    other.wait_for_text(".kd-reply", "92 到 94 度")
    other.ask(GRINDER)
    assert sorted(tab.kept()) == sorted([[WATER, "为什么？"], [GRINDER], [WATER, "为什么？", GRINDER]])
    assert other.problems == []


def test_a_server_that_was_restarted_goes_on_with_the_conversation(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "咖啡.md").write_text(COFFEE, encoding="utf-8")
    running = start(tmp_path / "corpus", tmp_path / "index")
    tab = Tab(browser.new_page(locale="zh-CN"), running.url)
    tab.ask(WATER)
    stop(running)
    tab.page.wait_for_selector("#kd-away.kd-shown")
    assert tab.text("#kd-away") == "连不上快答，正在重试。对话都还在。"
    assert tab.text(".kd-question") == WATER
    running = start(tmp_path / "corpus", tmp_path / "index", "--port", running.url.rsplit(":", 1)[1])
    tab.wait_for_text("#kd-away", "又连上了")
    tab.ask("为什么？")
    assert tab.text(".kd-understood") == "按上文理解为：手冲咖啡的水温应该是多少，为什么"
    tab.page.close()
    stop(running)


@pytest.mark.parametrize("key", ["#kd-stop", "Escape"])
def test_a_question_that_takes_long_is_stopped_and_comes_back(slow_tab: Tab, key: str) -> None:
    tab = slow_tab
    tab.ask(WATER)
    tab.type("慢慢冲咖啡？")
    tab.send()
    tab.page.wait_for_selector(".kd-searching")
    assert tab.texts(".kd-question") == [WATER, "慢慢冲咖啡？"]
    tab.page.wait_for_selector("#kd-send", state="hidden")
    tab.page.wait_for_selector("#kd-stop")
    if key == "Escape":
        tab.page.keyboard.press("Escape")
    else:
        tab.page.click(key)
    tab.wait_for_text(".kd-notice", "已停止，问题放回了输入框。")
    tab.page.wait_for_selector("#kd-send")
    tab.wait_for_count(".kd-question", 1)
    tab.wait_for_box("慢慢冲咖啡？")
    assert tab.texts(".kd-question") == [WATER]
    tab.ask(GRINDER)
    assert tab.kept() == [[WATER, GRINDER]]


def test_a_question_that_takes_long_is_answered_all_the_same(slow_tab: Tab) -> None:
    tab = slow_tab
    tab.type("慢慢冲咖啡？")
    tab.send()
    tab.page.wait_for_selector("#kd-stop")
    tab.type("磨豆")  # the next question, in the meantime
    tab.answered("慢慢冲咖啡？")
    assert tab.page.input_value(BOX) == "磨豆"
    tab.page.wait_for_selector("#kd-send")


def test_a_question_that_is_being_answered_outlives_the_server(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "咖啡.md").write_text(COFFEE, encoding="utf-8")
    running = start(tmp_path / "corpus", tmp_path / "index", script="tests/ui/slow_page.py")
    tab = Tab(browser.new_page(locale="zh-CN"), running.url)
    tab.ask(WATER)
    tab.type("慢慢冲咖啡？")
    tab.send()
    tab.page.wait_for_selector(".kd-searching")
    stop(running)
    tab.page.wait_for_selector("#kd-away.kd-shown")
    running = start(tmp_path / "corpus", tmp_path / "index", "--port", running.url.rsplit(":", 1)[1])
    tab.wait_for_box("慢慢冲咖啡？")  # after a reload
    tab.wait_for_text(".kd-question", WATER)
    assert tab.kept() == [[WATER]]
    tab.page.close()
    stop(running)


# -------------------------------------------------------------------------------------------------------- the keyboard


def test_keys_ask_recall_and_let_go(tab: Tab) -> None:
    tab.ask(WATER)
    tab.ask(GRINDER)
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("/")
    tab.page.wait_for_function("() => document.activeElement.tagName === 'TEXTAREA'")
    tab.wait_for_box("")
    seen = []
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown"):
        tab.page.keyboard.press(key)
        seen.append(tab.page.input_value(BOX))
    assert seen == [GRINDER, WATER, WATER, GRINDER, ""]
    tab.page.keyboard.type("a/b")
    assert tab.page.input_value(BOX) == "a/b"


def test_the_notes_suggest_their_own_questions(tab: Tab) -> None:
    tab.page.click(BOX)
    tab.page.keyboard.type("shuiwen")  # typed without an input method
    tab.wait_for_text("#kd-suggestions b", "水温")  # and not what is suggested for its beginning
    assert tab.texts("#kd-suggestions b")[0] == "水温"
    assert tab.texts("#kd-suggestions bdi")[0] == WATER
    assert tab.texts("#kd-suggestions .kd-from")[0] == "饮料/咖啡.md:1"
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_selector("#kd-suggestions", state="hidden")
    assert tab.page.input_value(BOX) == "shuiwen"
    tab.type("磨豆机怎")
    tab.page.wait_for_selector("#kd-suggestions li")
    tab.page.keyboard.press("ArrowDown")
    assert tab.page.get_attribute(BOX, "aria-activedescendant") == "kd-suggestion-0"
    tab.page.keyboard.press("Enter")
    tab.answered(GRINDER)
    assert not tab.page.is_visible("#kd-suggestions")


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
    assert tab.focused() == "kd-1-1"
    tab.page.keyboard.press("Tab")
    assert tab.focused() == "open"


def test_what_is_suggested_after_escape_is_not_shown(tab: Tab) -> None:
    late: list[Any] = []
    tab.page.route("**/kuaida/suggest?*", lambda route: late.append(route))
    with tab.page.expect_request("**/kuaida/suggest?*"):
        tab.type("磨豆机怎")
    tab.page.press(BOX, "Escape")
    with tab.page.expect_response("**/kuaida/suggest?*"):
        late[0].continue_()
    tab.page.wait_for_timeout(300)
    assert not tab.page.is_visible("#kd-suggestions")


# ------------------------------------------------------------------------------------------ address, language and look


def test_a_link_to_a_question_asks_it_once(browser: Any, served: Served) -> None:
    tab = Tab(browser.new_page(locale="zh-CN"), f"{served.url}/?q={quote(WATER)}")
    tab.answered(WATER)
    tab.page.reload()
    tab.ready()
    tab.wait_for_text(".kd-reply", "92 到 94 度")
    assert tab.kept() == [[WATER]]
    tab.page.close()


def test_the_back_button_returns_to_the_tab_before(tab: Tab) -> None:
    for name in ("notes", "index", "ask"):
        tab.open(name)
        tab.page.wait_for_selector(f"[role=tab][data-tab-id={name}][aria-selected=true]")
    for name in ("index", "notes"):
        tab.page.go_back()
        tab.page.wait_for_selector(f"[role=tab][data-tab-id={name}][aria-selected=true]")


def test_the_language_is_the_browsers_until_one_is_chosen(browser: Any, served: Served) -> None:
    context = browser.new_context(locale="en-GB")
    tab = Tab(context.new_page(), served.url)
    assert urlsplit(tab.page.url).path == "/en/"
    assert tab.page.inner_text("#kd-send") == "Send"
    tab.ask("How long is the Great Wall?")
    assert tab.text(".kd-missed strong") == "No answer in the notes"
    tab.page.click("[name=language]")
    tab.page.wait_for_url(f"{served.url}/")
    tab.ready()
    tab.wait_for_text(".kd-missed strong", "笔记里没有找到答案")  # the conversation came along
    assert tab.page.evaluate("document.documentElement.lang") == "zh-CN"
    tab.page.goto(f"{served.url}/en/")  # and the choice is kept
    tab.page.wait_for_url(f"{served.url}/")
    context.close()


def test_the_theme_is_the_systems_until_one_is_chosen(browser: Any, served: Served) -> None:
    context = browser.new_context(locale="zh-CN", color_scheme="dark")
    tab = Tab(context.new_page(), served.url)
    colour = "() => getComputedStyle(document.querySelector('.gradio-container')).color"
    dark = tab.page.evaluate(colour)
    tab.page.click("[name=theme]")
    assert tab.page.get_attribute("[name=theme]", "title") == "外观：浅色"
    light = tab.page.evaluate(colour)
    assert sum(map(int, dark[4:-1].split(","))) > 600 > 200 > sum(map(int, light[4:-1].split(",")))
    tab.page.reload()
    tab.ready()
    tab.page.wait_for_selector("[name=theme][title='外观：浅色']")
    assert tab.page.evaluate(colour) == light
    tab.page.click("[name=theme]")
    assert (tab.page.get_attribute("[name=theme]", "title"), tab.page.evaluate(colour)) == ("外观：深色", dark)
    context.close()


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_nothing_is_wider_than_the_window(browser: Any, served: Served, width: int) -> None:
    page = browser.new_page(locale="zh-CN", viewport={"width": width, "height": 800})
    tab = Tab(page, served.url)
    tab.ask(WATER)
    for name, drawn in TABS.items():
        tab.open(name)
        page.wait_for_selector(drawn)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_one_is_shut_out(browser: Any, served: Served, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(
        locale="zh-CN", color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    tab = Tab(context.new_page(), served.url)
    tab.ask(WATER)
    tab.ask("长城有多长？")
    for name, drawn in TABS.items():
        tab.open(name)
        tab.page.wait_for_selector(drawn)
        tab.page.wait_for_timeout(500)
        tab.page.wait_for_function(  # colours that fade in have less contrast until then
            "() => document.getAnimations().every(({ playState, effect }) => playState !== 'running'"
            " || effect.getComputedTiming().iterations === Infinity)"
        )
        found = [
            (rule["id"], rule["impact"], [node["html"][:160] for node in rule["nodes"][:3]])
            for rule in axe.run(tab.page).response["violations"]
        ]
        assert found == []
    context.close()


# ------------------------------------------------------------------------------------- notes that change, or are worse


def test_an_edit_on_disk_shows_on_the_page_and_a_rebuild_in_one_tab_serves_the_other(
    tab: Tab, browser: Any, served: Served
) -> None:
    note = served.corpus / "茶.md"
    note.write_text("# 茶\n\n## 绿茶用多少度的水？\n\n用 80 度的水。\n", encoding="utf-8")
    try:
        tab.open("index")
        tab.page.click("#kd-rebuild")
        tab.wait_for_text("#kd-report", "+1 ~0 −0")
        tab.open("ask")
        tab.ask("绿茶用多少度的水？")
        assert "用 80 度的水。" in tab.text(".kd-answer")
        assert tab.page.locator("#kd-1-1 .kd-stale").count() == 0
        note.write_text("# 茶\n\n## 绿茶用多少度的水？\n\n用 85 度的水。\n", encoding="utf-8")
        tab.page.wait_for_selector("#kd-1-1 .kd-stale")  # by itself
        assert tab.text("#kd-1-1 .kd-stale") == "原文已不在"
        other = Tab(browser.new_page(locale="zh-CN"), served.url)
        other.open("index")
        other.page.click("#kd-rebuild")
        tab.ask(WATER)  # while the other rebuilds
        assert "92 到 94 度" in tab.texts(".kd-answer")[-1]
        other.wait_for_text("#kd-report", "+0 ~1 −0")
        tab.ask("绿茶用多少度的水？")
        assert "用 85 度的水。" in tab.text("#kd-3-1 .kd-text")
        assert tab.page.locator("#kd-3-1 .kd-stale").count() == 0
        other.page.close()
    finally:
        note.unlink()
        tab.open("index")
        tab.page.click("#kd-rebuild")
        tab.wait_for_text("#kd-report", "+0 ~0 −1")


def test_notes_that_are_gone_are_one_sentence_and_the_index_goes_on(tab: Tab, served: Served) -> None:
    away = served.corpus.with_name("away")
    served.corpus.rename(away)
    try:
        tab.open("index")
        tab.page.click("#kd-rebuild")
        tab.wait_for_text("#kd-report", "重建没有完成，仍在使用原来的索引。笔记文件夹不存在")
        tab.open("ask")
        tab.ask(WATER)
        assert "92 到 94 度" in tab.text(".kd-answer")
        assert tab.text("#kd-1-1 .kd-stale") == "原文已不在"
    finally:
        away.rename(served.corpus)


def test_hostile_notes_are_only_read(tab: Tab) -> None:
    answers = 0
    for number, fragment in enumerate(FRAGMENTS, 1):
        if number % 10 == 0:
            assert_harmless(tab)
            tab.begin()
        tab.ask(hostile_question(number))
        shown = tab.page.locator(
            ".kd-evidence > .kd-card .kd-text, .kd-evidence > .kd-near .kd-text"
        ).all_text_contents()
        assert any(fragment in text for text in shown), fragment
        answers += tab.page.locator(".kd-reply").last.locator(".kd-missed").count() == 0
    assert answers > len(FRAGMENTS) / 2  # so that the rendered answer was put to the test, too
    assert_harmless(tab)


def assert_harmless(tab: Tab) -> None:
    """Asserts that nothing on the page came from a note but text."""
    tab.page.wait_for_timeout(200)
    assert tab.page.evaluate("window.hacked") is None
    tab.page.evaluate("document.querySelector('#kd-evidence').scrollTop = 0")
    covered = tab.page.evaluate(
        """() => ['#kd-send', '[name=theme]', '[role=tab][data-tab-id=map]', '.kd-evidence .kd-source']
            .map(selector => document.querySelector(selector)).filter(element => {
                const { x, y, width, height } = element.getBoundingClientRect();
                return height && y < innerHeight
                    && !element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
            }).map(element => { const { x, y, width, height } = element.getBoundingClientRect();
                return [element.outerHTML, document.elementFromPoint(x + width / 2, y + height / 2)?.outerHTML]; })"""
    )
    assert covered == []
    assert urlsplit(tab.page.url).path == "/"
    for area in ("#kd-chat .message-wrap", "#kd-evidence .prose"):
        found = tab.page.locator(area).evaluate_all(
            """areas => areas.flatMap(area => [...area.querySelectorAll('*')]).filter(element =>
                ['IMG', 'SCRIPT', 'IFRAME', 'FORM', 'INPUT', 'STYLE', 'LINK', 'META', 'BASE', 'OBJECT', 'EMBED',
                 'VIDEO', 'AUDIO', 'TEMPLATE'].includes(element.tagName.toUpperCase())
                || element.getAttributeNames().some(name => name.startsWith('on') || name === 'src')
                || (element.hasAttribute('href') && !/^(#kd-|vscode:\\/\\/file\\/)/.test(element.getAttribute('href')))
                || ['fixed', 'sticky'].includes(getComputedStyle(element).position)
            ).map(element => element.outerHTML)"""
        )
        assert found == []
