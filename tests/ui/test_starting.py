"""The page that waits, in a browser: it follows what it is told, and makes room for the real one by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from rag.serving import listener
from rag.serving.guard import Guard
from rag.serving.starting import Starting

SAID = "#said"


@contextlib.contextmanager
def served(subject: Starting) -> Iterator[str]:
    with listener.listen("127.0.0.1", 0) as connections, listener.Server(Guard(subject), connections).serving():
        yield listener.url(connections)


@pytest.fixture
def open_tab(browser: Any) -> Iterator[Any]:
    contexts: list[Any] = []

    def opening(url: str, locale: str) -> Any:
        contexts.append(browser.new_context(locale=locale))
        tab = contexts[-1].new_page()
        tab.goto(url)
        return tab

    yield opening
    for context in contexts:
        context.close()


def wait_for(tab: Any, selector: str, text: str) -> None:
    tab.locator(selector, has_text=text).wait_for(timeout=60_000)


@pytest.mark.parametrize(
    ("locale", "language", "title", "reading", "encoding"),
    [
        ("zh-CN", "zh-CN", "正在准备笔记", "正在读取笔记……", "正在编入索引：3 / 74 段"),
        ("en-US", "en", "Preparing your notes", "Reading the notes…", "Indexing: 3 of 74 passages"),
    ],
)
def test_it_says_how_far_it_is_and_then_is_the_page(
    open_tab: Any, locale: str, language: str, title: str, reading: str, encoding: str
) -> None:
    async def answer(request: Request) -> HTMLResponse:
        return HTMLResponse(f"<h2>the page, asked {request.url.query}</h2>")

    subject = Starting()
    with served(subject) as url:
        tab = open_tab(f"{url}/?q=fox", locale)
        wait_for(tab, "#title", title)
        assert tab.evaluate("document.documentElement.lang") == language
        subject.step("reading")
        wait_for(tab, SAID, reading)
        assert tab.evaluate("document.getElementById('bar').hasAttribute('value')") is False
        subject.advance(3, 74)
        wait_for(tab, SAID, encoding)
        assert tab.evaluate("[bar.value, bar.max]") == [3, 74]
        subject.hand_over(Starlette(routes=[Route("/", answer)]))
        wait_for(tab, "h2", "the page, asked q=fox")


def test_it_says_why_there_is_no_page(open_tab: Any) -> None:
    subject = Starting()
    with served(subject) as url:
        tab = open_tab(url, "en-US")
        wait_for(tab, "#title", "Preparing your notes")
        subject.fail("no notes with text in <b>x</b>: put some there")
        wait_for(tab, "#title", "Your notes could not be prepared")
        assert tab.locator(SAID).inner_text() == "no notes with text in <b>x</b>: put some there"


def test_it_says_that_the_program_has_ended(open_tab: Any) -> None:
    with served(Starting()) as url:
        tab = open_tab(url, "en-US")
        wait_for(tab, "#title", "Preparing your notes")
    wait_for(tab, SAID, "The program has ended; the terminal says why.")
