"""What the server refuses, asked over real connections."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from rag.serving.guard import HEADERS, MAX_BODY_BYTES, ROUTES, is_loopback
from tests.ui.conftest import Served


def ask(
    served: Served, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def status(served: Served, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> int:
    return ask(served, method, path, headers, body or None).status


def test_the_page_comes_with_its_headers(served: Served) -> None:
    response = ask(served, "GET", "/")
    assert response.status == 200
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert response.headers["server"] is None
    assert "default-src 'self'" in HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:7860", "127.0.0.1.evil.test", "localhost@evil.test", "", "[", "10.0.0.1"]
)
def test_a_foreign_host_is_refused(served: Served, host: str) -> None:
    assert status(served, "GET", "/config", {"Host": host}) == 400


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "[::1]", "127.0.0.1"])
def test_loopback_names_are_served(served: Served, name: str) -> None:
    assert status(served, "GET", "/config", {"Host": f"{name}:{urlsplit(served.url).port}"}) == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "http://127.0.0.1:1", "https://localhost", "file://", ""]
)
def test_a_foreign_origin_is_refused(served: Served, origin: str) -> None:
    headers = {"Origin": origin, "Content-Type": "application/json"}
    assert status(served, "POST", "/gradio_api/call/ask", headers, b'{"data": ["x", 5]}') == 403


def test_the_own_origin_is_served(served: Served) -> None:
    headers = {"Origin": served.url, "Content-Type": "application/json"}
    assert status(served, "POST", "/gradio_api/call/ask", headers, b'{"data": ["x", 5]}') == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_cannot_embed_it(served: Served, site: str) -> None:
    assert status(served, "GET", "/config", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}) == 403
    assert status(served, "GET", "/", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/upload", "/gradio_api/upload/", "//gradio_api/upload", "/gradio_api/%75pload", "/upload",
        "/monitoring", "/monitoring/summary", "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=http://evil.test/", "/gradio_api/process_recording", "/gradio_api/vibe-edit",
        "/gradio_api/vibe-code", "/gradio_api/run/ask", "/gradio_api/call/rebuild", "/gradio_api/call/submit",
        "/gradio_api/component_server", "/gradio_api/deep_link", "/gradio_api/runs", "/login", "/docs", "/openapi.json",
    ],
)  # fmt: skip
def test_routes_that_the_page_does_not_need_are_not_there(served: Served, path: str) -> None:
    assert status(served, "GET", path) == 404
    assert status(served, "POST", path, {"Content-Type": "application/json"}, b"{}") == 404


def test_path_traversal_finds_nothing(served: Served) -> None:
    for path in ("/assets/../../../../etc/passwd", "/static/..%2f..%2f..%2fetc/passwd", "/assets//etc/passwd"):
        assert status(served, "GET", path) in (403, 404)


def test_the_scripts_of_the_page_and_nothing_else_are_served_as_files(served: Served) -> None:
    assert status(served, "GET", "/kuaida/assets/page.js") == 200
    assert status(served, "GET", "/en/kuaida/assets/page.js") == 200
    assert status(served, "GET", "/en/kuaida/assets/ask/conversation.js") == 200
    for path in ("/kuaida/assets/", "/kuaida/assets/../page.py", "/kuaida/assets/..%2fpage.py", "/kuaida/corpus"):
        assert status(served, "GET", path) == 404


def test_a_large_body_is_refused(served: Served) -> None:
    headers = {"Content-Type": "application/json"}
    assert status(served, "POST", "/gradio_api/call/ask", headers, b"x" * (MAX_BODY_BYTES + 1)) == 413


def test_a_large_body_of_unknown_length_is_refused(served: Served) -> None:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
    chunks = (b"x" * 100_000 for _ in range(MAX_BODY_BYTES // 100_000 + 1))
    connection.request(
        "POST", "/gradio_api/call/ask", chunks, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert connection.getresponse().status == 413
    connection.close()


def test_the_routes_of_the_page_are_there() -> None:
    for path in ("/", "/config", "/theme.css", "/assets/a.js", "/gradio_api/queue/join", "/gradio_api/call/ask/0af3"):
        assert ROUTES.fullmatch(path)
        assert ROUTES.fullmatch(f"/en{path}")
    assert ROUTES.fullmatch("/kuaida/assets/page.js")
    assert not ROUTES.fullmatch("/fr/")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.2", False), ("evil.test", False), ("", False)],
)  # fmt: skip
def test_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
