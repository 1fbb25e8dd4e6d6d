"""The page as a whole in a real browser: addresses, languages, how it looks, and notes that change or are worse."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.ui.conftest import Served, Visit, hostile_question
from tests.ui.hostile import FRAGMENTS
from tests.ui.tab import Tab

WATER = "手冲咖啡的水温应该是多少？"
TABS = {  # and what shows that one is drawn
    "ask": "#kd-evidence .kd-card",
    "notes": "#kd-notes-tree .kd-leaf",
    "index": "#kd-index-state .kd-glance",
    "map": ".kd-map-points circle",
}

# ------------------------------------------------------------------------------------------ address, language and look


def test_a_link_to_a_question_asks_it_once(visit: Visit, own: Served) -> None:
    tab = visit(f"{own.url}/?q={quote(WATER)}")
    tab.answered(WATER)
    tab.page.reload()
    tab.ready()
    tab.wait_for_text(".kd-reply", "92 到 94 度")
    tab.wait_for_kept([WATER])


def test_the_back_button_returns_to_the_tab_before(tab: Tab) -> None:
    for name in ("notes", "index", "ask"):
        tab.open(name)
        tab.page.wait_for_selector(f"[role=tab][data-tab-id={name}][aria-selected=true]")
    for name in ("index", "notes"):
        tab.page.go_back()
        tab.page.wait_for_selector(f"[role=tab][data-tab-id={name}][aria-selected=true]")


def test_the_language_is_the_browsers_until_one_is_chosen(visit: Visit, own: Served) -> None:
    tab = visit(own.url, locale="en-GB")
    tab.page.wait_for_url(f"{own.url}/en/")
    tab.ready()
    tab.wait_for_text("#kd-send", "Send")
    tab.ask("How long is the Great Wall?")
    tab.wait_for_text(".kd-missed strong", "No answer in the notes")
    tab.page.click("[name=language]")
    tab.page.wait_for_url(f"{own.url}/")
    tab.ready()
    tab.wait_for_text(".kd-missed strong", "笔记里没有找到答案")  # the conversation came along
    assert tab.page.evaluate("document.documentElement.lang") == "zh-CN"
    tab.page.goto(f"{own.url}/en/", wait_until="commit")  # and the choice is kept
    tab.page.wait_for_url(f"{own.url}/")


def test_the_theme_is_the_systems_until_one_is_chosen(visit: Visit, own: Served) -> None:
    tab = visit(own.url, color_scheme="dark")
    wait_for_writing(tab, "light")
    tab.page.click("[name=theme]")
    tab.page.wait_for_selector("[name=theme][title='外观：浅色']")
    wait_for_writing(tab, "dark")
    tab.page.reload()
    tab.ready()
    tab.page.wait_for_selector("[name=theme][title='外观：浅色']")
    wait_for_writing(tab, "dark")
    tab.page.click("[name=theme]")
    tab.page.wait_for_selector("[name=theme][title='外观：深色']")
    wait_for_writing(tab, "light")


def wait_for_writing(tab: Tab, how: str) -> None:
    """Waits until the page is written in a light or a dark colour, as the sum of red, green and blue tells."""
    tab.wait_for(
        r"""how => { const { color } = getComputedStyle(document.querySelector('.gradio-container'));
            const sum = color.match(/\d+/g).slice(0, 3).map(Number).reduce((one, other) => one + other);
            return how === 'light' ? sum > 600 : sum < 200; }""",
        how,
    )


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_nothing_is_wider_than_the_window(visit: Visit, own: Served, width: int) -> None:
    tab = visit(own.url, viewport={"width": width, "height": 800})
    tab.ask(WATER)
    for name, drawn in TABS.items():
        tab.open(name)
        tab.page.wait_for_selector(drawn)
        tab.wait_for_width(width)


@pytest.mark.parametrize("width", [390, 1280])
def test_no_one_is_shut_out(visit: Visit, own: Served, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = visit(own.url, viewport={"width": width, "height": 800}, bypass_csp=True)
    tab.ask(WATER)
    tab.ask("长城有多长？")
    for name, drawn in TABS.items():
        tab.open(name)
        tab.page.wait_for_selector(drawn)
        wait_for_writing(tab, "dark")
        assert violations(axe, tab) == []
        tab.page.emulate_media(color_scheme="dark")
        wait_for_writing(tab, "light")
        assert violations(axe, tab, "color-contrast") == []  # all that another scheme changes
        tab.page.emulate_media(color_scheme="light")


def violations(axe: Any, tab: Tab, *rules: str) -> list[tuple[str, str, list[str]]]:
    """Returns what axe finds, by `rules` or by all of its own."""
    tab.settle()  # colours that fade in have less contrast until then
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = axe.run(tab.page, options=options).response["violations"]
    return [(rule["id"], rule["impact"], [node["html"][:160] for node in rule["nodes"][:3]]) for rule in found]


# ------------------------------------------------------------------------------------- notes that change, or are worse


def test_an_edit_on_disk_shows_on_the_page_and_a_rebuild_in_one_tab_serves_the_other(
    tab: Tab, visit: Visit, own: Served
) -> None:
    note = own.corpus / "茶.md"
    note.write_text("# 茶\n\n## 绿茶用多少度的水？\n\n用 80 度的水。\n", encoding="utf-8")
    tab.open("index")
    tab.page.click("#kd-rebuild")
    tab.wait_for_text("#kd-report", "+1 ~0 −0")
    tab.open("ask")
    tab.ask("绿茶用多少度的水？")
    assert "用 80 度的水。" in tab.text(".kd-answer")
    tab.wait_for_count("#kd-1-1 .kd-stale", 0)
    note.write_text("# 茶\n\n## 绿茶用多少度的水？\n\n用 85 度的水。\n", encoding="utf-8")
    tab.wait_for_texts("#kd-1-1 .kd-stale", ["原文已不在"])  # by itself
    other = visit(own.url)
    other.open("index")
    other.page.click("#kd-rebuild")
    tab.ask(WATER)  # while the other rebuilds
    assert "92 到 94 度" in tab.texts(".kd-answer")[-1]
    other.wait_for_text("#kd-report", "+0 ~1 −0")
    tab.ask("绿茶用多少度的水？")
    tab.wait_for_text("#kd-3-1 .kd-text", "用 85 度的水。")
    tab.wait_for_count("#kd-3-1 .kd-stale", 0)


def test_notes_that_are_gone_are_one_sentence_and_the_index_goes_on(tab: Tab, own: Served) -> None:
    own.corpus.rename(own.corpus.with_name("away"))
    tab.open("index")
    tab.page.click("#kd-rebuild")
    tab.wait_for_text("#kd-report", "重建没有完成，仍在使用原来的索引。笔记文件夹不存在")
    tab.open("ask")
    tab.ask(WATER)
    assert "92 到 94 度" in tab.text(".kd-answer")
    tab.wait_for_texts("#kd-1-1 .kd-stale", ["原文已不在"])


def test_hostile_notes_are_only_read(tab: Tab) -> None:
    answers = 0
    for number, fragment in enumerate(FRAGMENTS, 1):
        if number % 5 == 0:  # a short conversation is drawn at once
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
    tab.settle()
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
