"""What stands at the address before the page does, asked over real connections."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from rag.serving import listener, starting
from rag.serving.guard import HEADERS, Guard
from rag.serving.starting import ROUTE, Starting
from tests.process import SECONDS


@contextlib.contextmanager
def served(subject: Starting) -> Iterator[httpx.Client]:
    with listener.listen("127.0.0.1", 0) as connections:
        server = listener.Server(Guard(subject), connections)
        with server.serving(), httpx.Client(base_url=listener.url(connections), timeout=SECONDS) as client:
            yield client


def page(events: list[str], error: Exception | None = None) -> Starlette:
    """Returns a page that writes down when its life begins and ends."""

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        if error:
            raise error
        events.append("begins")
        yield
        events.append("ends")

    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"the page at {request.url.path}")

    return Starlette(routes=[Route("/", answer), Route("/config", answer)], lifespan=life)


def test_a_browser_sees_a_page_and_a_program_is_told_to_come_back() -> None:
    with served(Starting()) as client:
        for path in ("/", "/en", "/en/", "/?q=x"):
            response = client.get(path)
            assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
            assert "正在准备笔记" in response.text and "Preparing your notes" in response.text
        for path in ("/config", "/kuaida/state", "/gradio_api/info"):
            response = client.get(path)
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert response.json() == {"detail": "the page is starting"}


def test_the_guard_stands_before_both() -> None:
    subject = Starting()
    with served(subject) as client:
        for _ in range(2):
            assert client.get("/", headers={"host": "evil.test"}).status_code == 400
            assert client.get("/", headers={"origin": "http://evil.test"}).status_code == 403
            assert client.get("/elsewhere").status_code == 404
            response = client.get("/")
            assert {name: response.headers[name] for name in HEADERS} == HEADERS
            if subject._page is None:
                subject.hand_over(page([]))


def test_it_tells_how_far_it_is() -> None:
    subject = Starting()
    told = {"state": "starting", "step": "loading", "done": 0, "total": 0, "message": ""}
    with served(subject) as client:
        assert client.get(ROUTE).json() == told
        subject.step("reading")
        assert client.get(ROUTE).json() == {**told, "step": "reading"}
        subject.advance(3, 74)
        assert client.get(ROUTE).json() == {**told, "step": "encoding", "done": 3, "total": 74}
        subject.step("opening")
        assert client.get(ROUTE).json() == {**told, "step": "opening"}
        subject.hand_over(page([]))
        assert client.get(ROUTE).json() == {**told, "step": "opening", "state": "ready"}


def test_the_page_lives_from_the_handing_over_to_the_end() -> None:
    subject, events = Starting(), []
    with served(subject) as client:
        assert events == []
        subject.hand_over(page(events))
        assert events == ["begins"]
        assert client.get("/").text == "the page at /"
        assert client.get("/config").text == "the page at /config"
    assert events == ["begins", "ends"]


def test_a_page_that_does_not_begin_is_an_error_of_who_hands_it_over() -> None:
    subject = Starting()
    with served(subject) as client:
        with pytest.raises(ValueError, match="no life"):
            subject.hand_over(page([], ValueError("no life")))
        assert client.get(ROUTE).json()["state"] == "starting"


def failing(subject: Starting, is_awaited: bool = False) -> threading.Thread:
    thread = threading.Thread(target=subject.fail, args=("no notes", is_awaited), daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("path", ["/", ROUTE])
def test_who_waits_is_told_why_there_will_be_no_page(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(starting, "TELL_SECONDS", None)  # for ever
    subject = Starting()
    with served(subject) as client:
        client.get(path)
        thread = failing(subject)
        while (told := client.get(ROUTE).json())["state"] != "failed":
            pass
        assert told["message"] == "no notes"
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_a_browser_that_was_opened_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "TELL_SECONDS", None)
    subject = Starting()
    with served(subject) as client:
        thread = failing(subject, is_awaited=True)
        assert client.get("/").status_code == 200
        assert thread.is_alive()
        while client.get(ROUTE).json()["state"] != "failed":
            pass
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_where_nobody_waits_it_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "TELL_SECONDS", None)
    subject = Starting()
    with served(subject):
        thread = failing(subject)
        thread.join(SECONDS)
        assert not thread.is_alive()
