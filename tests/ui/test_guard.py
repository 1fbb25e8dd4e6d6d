"""Calls that name files: Gradio would copy or fetch them, so they are refused before it sees them."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.serving.guard import NOT_PLAIN
from tests.ui.conftest import Served, start, stop

BASES = ("", "/en")
PATHS = [
    f"{base}/gradio_api/{call}" for base in BASES for call in ("run/predict", "queue/join", "call/ask", "call/v2/ask")
]
QUESTION = "手冲咖啡的水温应该是多少？"
JSON = "application/json"
WAIT = 60  # seconds; a server that reads from a pipe never answers


def post(served: Served, path: str, body: bytes) -> httpx.Response:
    return httpx.post(f"{served.url}{path}", content=body, headers={"Content-Type": JSON}, timeout=WAIT)


def refusals(served: Served, body: bytes, content_type: str = JSON) -> set[tuple[int, str]]:
    """Returns what all routes that take calls say to `body`."""
    headers = {"Content-Type": content_type}
    with httpx.Client(base_url=served.url, headers=headers, timeout=WAIT, verify=False) as client:
        answers = [client.post(path, content=body) for path in PATHS]
    return {(answer.status_code, answer.text) for answer in answers}


def kept(folder: Path) -> list[Path]:
    """Returns the files that Gradio has put into `folder`."""
    return [path for path in folder.rglob("*") if not path.is_dir()]


def file(path: object, **more: object) -> dict[str, object]:
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, **more}


def call(first: object, **more: object) -> bytes:
    """Returns a call of `/ask` on whatever route, or of the event that answers a question."""
    values = {"data": [first, ""], "question": first, "fn_index": 1, "session_hash": "guard", **more}
    return json.dumps(values).encode()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text("nobody's business", encoding="utf-8")
    return path


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        yield listening


def test_a_file_is_not_copied_wherever_a_call_names_it(served: Served, secret: Path) -> None:
    named = file(secret)
    bodies = [
        call(named), call([named]), call({"value": named}), call([[{"deep": [{"er": named}]}]]),
        call({"path": str(secret)}), call(file(secret, url="x")), call(file(secret, is_stream=True)),
        call("", event_data=named), call("", event_data=[named]), call("", request={"a": named}),
        json.dumps({"data": {"0": named}, "fn_index": 1}).encode(), json.dumps([named]).encode(),
    ]  # fmt: skip
    for body in bodies:
        assert refusals(served, body) == {(400, NOT_PLAIN)}
    assert kept(served.copies) == []


def test_a_file_in_odd_json_is_not_copied(served: Served, secret: Path) -> None:
    body = call(file(secret)).decode()
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in "path")
    bodies = [
        body.replace('"path"', f'"{escaped}"'), body.replace('"data"', '"d\\u0061ta"'),
        body[:-1] + ', "data": ["", ""], "question": ""}', body.replace('{"data"', '{"data": ["", ""], "data"'),
        body + " " * 9, "\ufeff" + body, body.replace('"meta"', '"path": 1, "path": "/dev/zero", "meta"'),
    ]  # fmt: skip
    for text in bodies:
        for encoding in ("utf-8", "utf-16"):
            assert refusals(served, text.encode(encoding)) == {(400, NOT_PLAIN)}
    assert kept(served.copies) == []


def test_a_pipe_does_not_stop_the_server(served: Served, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusals(served, call(file(tmp_path / "pipe"))) == {(400, NOT_PLAIN)}
    assert refusals(served, call(file("/dev/zero"))) == {(400, NOT_PLAIN)}
    assert httpx.get(f"{served.url}/config", timeout=WAIT).status_code == 200


def test_an_address_is_not_fetched(served: Served, listener: socket.socket) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.png"
    for named in (file(address), file("x.png", url=address), {"url": address}, [file(address)]):
        assert refusals(served, call(named)) == {(400, NOT_PLAIN)}
    with pytest.raises(BlockingIOError):  # nobody is waiting to be let in
        listener.accept()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"data", b"\xff\xfe\xff", b"\x80", b"[]", b"null", b'"data"', b"7", b"[" * 200_000,
        b'{"a":' * 200_000, b'{"data": [' + b"[" * 200_000, b'{"data": [[]]}', b'{"data": [{}]}', b'{"data": {}}',
        b'{"fn_index": []}', b'{"fn_index": ' + b"1" * 5000 + b"}",
    ],
    ids=range(17),
)  # fmt: skip
def test_what_is_no_plain_call_is_one_sentence(served: Served, body: bytes) -> None:
    assert refusals(served, body) == {(400, NOT_PLAIN)}


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"],
)
def test_a_call_that_is_not_said_to_be_json_is_refused(served: Served, content_type: str) -> None:
    assert refusals(served, call(QUESTION), content_type) == {(400, NOT_PLAIN)}


def test_a_form_with_a_file_is_refused(served: Served, secret: Path) -> None:
    for path in PATHS:
        answer = httpx.post(f"{served.url}{path}", files={"data": secret.read_bytes()}, timeout=WAIT)
        assert (answer.status_code, answer.text) == (400, NOT_PLAIN)
    assert kept(served.copies) == []


@pytest.mark.parametrize(("base", "sentence"), [("", "请输入问题"), ("/en", "Type a question")])
def test_plain_calls_are_answered(served: Served, base: str, sentence: str) -> None:
    api = f"{base}/gradio_api"
    assert sentence in post(served, f"{api}/run/predict", call("")).json()["data"][3]
    for path, body in (
        ("call/ask", b'{"data": ["\\u6c34", 1], "session_hash": null}'),
        ("call/v2/ask", b'{"question": "x", "k": 1}'),
        (
            "queue/join",
            b'{"data": ["x", 1], "fn_index": 0, "trigger_id": 1, "event_data": "", "session_hash": "p"}',
        ),
    ):
        assert post(served, f"{api}/{path}", body).json().keys() == {"event_id"}
    left = b'{"session_hash": "gone", "fn_index": 0, "event_id": "gone"}'
    assert post(served, f"{api}/cancel", left).json() == {"success": True}


def test_the_events_of_the_page_take_plain_values_only(served: Served) -> None:
    config: dict[str, Any] = httpx.get(f"{served.url}/config", timeout=WAIT).json()
    types = {component["id"]: component["type"] for component in config["components"]}
    used = {types[number] for event in config["dependencies"] for number in event["inputs"]}
    assert used == {"api", "checkbox", "dropdown", "textbox"}  # "api" is a parameter of /ask
    assert not any(component["props"].get("multiselect") for component in config["components"])


def test_gradio_itself_takes_no_file_either(secret: Path, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("# 甲\n\n## 乙是什么？\n\n乙是丙。\n", encoding="utf-8")
    unguarded = start(tmp_path / "corpus", tmp_path / "index", script="tests/ui/unguarded_page.py")
    answers = [post(unguarded, f"{base}/gradio_api/run/predict", call(file(secret))) for base in BASES]
    said = stop(unguarded)
    assert [answer.status_code for answer in answers] == [500, 500]
    assert said.count(f"Cannot move {secret} to the gradio cache dir because it was not uploaded by a user.") == 2
    assert kept(unguarded.copies) == []
