"""The page in a real browser: ask, follow a citation, rebuild; and notes that would like to do more than be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.ui.conftest import COFFEE, Served, hostile_question
from tests.ui.hostile import FRAGMENTS

WAIT = 20_000  # milliseconds; the machine may be busy


class Tab:
    """A page in the browser, and what it tried to do."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.hosts: set[str] = set()
        self.problems: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.goto(url)
        page.wait_for_selector("#kd-question textarea")
        page.wait_for_selector("#kd-chat .example")

    def ask(self, question: str) -> None:
        self.page.fill("#kd-question textarea", question)
        self.page.press("#kd-question textarea", "Enter")
        self.page.wait_for_function(
            """question => document.querySelector('#kd-question textarea').value === ''
                && [...document.querySelectorAll('.kd-question')].at(-1)?.textContent === question""",
            arg=question,
        )

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.evaluate("element => element.textContent"))

    def rebuild(self) -> str:
        self.page.click("#kd-rebuild")
        self.page.wait_for_selector("#kd-report .kd-report")
        return self.text("#kd-report .kd-report > p")


@pytest.fixture
def tab(browser: Any, served: Served) -> Iterator[Tab]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    opened = Tab(context.new_page(), served.url)
    yield opened
    context.close()
    assert opened.problems == []
    assert opened.hosts <= {urlsplit(served.url).netloc, ""}  # "" is data:


def test_ask_and_follow_the_citation(tab: Tab) -> None:
    tab.ask("手冲咖啡的水温应该是多少？")
    assert tab.text(".kd-question") == "手冲咖啡的水温应该是多少？"
    assert tab.page.locator(".kd-answer strong").first.inner_text() == "92 到 94 度"
    assert tab.page.locator(".kd-answer td").all_inner_texts() == ["浅烘", "94"]
    assert tab.page.locator(".kd-answer .katex").count() == 1
    assert tab.page.locator("a.kd-chip").all_inner_texts() == ["1"]  # the [1] of the note itself stays text
    card = tab.page.locator("#kd-1-1")
    assert card.locator(".kd-source").inner_text() == "饮料/咖啡.md:1–9"
    assert card.locator(".kd-trail bdi").all_inner_texts() == ["咖啡", "手冲咖啡的水温应该是多少？"]
    assert tab.text("#kd-1-1 .kd-text") == "\n".join(COFFEE.split("\n")[:9])
    assert tab.text("#kd-1-1 mark") in COFFEE
    assert card.locator(".kd-stale").count() == 0

    tab.ask("磨豆机怎么清洗？")
    assert "brush --dry  # 不用水" in tab.text(".kd-answer pre")
    assert not card.is_visible()  # folded among the earlier questions
    tab.page.locator("a.kd-chip").first.click()
    tab.page.wait_for_url("**/#kd-1-1")
    assert card.is_visible()
    assert tab.page.evaluate("document.querySelector('#kd-1-1').matches(':target')")

    tab.page.click("#kd-clear")
    tab.page.wait_for_selector("#kd-chat .example")
    assert tab.page.locator(".kd-card").count() == 0


def test_an_example_question_is_asked_by_a_click(tab: Tab) -> None:
    example = tab.page.locator("#kd-chat .example").last
    question = example.inner_text()
    example.click()
    tab.page.wait_for_selector(".kd-answer")
    assert tab.text(".kd-question") == question


def test_what_cannot_be_asked_is_one_sentence_and_stays_in_the_box(tab: Tab) -> None:
    tab.page.click("#kd-send")
    tab.page.wait_for_selector(".kd-notice")
    assert tab.text(".kd-notice") == "请输入问题"
    tab.page.fill("#kd-question textarea", "长" * 4001)
    tab.page.press("#kd-question textarea", "Enter")
    tab.page.wait_for_function("() => document.querySelector('.kd-notice').textContent.includes('太长')")
    assert tab.text(".kd-notice") == "问题太长了，请缩短到 4000 字以内再问。"
    assert len(tab.page.input_value("#kd-question textarea")) == 4001
    assert tab.page.locator(".kd-answer").count() == 0
    tab.ask("手冲咖啡的水温应该是多少？")  # and the chat goes on
    assert tab.page.locator(".kd-notice").count() == 0


def test_what_is_not_in_the_notes_is_said(tab: Tab) -> None:
    tab.ask("How long is the Great Wall?")
    assert tab.text(".kd-missed strong") == "笔记里没有找到答案"
    assert tab.page.locator(".kd-nearest li").count() == 5
    assert tab.page.locator(".kd-near[open] .kd-card").count() == 5


def test_edit_rebuild_ask_again(tab: Tab, browser: Any, served: Served) -> None:
    note = served.corpus / "茶.md"
    note.write_text("# 茶\n\n## 绿茶用多少度的水？\n\n用 80 度的水。\n", encoding="utf-8")
    report = tab.rebuild()
    assert report.startswith(f"{len(FRAGMENTS) + 2} 篇笔记，{len(FRAGMENTS) + 3} 个段落（+1 ~0 −0），用时 ")
    assert tab.text("#kd-report li") == "photo.jpg不是笔记格式"
    tab.ask("绿茶用多少度的水？")
    assert "用 80 度的水。" in tab.text(".kd-answer")
    assert tab.page.locator("#kd-1-1 .kd-stale").count() == 0

    note.write_text("# 茶\n\n## 绿茶用多少度的水？\n\n用 85 度的水。\n", encoding="utf-8")
    other = Tab(browser.new_page(), served.url)
    other.ask("绿茶用多少度的水？")
    assert other.text("#kd-1-1 .kd-stale") == "笔记已改动"
    tab.page.click("#kd-rebuild")
    tab.page.wait_for_function(
        "() => document.querySelector('#kd-report .kd-report')?.textContent.includes('+0 ~1 −0')"
    )
    other.ask("绿茶用多少度的水？")  # the other tab is on the new generation, too
    assert "用 85 度的水。" in other.text("#kd-2-1 .kd-text")
    assert other.page.locator("#kd-2-1 .kd-stale").count() == 0
    other.page.close()
    note.unlink()
    tab.page.click("#kd-rebuild")
    tab.page.wait_for_function(
        "() => document.querySelector('#kd-report .kd-report')?.textContent.includes('+0 ~0 −1')"
    )


def test_a_rebuild_that_cannot_be_done_is_one_sentence(tab: Tab, served: Served) -> None:
    away = served.corpus.with_name("away")
    served.corpus.rename(away)
    try:
        tab.page.click("#kd-rebuild")
        tab.page.wait_for_selector("#kd-report .kd-notice")
        assert tab.text("#kd-report .kd-notice").startswith("重建没有完成，仍在使用原来的索引。笔记文件夹不存在")
        tab.ask("手冲咖啡的水温应该是多少？")
        assert "92 到 94 度" in tab.text(".kd-answer")
    finally:
        away.rename(served.corpus)


def test_hostile_notes_are_only_read(tab: Tab) -> None:
    answers = 0
    for number, fragment in enumerate(FRAGMENTS, 1):
        tab.ask(hostile_question(number))
        shown = tab.page.locator(
            ".kd-evidence > .kd-card .kd-text, .kd-evidence > .kd-near .kd-text"
        ).all_text_contents()
        assert any(fragment in text for text in shown), fragment
        answers += "kd-missed" not in str(tab.page.locator(".kd-answer").last.get_attribute("class"))
    assert answers > len(FRAGMENTS) / 2  # so that the rendered answer was put to the test, too
    tab.page.wait_for_timeout(500)
    assert tab.page.evaluate("window.hacked") is None
    assert urlsplit(tab.page.url).path == "/"
    for area in ("#kd-chat .message-wrap", "#kd-evidence .prose"):
        found = tab.page.locator(area).evaluate_all(
            """areas => areas.flatMap(area => [...area.querySelectorAll('*')]).filter(element =>
                ['IMG', 'SCRIPT', 'IFRAME', 'FORM', 'INPUT', 'STYLE', 'LINK', 'META', 'BASE', 'OBJECT', 'EMBED',
                 'VIDEO', 'AUDIO', 'TEMPLATE'].includes(element.tagName.toUpperCase())
                || element.getAttributeNames().some(name => name.startsWith('on') || name === 'src')
                || (element.hasAttribute('href') && !element.getAttribute('href').startsWith('#kd-'))
                || ['fixed', 'sticky'].includes(getComputedStyle(element).position)
            ).map(element => element.outerHTML)"""
        )
        assert found == []


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_nothing_is_wider_than_the_window(browser: Any, served: Served, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    tab = Tab(page, served.url)
    tab.ask("手冲咖啡的水温应该是多少？")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
